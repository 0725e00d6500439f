import { sh } from '../../ssh/shell.ts';
import { binaryPath, type Step, type Work } from '../step.ts';
import { parleyd } from './as-user.ts';

/** Takes a node back that was drained, or is being. One that was stopped since is started, which does the same. */
export function undrain(work: Work): Step {
  const { data, unit } = work.layout;
  const ask = parleyd(work, binaryPath(work), ['cluster', 'undrain', '--data', data]);
  return {
    id: 'undrain',
    title: 'Take people in again',
    detail: `Nobody more is sent away, and it listens again where it did; if it was stopped, ${unit} is started. Who has gone elsewhere stays there.`,
    touches: [],
    undoes: 'Nothing: draining it again does that.',
    after: [],
    check: sh`exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`systemctl is-active --quiet ${unit} || { systemctl start ${unit} && echo 'It did not run, and was started.'; exit; }
${ask}`,
        tells: true,
      },
    ],
    undo: null,
  };
}
