import { type Command, sh } from '../../ssh/shell.ts';
import { keptBy } from '../layout.ts';
import { binaryPath, type Step, type Work } from '../step.ts';

/** parleyd runs, and will after the next boot where there is a systemd. */
export function start(work: Work): Step {
  const child = work.layout.manager === 'child';
  return {
    id: 'start',
    title: `Start ${work.domain}`,
    detail: child
      ? 'parleyd runs in the background until it is stopped or this computer is switched off.'
      : 'systemd starts parleyd now and at each boot, and says when it is ready.',
    touches: [child ? `${work.layout.data}/parleyd.log` : work.layout.unit],
    undoes: `Stop ${work.domain}, unless it ran before.`,
    after: ['binary', 'cluster-files', 'configuration', 'certificate', 'unit'],
    ...(child ? asChild(work) : bySystemd(work)),
  };
}

type How = Pick<Step, 'check' | 'apply' | 'undo'>;

function bySystemd({ layout, runId }: Work): How {
  const { unit } = layout;
  // A domain that ran before this run runs on when the run is taken back.
  const ran = keptBy(layout, runId, 'ran');
  return {
    // systemctl has codes of its own for what is not running
    check: sh`systemctl is-enabled --quiet ${unit} 2>/dev/null && systemctl is-active --quiet ${unit} || exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`if systemctl is-active --quiet ${unit}; then : > ${ran} || exit 1; fi
systemctl reset-failed ${unit} 2>/dev/null
if systemctl enable --quiet ${unit} && systemctl restart ${unit}; then exit 0; fi
journalctl --unit ${unit} --lines 12 --no-pager --output cat >&2
exit 1`,
      },
    ],
    undo: sh`if [ -e ${ran} ]; then rm -f ${ran}; exit; fi
if systemctl cat ${unit} >/dev/null 2>&1; then systemctl disable --quiet --now ${unit} || exit 1; fi
systemctl reset-failed ${unit} 2>/dev/null || true`,
  };
}

/** A process that outlives the shell that began it. Its number is only believed while it is still parleyd. */
function asChild(work: Work): How {
  const { data, adminSocket } = work.layout;
  const [pid, log] = [`${data}/parleyd.pid`, `${data}/parleyd.log`];
  const alive: Command = sh`[ -s ${pid} ] && ps -p "$(cat ${pid})" -o args= | grep -qF ${`run --data ${data}`}`;
  const stop = sh`if ${alive}; then
kill "$(cat ${pid})"
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ${alive} || break; sleep 0.2; done
fi`;
  return {
    check: sh`${alive} && [ -S ${adminSocket} ]`,
    apply: [
      {
        kind: 'run',
        command: sh`${stop}
rm -f ${adminSocket}
nohup setsid ${binaryPath(work)} run --data ${data} >> ${log} 2>&1 < /dev/null &
echo $! > ${pid}
for try in $(seq 1 100); do [ -S ${adminSocket} ] && exit 0; ${alive} || break; sleep 0.1; done
tail -n 12 ${log} >&2
exit 1`,
      },
    ],
    undo: sh`${stop}
rm -f ${pid} ${log}`,
  };
}
