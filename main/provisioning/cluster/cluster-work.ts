import { isIP, isIPv6 } from 'node:net';
import type { ClusterSpec, ProvisionSpec } from '../../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../../shared/errors.ts';
import { Secret } from '../../secrets/secret.ts';
import type { Facts } from '../facts.ts';
import type { Layout } from '../layout.ts';
import { clusterOf } from '../node-config.ts';
import type { ClusterWork, DatabaseWork, NatsWork } from '../step.ts';
import type { ClusterSecrets } from './cluster-secrets.ts';
import { lineFile, text } from './given-files.ts';
import { natsConf, natsPorts, natsUnit, postgresConf, postgresHba } from './texts.ts';

/** A host of the domain as it was found. */
export interface ClusterHost {
  readonly hostId: string;
  /** by which the console reaches it, and the other hosts do */
  readonly address: string;
  /** what that address leads to */
  readonly resolved: readonly string[];
  readonly facts: Facts;
  readonly layout: Layout;
}

/** Where a host is reached, also one that was lost and whose NATS server the others still name. */
export type AddressOf = (hostId: string) => string | undefined;

type WithCluster = ProvisionSpec & { readonly cluster: ClusterSpec };

/** What each host has to do with the others. @throws ParleyError `bad-file` for files that were given */
export async function clusterWorks(
  spec: WithCluster,
  hosts: readonly ClusterHost[],
  secrets: ClusterSecrets,
  addressOf: AddressOf,
): Promise<ClusterWork[]> {
  const names = nodeNames(hosts);
  const storage = await storageOf(spec, hosts, secrets);
  const bus = await busOf(spec, hosts, secrets, addressOf);
  const files = [...storage.files, ...bus.files];
  const mark = secrets.mark(...files.flatMap(({ name, text }) => [name, text]));
  return Promise.all(
    hosts.map(async (host, i): Promise<ClusterWork> => {
      const node = names[i] ?? '';
      const own = ['--set', `cluster.node=${node}`, '--set', `cluster.address=${bracketed(host.address)}`];
      return {
        ...{ node, nodes: names, first: i === 0, files, mark },
        init: [...storage.words(host.layout.data), ...bus.words(host.layout.data), ...own],
        database: await databaseOf(spec, host, hosts, secrets),
        nats: await natsOf(spec, host, hosts, secrets, addressOf),
      };
    }),
  );
}

/** A node keeps its name; a new one is called as its host is, unless another is. */
function nodeNames(hosts: readonly ClusterHost[]): string[] {
  const kept = hosts.map(({ facts }) => (facts.configuration === null ? null : clusterOf(facts.configuration).node));
  const taken = new Set(kept.filter((it) => it !== null));
  return hosts.map(({ facts, hostId }, i) => {
    const before = kept[i];
    if (before !== null && before !== undefined) return before;
    const plain =
      facts.hostname
        .replace(/[^A-Za-z0-9.-]/g, '')
        .replace(/^[.-]+/, '')
        .slice(0, 48) || 'node';
    const name = taken.has(plain) || plain === 'localhost' ? `${plain}-${hostId.slice(0, 6)}` : plain;
    taken.add(name);
    return name;
  });
}

interface Reached {
  readonly files: readonly { readonly name: string; readonly text: string | Secret }[];
  readonly words: (data: string) => string[];
}

async function storageOf(
  { cluster }: WithCluster,
  hosts: readonly ClusterHost[],
  secrets: ClusterSecrets,
): Promise<Reached> {
  const { postgres } = cluster;
  const given = postgres.kind === 'given';
  const password = given ? await lineFile(postgres.passwordFile) : secrets.database;
  const ca = given ? await text(postgres.caFile) : secrets.authority;
  const url = given ? postgres.url : `postgres://parley@${at(hosts, postgres.hostId)}:${postgres.port}/parley`;
  return reached(
    (data) => [
      ...['--storage', url, '--storage-ca', ca === null ? 'public' : `${data}/storage-ca.pem`],
      ...(password === null ? [] : ['--storage-password-file', `${data}/storage.password`]),
    ],
    ['storage.password', password],
    ['storage-ca.pem', ca],
  );
}

