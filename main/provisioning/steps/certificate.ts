import { all, type Command, sh } from '../../ssh/shell.ts';
import { type Action, binaryPath, type Step, type Work } from '../step.ts';
import { parleyd } from './as-user.ts';

/** The certificate clients see: one that was given, or the one parleyd makes for itself. */
export function certificate(work: Work): Step {
  const { data } = work.layout;
  const before = `before-${work.runId}`;
  const [cert, key] = [`${data}/cert.pem`, `${data}/key.pem`];
  const given = work.certificate;
  return {
    id: 'certificate',
    title: given ? 'Put the certificate in place' : 'See to the certificate',
    detail: given
      ? `${work.cluster ? 'One certificate for all nodes; it' : 'Your certificate'} and its key travel over the SSH connection; only parleyd can read the key.`
      : 'Self-signed: clients will ask their users to accept its fingerprint once.',
    touches: [cert, key],
    undoes: given ? 'Put back the certificate that was there before.' : 'Remove the certificate.',
    after: [],
    check: given
      ? sh`[ -s ${key} ] && [ "$(sha256sum < ${cert} | cut -c1-64)" = ${given.sha256} ]`
      : sh`[ -s ${key} ] && [ -s ${cert} ]`,
    apply: given ? place(given, cert, key, work) : [selfSigned(work, cert, key)],
    undo: given
      ? sh`for file in ${[key, cert]}; do if [ -e "$file".${before} ]; then mv -f "$file".${before} "$file" || exit 1; fi; done
${reload(work)}`
      : sh`rm -f ${cert} ${key}`,
  };
}

function place(given: NonNullable<Work['certificate']>, cert: string, key: string, { layout, runId }: Work): Action[] {
  const { user } = layout;
  const own = (file: string) => (user === null ? sh`:` : sh`chown ${user}: ${file}`);
  const keep = (file: string) => sh`if [ -e ${file} ]; then cp -p ${file} ${`${file}.before-${runId}`}; fi`;
  const write = (file: string, mode: string) =>
    all(sh`umask 077`, sh`cat > ${`${file}.part`}`, own(`${file}.part`), sh`chmod ${mode} ${`${file}.part`}`);
  return [
    { kind: 'run', command: all(keep(key), write(key, '0600')), stdin: given.key },
    { kind: 'run', command: all(keep(cert), write(cert, '0644')), stdin: given.pem },
    { kind: 'run', command: sh`mv -f ${`${key}.part`} ${key} && mv -f ${`${cert}.part`} ${cert}` },
  ];
}

/** parleyd reads the certificate again when it is told to. */
const reload = ({ layout }: Work): Command =>
  layout.manager === 'systemd'
    ? sh`if systemctl is-active --quiet ${layout.unit}; then systemctl reload ${layout.unit}; fi`
    : sh`if [ -s ${layout.data}/parleyd.pid ]; then kill -HUP "$(cat ${layout.data}/parleyd.pid)" 2>/dev/null || true; fi`;

/** A node beside the real one lends its certificate: parleyd makes one only together with a folder. */
function selfSigned(work: Work, cert: string, key: string): Action {
  const spare = `${work.layout.data}/.certificate`;
  const init = parleyd(work, binaryPath(work), ['init', '--domain', work.domain, '--data', spare]);
  return {
    kind: 'run',
    command: all(
      sh`rm -rf ${spare}`,
      init,
      sh`mv -f ${spare}/key.pem ${key}`,
      sh`mv -f ${spare}/cert.pem ${cert}`,
      sh`rm -rf ${spare}`,
    ),
  };
}
