import type { Account, StoredRow, Transfer } from '../stores.ts';
import { portions, ROWS_AT_ONCE } from '../transfer.ts';
import type { Database, SqlValue, Statement } from './driver.ts';
import type { Writer } from './writer.ts';

type Row = Record<string, SqlValue>;

export class SqliteTransfer implements Transfer {
  readonly #db: Database;
  readonly #writer: Writer;

  constructor(db: Database, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  async *read(): AsyncIterable<readonly StoredRow[]> {
    yield* this.#table('account', ['name'], (row) => ({
      table: 'account',
      account: {
        name: String(row['name']),
        state: row['state'] as Account['state'],
        createdAt: Number(row['created_at']),
        lastSeenAt: row['last_seen_at'] as number | null,
        keys: JSON.parse(String(row['keys'])) as Account['keys'],
      },
    }));
    yield* this.#table('keyed', ['owner', 'kind', 'key'], (row) => ({
      table: 'keyed',
      owner: String(row['owner']),
      kind: String(row['kind']),
      key: String(row['key']),
      value: JSON.parse(String(row['value'])) as unknown,
    }));
    yield* this.#table('list', ['owner', 'kind', 'id'], (row) => ({
      table: 'list',
      owner: String(row['owner']),
      kind: String(row['kind']),
      id: Number(row['id']),
      at: Number(row['at']),
      data: Buffer.from(row['data'] as Uint8Array).toString('latin1'),
    }));
    yield* this.#table('meta', ['name'], (row) => ({
      table: 'meta',
      name: String(row['name']),
      value: String(row['value']),
    }));
    const last = this.#db.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'list'`).get() as Row | undefined;
    yield [{ table: 'numbered', last: Number(last?.['seq'] ?? 0) }];
  }

  async *#table(
    table: string,
    key: readonly string[],
    rowOf: (row: Row) => StoredRow,
  ): AsyncIterable<readonly StoredRow[]> {
    const order = key.join(', ');
    const select = `SELECT * FROM ${table}`;
    const first = this.#db.prepare(`${select} ORDER BY ${order} LIMIT ${ROWS_AT_ONCE}`);
    const next = this.#db.prepare(
      `${select} WHERE (${order}) > (${key.map(() => '?').join(', ')}) ORDER BY ${order} LIMIT ${ROWS_AT_ONCE}`,
    );
    const page = (last: Row | undefined) =>
      (last === undefined ? first.all() : next.all(...key.map((name) => last[name] ?? null))) as Row[];
    for await (const rows of portions(page)) yield rows.map(rowOf);
  }

  async write(rows: readonly StoredRow[]): Promise<void> {
    const insert = this.#inserts();
    await this.#writer.write(() => {
      for (const row of rows) insert(row);
    });
  }

  #inserts(): (row: StoredRow) => void {
    const prepared = new Map<string, Statement>();
    const run = (sql: string, ...values: SqlValue[]) => {
      let statement = prepared.get(sql);
      if (statement === undefined) prepared.set(sql, (statement = this.#db.prepare(sql)));
      statement.run(...values);
    };
    return (row) => {
      switch (row.table) {
        case 'account': {
          const { name, state, createdAt, lastSeenAt, keys } = row.account;
          const into = 'account (name, state, created_at, last_seen_at, keys)';
          return run(
            `INSERT INTO ${into} VALUES (?, ?, ?, ?, ?)`,
            name,
            state,
            createdAt,
            lastSeenAt,
            JSON.stringify(keys),
          );
        }
        case 'keyed': {
          const into = 'keyed (owner, kind, key, value)';
          return run(
            `INSERT INTO ${into} VALUES (?, ?, ?, ?)`,
            row.owner,
            row.kind,
            row.key,
            JSON.stringify(row.value),
          );
        }
        case 'list': {
          const into = 'list (owner, kind, id, at, data)';
          const data = Buffer.from(row.data, 'latin1');
          return run(`INSERT INTO ${into} VALUES (?, ?, ?, ?, ?)`, row.owner, row.kind, row.id, row.at, data);
        }
        case 'meta':
          return run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', row.name, row.value);
        case 'numbered':
          run(`DELETE FROM sqlite_sequence WHERE name = 'list'`);
          return run(`INSERT INTO sqlite_sequence (name, seq) VALUES ('list', ?)`, row.last);
      }
    };
  }

  async clear(): Promise<void> {
    await this.#writer.write(() => {
      for (const table of ['account', 'keyed', 'list', 'meta', 'sqlite_sequence'])
        this.#db.exec(`DELETE FROM ${table}`);
    });
  }
}