async function busOf(
  { cluster }: WithCluster,
  hosts: readonly ClusterHost[],
  secrets: ClusterSecrets,
  addressOf: AddressOf,
): Promise<Reached> {
  const { nats } = cluster;
  const given = nats.kind === 'given';
  const password = given ? await lineFile(nats.passwordFile) : secrets.nats;
  const ca = given ? await text(nats.caFile) : secrets.authority;
  const servers = given
    ? nats.servers
    : nats.hostIds.map((id) => `tls://parley@${at(hosts, id, addressOf)}:${nats.port}`);
  return reached(
    (data) => [
      ...servers.flatMap((it) => ['--cluster', it]),
      ...(ca === null ? [] : ['--cluster-ca', `${data}/cluster-ca.pem`]),
      ...(password === null ? [] : ['--cluster-password-file', `${data}/cluster.password`]),
    ],
    ['cluster.password', password],
    ['cluster-ca.pem', ca],
  );
}

const reached = (
  words: Reached['words'],
  ...files: readonly (readonly [string, string | Secret | null])[]
): Reached => ({
  words,
  files: files.flatMap(([name, content]) => (content === null ? [] : [{ name, text: content }])),
});

async function databaseOf(
  { cluster }: WithCluster,
  host: ClusterHost,
  hosts: readonly ClusterHost[],
  secrets: ClusterSecrets,
): Promise<DatabaseWork | null> {
  const { postgres } = cluster;
  if (postgres.kind !== 'installed' || postgres.hostId !== host.hostId) return null;
  const { certificate, key } = await secrets.server(host.hostId, host.facts.hostname, reachedAt(host));
  const { verifier } = secrets;
  return {
    ...{ name: host.layout.servers.database, port: postgres.port },
    conf: postgresConf({ nodes: hosts.length, port: postgres.port, memoryBytes: host.facts.memoryBytes }),
    hba: postgresHba(hosts.flatMap((it) => reachedAt(it).filter((address) => isIP(address) !== 0))),
    ...{ certificate, key: new Secret(key), sql: new Secret(roleSql(verifier.reveal())) },
    mark: secrets.mark(certificate, key, verifier),
  };
}

/** May be run twice. What is sent as the password is what PostgreSQL itself would keep of it. */
const roleSql = (verifier: string): string => `SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SELECT 'CREATE ROLE parley LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parley') \\gexec
ALTER ROLE parley PASSWORD '${verifier}';
SELECT 'CREATE DATABASE parley OWNER parley' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'parley') \\gexec
REVOKE ALL ON DATABASE parley FROM PUBLIC;
`;

async function natsOf(
  { cluster, domain }: WithCluster,
  host: ClusterHost,
  hosts: readonly ClusterHost[],
  secrets: ClusterSecrets,
  addressOf: AddressOf,
): Promise<NatsWork | null> {
  const { nats } = cluster;
  if (nats.kind !== 'installed' || !nats.hostIds.includes(host.hostId)) return null;
  const { certificate, key } = await secrets.server(host.hostId, host.facts.hostname, reachedAt(host));
  const { natsUnit: unit, natsFolder: folder } = host.layout.servers;
  const others = nats.hostIds.filter((id) => id !== host.hostId);
  const conf = natsConf({
    ...{ name: `${host.facts.hostname}-${host.hostId.slice(0, 6)}`, folder, port: nats.port },
    routes: others.length === 0 ? null : others.map((id) => at(hosts, id, addressOf)),
    ...{ password: secrets.nats.reveal(), routesPassword: secrets.routes.reveal() },
  });
  return {
    ...{ unit, folder, unitText: natsUnit(domain, folder), ports: natsPorts(nats.port, others.length > 0) },
    ...{ conf: new Secret(conf), certificate, key: new Secret(key), authority: secrets.authority },
    mark: secrets.mark(conf, certificate, key),
  };
}

/** Every address by which others may know the host, of the kind by which the console knows it. */
function reachedAt({ address, resolved, facts }: ClusterHost): string[] {
  const v6 = resolved.every((it) => isIPv6(it));
  return [...new Set([address, ...resolved, ...facts.addresses.filter((it) => isIPv6(it) === v6)])];
}

const bracketed = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

function at(hosts: readonly ClusterHost[], hostId: string, addressOf?: AddressOf): string {
  const found = hosts.find((it) => it.hostId === hostId)?.address ?? addressOf?.(hostId);
  if (found === undefined) throw outside(hostId);
  return bracketed(found);
}

const outside = (hostId: string) =>
  new ParleyError({
    code: 'no-such-node',
    what: `PostgreSQL or NATS is to be installed on ${hostId}, which is none of the domain's hosts.`,
    why: 'They are installed on hosts that carry a node.',
    todo: 'Add it to the hosts of the domain, or choose one of those.',
  });
