import { type Copies, keepFiles, settingsOf } from './kept-files.ts';
import { usage } from './options.ts';

/** How the NATS servers of a domain's nodes are given on a command line. A password is never: other users see what stands there. */
export const NATS_OPTIONS = {
  cluster: { type: 'string', multiple: true },
  'cluster-password-file': { type: 'string' },
  'cluster-ca': { type: 'string' },
} as const;

export const natsHelp = `  --cluster URL     make it one of several nodes of the domain, with NATS between them: tls://user@host:4222; several
                    servers of one NATS cluster by commas, or by giving it again. Needs --storage: they share a database
  --cluster-password-file FILE   its first line is the password for NATS
  --cluster-ca FILE              who may sign the certificates of NATS, PEM; or off
`;

export interface NatsGiven {
  readonly cluster?: readonly string[] | undefined;
  readonly 'cluster-password-file'?: string | undefined;
  readonly 'cluster-ca'?: string | undefined;
}

const COPIES: Copies = [
  ['cluster.password_file', 'cluster-password-file', 'cluster.password'],
  ['cluster.ca', 'cluster-ca', 'cluster-ca.pem'],
];

/** The settings that make a node one of several. @throws ParleyError `usage` without a database that they share */
export function natsSettings(
  options: NatsGiven,
  storage: string | undefined,
  absolute: (file: string) => string,
): Map<string, unknown> {
  const servers = (options.cluster ?? []).flatMap((text) => text.split(/[\s,]+/)).filter((it) => it !== '');
  const files = COPIES.find(([, option]) => options[option as keyof NatsGiven] !== undefined);
  if (servers.length === 0) {
    if (files === undefined) return new Map();
    throw usage(`--${files[1]} is for --cluster, which is missing.`, 'Add --cluster tls://user@host:4222.');
  }
  if (storage === undefined)
    throw usage(
      '--cluster goes with --storage: the nodes of a domain share one database.',
      'Add --storage postgres://user@host:5432/database, the same for all nodes; without --cluster one node keeps a file.',
    );
  return new Map<string, unknown>([['cluster.nats', servers], ...settingsOf(COPIES, { ...options }, absolute)]);
}

export const keepNatsFiles = (settings: ReadonlyMap<string, unknown>, folder: string): Map<string, unknown> =>
  keepFiles(COPIES, settings, folder);
