import { sh } from '../../ssh/shell.ts';
import type { Action, NatsWork, Step, Work } from '../step.ts';
import { install, uninstall } from './package.ts';

const OWN = 'nats-server.service';
const MASK = `/etc/systemd/system/${OWN}`;

function natsPackage(work: Work): Step {
  return {
    id: 'nats-package',
    title: 'Install NATS',
    detail: `The distribution's own package, by apt-get. Its own service (${OWN}) stays off, should it be new: the domain gets one for itself.`,
    touches: ['package nats-server'],
    undoes: 'Remove the package, unless another service uses it.',
    after: [],
    check: sh`[ -x /usr/sbin/nats-server ] && getent passwd nats >/dev/null || exit 1`,
    apply: [
      {
        kind: 'run',
        // Masked before it is there, so that it never starts: it would take the port.
        command: install(
          work,
          'nats',
          ['nats-server'],
          sh`[ -e ${MASK} ] || ln -s /dev/null ${MASK}`,
          sh`if [ -L ${MASK} ]; then rm -f ${MASK}; fi
systemctl disable --quiet ${OWN} 2>/dev/null
systemctl daemon-reload`,
        ),
      },
    ],
    undo: uninstall(
      work,
      'nats',
      sh`ls /etc/systemd/system/parley-nats-*.service >/dev/null 2>&1 || systemctl is-active --quiet ${OWN}`,
      sh`systemctl daemon-reload`,
    ),
  };
}

function nats(work: Work, it: NatsWork): Step {
  const { unit, folder } = it;
  const file = `/etc/systemd/system/${unit}`;
  const put = (name: string, stdin: Extract<Action, { kind: 'run' }>['stdin']): Action => {
    const path = `${folder}/${name}`;
    return {
      kind: 'run',
      command: sh`umask 077; cat > ${`${path}.part`} && chown root:nats ${`${path}.part`} && chmod 0640 ${`${path}.part`} && mv -f ${`${path}.part`} ${path}`,
      ...(stdin === undefined ? {} : { stdin }),
    };
  };
  return {
    id: 'nats',
    title: `Set up NATS for ${work.domain}`,
    detail: `A server between the domain's nodes on port ${it.ports[0]}${it.ports[1] === undefined ? '' : `, and ${it.ports[1]} to the two other servers`}: with TLS, and one user whose password Parley makes.`,
    touches: [folder, file],
    undoes: `Stop ${unit} and remove it.`,
    after: ['nats-package'],
    check: sh`[ "$(cat ${folder}/mark 2>/dev/null)" = ${it.mark} ] && [ "$(cat ${file} 2>/dev/null)" = ${it.unitText.trimEnd()} ] && systemctl is-enabled --quiet ${unit} 2>/dev/null && systemctl is-active --quiet ${unit} || exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`mkdir -p -m 0755 /etc/parley ${parentOf(folder)} && install -d -m 0750 -o root -g nats ${folder} && rm -f ${folder}/mark`,
      },
      put('server.key', it.key),
      put('server.crt', it.certificate),
      put('ca.crt', it.authority),
      put('nats.conf', it.conf),
      {
        kind: 'run',
        command: sh`cat > ${`${file}.part`} && chmod 0644 ${`${file}.part`} && mv -f ${`${file}.part`} ${file} && systemctl daemon-reload && systemctl enable --quiet ${unit} && systemctl restart ${unit} || exit 1
for try in $(seq 1 40); do ss -Hltn sport = :${it.ports[0] ?? 0} | grep -q . && exit 0; sleep 0.25; done
journalctl --unit ${unit} --lines 12 --no-pager --output cat >&2
exit 1`,
        stdin: it.unitText,
      },
      { kind: 'run', command: sh`echo ${it.mark} > ${folder}/mark` },
    ],
    undo: sh`if [ -e ${file} ]; then systemctl disable --quiet --now ${unit}; rm -f ${file}; systemctl daemon-reload; fi
rm -rf ${folder}
for dir in ${[parentOf(folder), '/etc/parley']}; do if [ -d "$dir" ]; then rmdir --ignore-fail-on-non-empty "$dir"; fi; done`,
  };
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** NATS's part on a host that carries a server. */
export const natsSteps = (work: Work): Step[] => {
  const it = work.cluster?.nats;
  return it ? [natsPackage(work), nats(work, it)] : [];
};
