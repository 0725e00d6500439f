import { systemdUnit } from '../../../shared/domain/systemd-unit.ts';
import { sh } from '../../ssh/shell.ts';
import { keptBy } from '../layout.ts';
import { binaryPath, type Step, type Work } from '../step.ts';

/** The systemd unit, as closed as parleyd lets it be. */
export function unit(work: Work): Step {
  const { unit: name, unitFile: path } = work.layout;
  const text = unitText(work);
  const before = keptBy(work.layout, work.runId, 'unit');
  return {
    id: 'unit',
    title: 'Write the systemd unit',
    detail: `${name} starts parleyd with the host, restarts it when it fails, and shuts it off from the rest of the system.`,
    touches: [path],
    undoes: `Remove ${name}, or put back the one that was there before.`,
    after: [],
    check: sh`[ "$(cat ${path} 2>/dev/null)" = ${text.trimEnd()} ]`,
    apply: [
      {
        kind: 'run',
        command: sh`if [ -e ${path} ]; then cp -p ${path} ${before} || exit 1; fi
cat > ${`${path}.part`} && chmod 0644 ${`${path}.part`} && mv -f ${`${path}.part`} ${path} && systemctl daemon-reload`,
        stdin: text,
      },
    ],
    undo: sh`rm -f ${`${path}.part`}
if [ ! -e ${before} ]; then rm -f ${path} && systemctl daemon-reload; exit; fi
mv -f ${before} ${path} && systemctl daemon-reload && systemctl try-restart ${name}`,
  };
}

export function unitText(work: Work): string {
  const { user, data } = work.layout;
  return systemdUnit({
    comment: 'Written by Parley. It is replaced when parleyd is upgraded; put changes of your own into a drop-in.',
    description: `Parley XMPP server for ${work.domain}`,
    documentation: `file:${data}/parleyd.toml`,
    exec: `${binaryPath(work)} run --data ${data}`,
    user: String(user),
    folder: data,
    privileged: Math.min(work.ports.c2s, work.ports.c2sTls ?? 65535) < 1024,
  });
}
