import { sh } from '../../ssh/shell.ts';
import { binaryPath, type Step, type Work } from '../step.ts';
import { parleyd } from './as-user.ts';

/** Sends a node's people to the other nodes before it stops. It is told what is left; a node that is stopped has nobody. */
export function drain(work: Work, wait: number): Step {
  const { data, unit } = work.layout;
  const ask = parleyd(work, binaryPath(work), ['cluster', 'drain', '--wait', String(wait), '--data', data]);
  return {
    id: 'drain',
    title: 'Send its people to the other nodes',
    detail: `100 sessions a second at most; it lets nobody in any more, and waits up to ${wait} s for the last to go.`,
    touches: [],
    undoes: 'Nothing: who has gone elsewhere stays there.',
    after: [],
    check: sh`exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`systemctl is-active --quiet ${unit} || { echo 'It does not run, so nobody is there.'; exit 0; }
${ask}`,
        tells: true,
      },
    ],
    undo: null,
  };
}
