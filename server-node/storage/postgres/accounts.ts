import type { Pool, QueryResultRow } from 'pg';
import type { Account, AccountStore, KeyCount } from '../stores.ts';
import { column } from './kinds.ts';
import type { Long } from './long.ts';
import { byPlace, type Look, Reader } from './reader.ts';
import type { Write, Writer } from './writer.ts';

interface Row extends QueryResultRow {
  readonly name: string;
  readonly state: Account['state'];
  readonly created_at: number;
  readonly last_seen_at: number | null;
  readonly keys: Account['keys'];
}

const accountOf = (row: Row): Account => ({
  name: row.name,
  state: row.state,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  keys: row.keys,
});

const GET: Look<string, Account | undefined> = {
  name: 'account-get-1',
  sql: `SELECT g.place, a.* FROM unnest($1::text[]) WITH ORDINALITY AS g(name, place) JOIN account AS a ON a.name = g.name`,
  values: (asked) => [asked],
  found: (asked, rows) =>
    byPlace<Row>(asked.length, rows).map(([row]) => (row === undefined ? undefined : accountOf(row))),
};

/** Whose name is among the rows; of several of the same name the first. */
function firsts(names: readonly string[], rows: readonly QueryResultRow[]): boolean[] {
  const left = new Set(rows.map((row) => row['name'] as string));
  return names.map((name) => left.delete(name));
}

const ADD: Write<Account, boolean> = {
  name: 'account-add-1',
  phase: 0,
  sql: `INSERT INTO account (name, state, created_at, last_seen_at, keys)
        SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::json[]) AS g(name, state, created, seen, keys)
        ORDER BY name COLLATE "C" ON CONFLICT DO NOTHING RETURNING name`,
  values(all) {
    const ops = [...new Map([...all].reverse().map((op) => [op.name, op])).values()]; // the first of a name has it
    return [
      column(ops, 'name'),
      column(ops, 'state'),
      column(ops, 'createdAt'),
      column(ops, 'lastSeenAt'),
      ops.map(({ keys }) => JSON.stringify(keys)),
    ];
  },
  outcomes: (ops, rows) => firsts(column(ops, 'name'), rows),
};

interface Change extends Partial<Omit<Account, 'name'>> {
  readonly name: string;
}
const UPDATE: Write<Change, boolean> = {
  name: 'account-update-1',
  phase: 1,
  alone: true,
  sql: `UPDATE account AS a SET state = coalesce(g.state, a.state), created_at = coalesce(g.created, a.created_at),
          last_seen_at = CASE WHEN g.sees THEN g.seen ELSE a.last_seen_at END, keys = coalesce(g.keys, a.keys)
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::bigint[], $6::json[])
          AS g(name, state, created, sees, seen, keys)
        WHERE a.name = g.name RETURNING a.name`,
  values: (ops) => [
    column(ops, 'name'),
    ops.map(({ state }) => state ?? null),
    ops.map(({ createdAt }) => createdAt ?? null),
    ops.map(({ lastSeenAt }) => lastSeenAt !== undefined),
    ops.map(({ lastSeenAt }) => lastSeenAt ?? null),
    ops.map(({ keys }) => (keys === undefined ? null : JSON.stringify(keys))),
  ],
  outcomes: (ops, rows) => firsts(column(ops, 'name'), rows),
};

const SEEN: Write<{ readonly name: string; readonly at: number }, undefined> = {
  name: 'account-seen-1',
  phase: 2,
  alone: true,
  // locked in order: another node may note the same people
  sql: `UPDATE account AS a SET last_seen_at = g.at FROM unnest($1::text[], $2::bigint[]) AS g(name, at),
          (SELECT name FROM account WHERE name = ANY($1::text[]) ORDER BY name FOR NO KEY UPDATE) AS locked
        WHERE a.name = g.name AND locked.name = a.name`,
  values: (ops) => [column(ops, 'name'), column(ops, 'at')],
  outcomes: (ops) => ops.map(() => undefined),
};

const REMOVE: Write<string, boolean> = {
  name: 'account-remove-1',
  phase: 9,
  alone: true,
  last: true,
  sql: `WITH keyed_gone AS (DELETE FROM keyed WHERE owner = ANY($1::text[])),
          list_gone AS (DELETE FROM list WHERE owner = ANY($1::text[]))
        DELETE FROM account WHERE name = ANY($1::text[]) RETURNING name`,
  values: (ops) => [ops],
  outcomes: firsts,
};

export class PostgresAccounts implements AccountStore {
  readonly #writer: Writer;
  readonly #long: Long;
  readonly #get: Reader<string, Account | undefined>;

  constructor(pool: Pool, writer: Writer, long: Long) {
    this.#writer = writer;
    this.#long = long;
    this.#get = new Reader(pool, writer, GET);
  }

  get(name: string): Promise<Account | undefined> {
    return this.#get.ask(name, name);
  }

  add(account: Account): Promise<boolean> {
    return this.#writer.write(ADD, account.name, account);
  }

  update(name: string, change: Partial<Omit<Account, 'name'>>): Promise<boolean> {
    return this.#writer.write(UPDATE, name, { ...change, name });
  }

  remove(name: string): Promise<boolean> {
    return this.#writer.write(REMOVE, name, name);
  }

  async page(options: { after: string; search: string; limit: number }): Promise<Account[]> {
    const rows = await this.#long.rows<Row>(
      'SELECT * FROM account WHERE name > $1 AND strpos(name, $2) > 0 ORDER BY name LIMIT $3',
      [options.after, options.search, options.limit],
    );
    return rows.map(accountOf);
  }

  async count(): Promise<number> {
    return (await this.#long.rows<{ n: number }>('SELECT count(*) AS n FROM account'))[0]?.n ?? 0;
  }

  async seen(times: ReadonlyMap<string, number>): Promise<void> {
    await Promise.all([...times].map(([name, at]) => this.#writer.write(SEEN, name, { name, at })));
  }

  keyCounts(): Promise<KeyCount[]> {
    return this.#long.rows<KeyCount & QueryResultRow>(
      `SELECT one.key AS mechanism, (one.value ->> 'iterations')::int AS iterations, count(*) AS accounts
       FROM account, json_each(account.keys) AS one WHERE json_typeof(one.value) = 'object'
       GROUP BY one.key, 2 ORDER BY one.key COLLATE "C", 2`,
    );
  }
}
