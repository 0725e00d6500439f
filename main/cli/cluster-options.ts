import { resolve } from 'node:path';
import type { ClusterSpec } from '../../shared/console-api/provisioning.ts';
import type { Engine } from '../engine.ts';
import { findHost } from './host.ts';
import { usage } from './options.ts';

/** How PostgreSQL and NATS of several hosts are asked for. Passwords are never: other users see what stands there. */
export const CLUSTER_OPTIONS = {
  host: { type: 'string', multiple: true },
  postgres: { type: 'string' },
  'postgres-password-file': { type: 'string' },
  'postgres-ca': { type: 'string' },
  nats: { type: 'string' },
  'nats-password-file': { type: 'string' },
  'nats-ca': { type: 'string' },
} as const;

export const clusterHelp = `  Over several hosts: give --host two times or more. A node runs on each, PostgreSQL and NATS between them.
  --postgres install@HOST[:PORT]      installs PostgreSQL there; or postgres://user@host:5432/database, one that is there
  --postgres-password-file, --postgres-ca   for one that is there: its password (first line), who signs its certificate
  --nats install@HOST[,HOST,HOST][:PORT]    installs NATS on one of the hosts or on three; or tls://user@host:4222,...
  --nats-password-file, --nats-ca           for one that is there
  HOST is as with --host. Without --postgres or --nats they are installed on the first host.
`;

export interface ClusterGiven {
  readonly host?: readonly string[] | undefined;
  readonly postgres?: string | undefined;
  readonly 'postgres-password-file'?: string | undefined;
  readonly 'postgres-ca'?: string | undefined;
  readonly nats?: string | undefined;
  readonly 'nats-password-file'?: string | undefined;
  readonly 'nats-ca'?: string | undefined;
}

/** The hosts that were named, and what is between them. @throws ParleyError `usage`, `no-host` */
export async function clusterFrom(
  engine: Engine,
  given: ClusterGiven,
): Promise<{ hostId: string; cluster?: ClusterSpec }> {
  const names = given.host ?? [];
  const hosts = await Promise.all(names.map(async (it) => (await findHost(engine, it)).id));
  const [hostId] = hosts;
  if (hostId === undefined) throw usage('--host is missing: say on which host.');
  const alone = given.postgres === undefined && given.nats === undefined;
  if (hosts.length === 1) {
    if (alone) return { hostId };
    throw usage('--postgres and --nats are for several hosts: give --host once more.');
  }
  const postgres = await postgresFrom(engine, given, hostId);
  return { hostId, cluster: { hosts, postgres, nats: await natsFrom(engine, given, hostId) } };
}

async function postgresFrom(engine: Engine, given: ClusterGiven, first: string): Promise<ClusterSpec['postgres']> {
  const wish = installed(given.postgres);
  if (wish === null)
    return {
      ...{ kind: 'given', url: given.postgres ?? '' },
      ...file('passwordFile', given['postgres-password-file']),
      ...file('caFile', given['postgres-ca']),
    };
  const [host, ...more] = wish.hosts;
  if (more.length > 0) throw usage('PostgreSQL is installed on one host.');
  return {
    kind: 'installed',
    hostId: host === undefined ? first : (await findHost(engine, host)).id,
    port: wish.port ?? 5432,
  };
}

async function natsFrom(engine: Engine, given: ClusterGiven, first: string): Promise<ClusterSpec['nats']> {
  const wish = installed(given.nats);
  if (wish === null)
    return {
      ...{ kind: 'given', servers: (given.nats ?? '').split(',') },
      ...file('passwordFile', given['nats-password-file']),
      ...file('caFile', given['nats-ca']),
    };
  const hostIds = await Promise.all(wish.hosts.map(async (it) => (await findHost(engine, it)).id));
  return { kind: 'installed', hostIds: hostIds.length === 0 ? [first] : hostIds, port: wish.port ?? 4222 };
}

/** `install@a,b:4223`; null: it is there already. A user may stand before the host, so the last colon alone is looked at. */
function installed(text: string | undefined): { hosts: string[]; port: number | undefined } | null {
  if (text === undefined) return { hosts: [], port: undefined };
  if (!text.startsWith('install@')) return null;
  const [, names = '', port] = /^install@(.+?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (names === '') throw usage('install@ is followed by a host.');
  return { hosts: names.split(','), port: port === undefined ? undefined : Number(port) };
}

const file = <K extends string>(key: K, path: string | undefined) =>
  (path === undefined ? {} : { [key]: resolve(path) }) as { [P in K]?: string };
