import { sh } from '../../ssh/shell.ts';
import { binaryPath, type Step, type Work } from '../step.ts';
import { parleyd } from './as-user.ts';

/** `parleyd init`: it writes parleyd.toml last, so a folder that has one is whole. */
export function configuration(work: Work): Step {
  const { data } = work.layout;
  const file = `${data}/parleyd.toml`;
  const settings = Object.entries(work.settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const words = ['init', '--domain', work.domain, '--data', data, ...settings, ...(work.cluster?.init ?? [])];
  const keeps = work.cluster
    ? "parleyd writes its configuration; the first node makes the tables in the domain's database."
    : 'parleyd writes its configuration, an empty database and a certificate of its own.';
  return {
    id: 'configuration',
    title: `Set up ${work.domain}`,
    detail: `${keeps} ${portsInWords(work)}`,
    touches: [file, ...(work.cluster ? [] : [`${data}/parley.db`]), `${data}/cert.pem`, `${data}/key.pem`],
    undoes: 'Remove configuration, certificate and database.',
    after: [],
    check: sh`[ -f ${file} ]`,
    apply: [{ kind: 'run', command: parleyd(work, binaryPath(work), words) }],
    undo: sh`rm -f ${file} ${data}/parley.db* ${data}/cert.pem ${data}/key.pem`,
  };
}

const portsInWords = ({ ports }: Work): string =>
  `Clients will connect to port ${ports.c2s} (STARTTLS)${ports.c2sTls === null ? '' : ` and ${ports.c2sTls} (direct TLS)`}.`;
