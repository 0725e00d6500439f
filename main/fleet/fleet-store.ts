import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import * as v from 'valibot';
import { HostAuth } from '../../shared/console-api/hosts.ts';
import { Connection, ProvisionSpec, Run } from '../../shared/console-api/provisioning.ts';
import { NodeStatus } from '../../shared/domain/node.ts';
import { migrate } from './migrations.ts';

const json = <S extends v.GenericSchema>(schema: S) => v.pipe(v.string(), v.parseJson(), schema);

const HostRow = v.object({
  id: v.string(),
  kind: v.picklist(['ssh', 'local']),
  user: v.string(),
  address: v.string(),
  port: v.number(),
  auth: json(HostAuth),
  added_at: v.number(),
  last_seen_at: v.nullable(v.number()),
  system: v.nullable(v.string()),
});
export type HostRow = v.InferOutput<typeof HostRow>;

const KeyRow = v.object({ algorithm: v.string(), fingerprint: v.string(), trusted_at: v.number() });
export type KeyRow = v.InferOutput<typeof KeyRow>;

const DomainRow = v.object({
  name: v.string(),
  host_id: v.string(),
  spec: json(ProvisionSpec),
  created_at: v.number(),
  connection: v.nullable(json(Connection)),
  last_seen_at: v.nullable(v.number()),
  last_status: v.nullable(json(NodeStatus)),
});
export type DomainRow = v.InferOutput<typeof DomainRow>;

const NodeRow = v.object({
  domain: v.string(),
  host_id: v.string(),
  added_at: v.number(),
  last_seen_at: v.nullable(v.number()),
  last_status: v.nullable(json(NodeStatus)),
});
export type NodeRow = v.InferOutput<typeof NodeRow>;

const RunRow = v.object({ record: json(Run) });

export type FleetStore = ReturnType<typeof openFleetStore>;

/**
 * The fleet: who the hosts and domains are, what is intended for them, and when they were last seen.
 * @param path of the SQLite file, made when it isn't there; `:memory:` for tests
 * @throws ParleyError `fleet-newer`
 */
export function openFleetStore(path: string) {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Another Parley may be writing: it is waited for, up to this long.
  const db = new Database(path, { timeout: 5000 });
  db.pragma('journal_mode = WAL');
  db.pragma('foreign_keys = ON');
  migrate(db, path);

  const rows = <S extends v.GenericSchema>(schema: S, sql: string, ...values: unknown[]) =>
    v.parse(v.array(schema), db.prepare(sql).all(...values));
  const run = (sql: string, ...values: unknown[]) => db.prepare(sql).run(...values).changes;

  return {
    close: () => void db.close(),

    hosts: () => rows(HostRow, 'SELECT * FROM host ORDER BY added_at, id'),
    host: (id: string) => rows(HostRow, 'SELECT * FROM host WHERE id = ?', id)[0],
    addHost: (it: Pick<HostRow, 'id' | 'kind' | 'user' | 'address' | 'port' | 'auth' | 'added_at'>) =>
      run(
        'INSERT INTO host (id, kind, user, address, port, auth, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
        ...[it.id, it.kind, it.user, it.address, it.port, JSON.stringify(it.auth), it.added_at],
      ),
    setAuth: (id: string, auth: HostAuth) => run('UPDATE host SET auth = ? WHERE id = ?', JSON.stringify(auth), id),
    hostSeen: (id: string, at: number, system?: string) =>
      run('UPDATE host SET last_seen_at = ?, system = coalesce(?, system) WHERE id = ?', at, system ?? null, id),
    removeHost: (id: string) => run('DELETE FROM host WHERE id = ?', id),

    key: (hostId: string) => rows(KeyRow, 'SELECT * FROM host_key WHERE host_id = ?', hostId)[0],
    setKey: (hostId: string, key: KeyRow) =>
      run(
        'INSERT OR REPLACE INTO host_key (host_id, algorithm, fingerprint, trusted_at) VALUES (?, ?, ?, ?)',
        ...[hostId, key.algorithm, key.fingerprint, key.trusted_at],
      ),

    domains: () => rows(DomainRow, 'SELECT * FROM domain ORDER BY name'),
    domain: (name: string) => rows(DomainRow, 'SELECT * FROM domain WHERE name = ?', name)[0],
    putDomain: (spec: ProvisionSpec, at: number) =>
      run(
        `INSERT INTO domain (name, host_id, spec, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET host_id = excluded.host_id, spec = excluded.spec`,
        ...[spec.domain, spec.hostId, JSON.stringify(spec), at],
      ),
    setConnection: (name: string, connection: Connection) =>
      run('UPDATE domain SET connection = ? WHERE name = ?', JSON.stringify(connection), name),
    domainSeen: (name: string, at: number, status: NodeStatus) =>
      run('UPDATE domain SET last_seen_at = ?, last_status = ? WHERE name = ?', at, JSON.stringify(status), name),
    /** the hosts of a domain that has several, the first one first */
    nodes: (domain: string) => rows(NodeRow, 'SELECT * FROM node WHERE domain = ? ORDER BY added_at, rowid', domain),
    allNodes: () => rows(NodeRow, 'SELECT * FROM node ORDER BY domain, added_at, rowid'),
    addNode: (domain: string, hostId: string, at: number) =>
      run('INSERT OR IGNORE INTO node (domain, host_id, added_at) VALUES (?, ?, ?)', domain, hostId, at),
    removeNode: (domain: string, hostId: string) =>
      run('DELETE FROM node WHERE domain = ? AND host_id = ?', domain, hostId),
    nodeSeen: (domain: string, hostId: string, at: number, status: NodeStatus) =>
      run(
        'UPDATE node SET last_seen_at = ?, last_status = ? WHERE domain = ? AND host_id = ?',
        ...[at, JSON.stringify(status), domain, hostId],
      ),
    removeDomain: (name: string) => run('DELETE FROM domain WHERE name = ?', name),

    runs: (domain?: string) =>
      rows(
        RunRow,
        'SELECT record FROM run WHERE coalesce(?, domain) = domain ORDER BY started_at DESC LIMIT 200',
        domain ?? null,
      ).map((row) => row.record),
    run: (id: string) => rows(RunRow, 'SELECT record FROM run WHERE id = ?', id)[0]?.record,
    putRun: (it: Run) =>
      run(
        `INSERT INTO run (id, domain, host_id, started_at, pid, record) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET record = excluded.record`,
        ...[it.runId, it.domain, it.hostId, it.startedAt, process.pid, JSON.stringify(it)],
      ),
    /** runs that nobody has ended, with the process that began them */
    openRuns: () =>
      rows(
        v.object({ pid: v.number(), record: json(Run) }),
        "SELECT pid, record FROM run WHERE record ->> 'outcome' = 'running'",
      ),
  };
}
