// What the storage ports cost: operations in a second, CPU an operation in this process and in PostgreSQL's, by how many
// are asked for at a time. bun bench/runtime/storage.ts (docs/adr/0015-postgresql.md)
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { PrivatePostgres } from '../../e2e/hosts/postgres.ts';
import { clientConfig } from '../../server-node/storage/postgres/connection.ts';
import { openPostgresStores } from '../../server-node/storage/postgres/postgres-stores.ts';
import { openSqliteStores } from '../../server-node/storage/sqlite/sqlite-stores.ts';
import type { Stores } from '../../server-node/storage/stores.ts';

const PEOPLE = 5000;
const TICK_US = 10_000;
const server = PrivatePostgres.start();
const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));

/** CPU of all processes of this PostgreSQL so far, also of those that have ended, microseconds. */
function serverCpu(): number {
  const stats = readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = text
          .slice(text.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number);
        return [
          {
            pid: Number(pid),
            parent: fields[1],
            own: (fields[11] ?? 0) + (fields[12] ?? 0),
            ended: (fields[13] ?? 0) + (fields[14] ?? 0),
          },
        ];
      } catch {
        return []; // it has just ended
      }
    });
  const ticks = stats
    .filter(({ pid, parent }) => pid === server.pid || parent === server.pid)
    .reduce((sum, { pid, own, ended }) => sum + own + (pid === server.pid ? ended : 0), 0);
  return ticks * TICK_US;
}

async function measure(
  what: string,
  atATime: number,
  count: number,
  op: (i: number) => Promise<unknown>,
): Promise<void> {
  for (let i = 0; i < 300; i++) await op(i);
  const [cpu, other, from] = [process.cpuUsage(), serverCpu(), performance.now()];
  let i = 0;
  const work = async () => {
    while (i < count) await op(i++);
  };
  await Promise.all(Array.from({ length: atATime }, work));
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const cells = [
    what,
    atATime,
    Math.round((count / ms) * 1000),
    Math.round((user + system) / count),
    Math.round((serverCpu() - other) / count),
    ((ms / count) * atATime).toFixed(2),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

const person = (i: number) => `person${(i * 7919) % PEOPLE}`;
const keys = { salt: 's'.repeat(24), iterations: 10_000, storedKey: 'k'.repeat(44), serverKey: 'v'.repeat(44) };
const message = `<message from='anna@example.org/phone' to='bert@example.org' type='chat'><body>${'x'.repeat(120)}</body></message>`;

async function measureStores(name: string, stores: Stores): Promise<void> {
  for (let i = 0; i < PEOPLE; i += 500) {
    const some = Array.from({ length: 500 }, (_, j) => ({
      name: `person${i + j}`,
      state: 'active' as const,
      createdAt: 1,
      lastSeenAt: null,
      keys: { 'SCRAM-SHA-256': keys, 'SCRAM-SHA-1': keys },
    }));
    await Promise.all(some.map((one) => stores.accounts.add(one)));
  }
  const [offline, roster] = [stores.list('offline'), stores.keyed('roster')];
  for (const [atATime, count] of [
    [1, 2000],
    [10, 10_000],
    [100, 30_000],
  ] as const) {
    await measure(`${name}: account`, atATime, count, (i) => stores.accounts.get(person(i)));
    await measure(`${name}: offline message`, atATime, count, (i) => offline.append(person(i), i, message, 100_000));
    await measure(`${name}: contact`, atATime, count, (i) =>
      roster.set(person(i), `c${i % 50}@example.org`, { subscription: 'both', name: 'x', groups: [] }),
    );
    await measure(`${name}: roster`, atATime, count, (i) => roster.all(person(i)));
  }
}

console.log(
  '| what | at a time | in a second | CPU here, µs | CPU of PostgreSQL, µs | latency, ms |\n|---|---|---|---|---|---|',
);
const sqlite = await openSqliteStores(join(folder, 'a.db'), { create: true });
await measureStores('SQLite', sqlite);
await sqlite.close();
const options = { url: server.url, domain: 'example.org', pool: 8 };
const stores = await openPostgresStores(options, { create: true });
await measureStores('PostgreSQL', stores);
await stores.close();
// the same look-up as a query of its own each
const pool = new pg.Pool(clientConfig(options));
const single = { name: 'single', text: 'SELECT * FROM account WHERE name = $1' };
for (const atATime of [1, 10, 100])
  await measure('PostgreSQL: account, unbatched', atATime, atATime * 300, (i) =>
    pool.query({ ...single, values: [person(i)] }),
  );
const write = { name: 'write', text: "INSERT INTO list (kind, owner, at, data) VALUES ('single', $1, $2, $3)" };
for (const atATime of [1, 10, 100])
  await measure('PostgreSQL: offline message, unbatched', atATime, atATime * 100, (i) =>
    pool.query({ ...write, values: [person(i), i, Buffer.from(message, 'latin1')] }),
  );
await pool.end();
server.remove();
rmSync(folder, { recursive: true });
process.exit(0);
