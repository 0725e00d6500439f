import type { Account, AccountStore, KeyCount } from '../stores.ts';
import type { Database, Statement } from './driver.ts';
import type { Writer } from './writer.ts';

interface Row {
  name: string;
  state: Account['state'];
  created_at: number;
  last_seen_at: number | null;
  keys: string;
}

const COLUMNS = 'name, state, created_at, last_seen_at, keys';

const accountOf = (row: Row): Account => ({
  name: row.name,
  state: row.state,
  createdAt: row.created_at,
  lastSeenAt: row.last_seen_at,
  keys: JSON.parse(row.keys) as Account['keys'],
});

export class SqliteAccounts implements AccountStore {
  readonly #writer: Writer;
  readonly #get: Statement;
  readonly #add: Statement;
  readonly #update: Statement;
  readonly #remove: readonly Statement[];
  readonly #page: Statement;
  readonly #count: Statement;
  readonly #seen: Statement;
  readonly #keyCounts: Statement;

  constructor(db: Database, writer: Writer) {
    this.#writer = writer;
    this.#get = db.prepare(`SELECT ${COLUMNS} FROM account WHERE name = ?`);
    this.#add = db.prepare(`INSERT INTO account (${COLUMNS}) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#update = db.prepare(
      'UPDATE account SET state = ?, created_at = ?, last_seen_at = ?, keys = ? WHERE name = ?',
    );
    this.#remove = ['account WHERE name', 'keyed WHERE owner', 'list WHERE owner'].map((where) =>
      db.prepare(`DELETE FROM ${where} = ?`),
    );
    this.#page = db.prepare(
      `SELECT ${COLUMNS} FROM account WHERE name > ? AND instr(name, ?) > 0 ORDER BY name LIMIT ?`,
    );
    this.#seen = db.prepare('UPDATE account SET last_seen_at = ? WHERE name = ?');
    this.#count = db.prepare('SELECT count(*) AS n FROM account');
    this.#keyCounts = db.prepare(
      `SELECT one.key AS mechanism, json_extract(one.value, '$.iterations') AS iterations, count(*) AS accounts
       FROM account, json_each(CASE WHEN json_valid(account.keys) THEN account.keys ELSE '{}' END) AS one
       WHERE one.type = 'object' GROUP BY 1, 2 ORDER BY 1, 2`,
    );
  }

  async get(name: string): Promise<Account | undefined> {
    const row = this.#get.get(name) as Row | undefined;
    return row === undefined ? undefined : accountOf(row);
  }

  async add(account: Account): Promise<boolean> {
    const { name, state, createdAt, lastSeenAt, keys } = account;
    const done = await this.#writer.write(() =>
      this.#add.run(name, state, createdAt, lastSeenAt, JSON.stringify(keys)),
    );
    return Number(done.changes) > 0;
  }

  async update(name: string, change: Partial<Omit<Account, 'name'>>): Promise<boolean> {
    return this.#writer.write(() => {
      const row = this.#get.get(name) as Row | undefined;
      if (row === undefined) return false;
      const next = { ...accountOf(row), ...change };
      this.#update.run(next.state, next.createdAt, next.lastSeenAt, JSON.stringify(next.keys), name);
      return true;
    });
  }

  async remove(name: string): Promise<boolean> {
    const changes = await this.#writer.write(() =>
      this.#remove.map((statement) => Number(statement.run(name).changes)),
    );
    return (changes[0] ?? 0) > 0;
  }

  async page(options: { after: string; search: string; limit: number }): Promise<Account[]> {
    return (this.#page.all(options.after, options.search, options.limit) as Row[]).map(accountOf);
  }

  async count(): Promise<number> {
    return (this.#count.get() as { n: number }).n;
  }

  async seen(times: ReadonlyMap<string, number>): Promise<void> {
    if (times.size === 0) return;
    await this.#writer.write(() => {
      for (const [name, at] of times) this.#seen.run(at, name);
    });
  }

  async keyCounts(): Promise<KeyCount[]> {
    return (this.#keyCounts.all() as KeyCount[]).map((row) => ({ ...row }));
  }
}
