import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { Account, StoredRow, Transfer } from '../stores.ts';
import { portions, ROWS_AT_ONCE, rowsOf } from '../transfer.ts';
import { storageError } from './connection.ts';
import { column } from './kinds.ts';
import type { Long } from './long.ts';

export class PostgresTransfer implements Transfer {
  readonly #pool: Pool;
  readonly #long: Long;

  constructor(pool: Pool, long: Long) {
    this.#pool = pool;
    this.#long = long;
  }

  async *read(): AsyncIterable<readonly StoredRow[]> {
    yield* this.#table('account', ['name'], (row) => ({
      table: 'account',
      account: {
        name: row['name'] as string,
        state: row['state'] as Account['state'],
        createdAt: row['created_at'] as number,
        lastSeenAt: row['last_seen_at'] as number | null,
        keys: row['keys'] as Account['keys'],
      },
    }));
    yield* this.#table('keyed', ['owner', 'kind', 'key'], (row) => ({
      table: 'keyed',
      owner: row['owner'] as string,
      kind: row['kind'] as string,
      key: row['key'] as string,
      value: row['value'] as unknown,
    }));
    yield* this.#table('list', ['owner', 'kind', 'id'], (row) => ({
      table: 'list',
      owner: row['owner'] as string,
      kind: row['kind'] as string,
      id: row['id'] as number,
      at: row['at'] as number,
      data: (row['data'] as Buffer).toString('latin1'),
    }));
    yield* this.#table('meta', ['name'], (row) => ({
      table: 'meta',
      name: row['name'] as string,
      value: row['value'] as string,
    }));
    const [numbered] = await this.#long.rows<{ last: number }>(
      'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM list_id',
    );
    yield [{ table: 'numbered', last: numbered?.last ?? 0 }];
  }

  async *#table(
    table: string,
    key: readonly string[],
    rowOf: (row: QueryResultRow) => StoredRow,
  ): AsyncIterable<readonly StoredRow[]> {
    const order = key.join(', ');
    const after = `WHERE (${order}) > (${key.map((_, i) => `$${i + 1}`).join(', ')})`;
    const page = (last: QueryResultRow | undefined) =>
      this.#long.rows(
        `SELECT * FROM ${table} ${last === undefined ? '' : after} ORDER BY ${order} LIMIT ${ROWS_AT_ONCE}`,
        last === undefined ? [] : key.map((name) => last[name]),
      );
    for await (const rows of portions(page)) yield rows.map(rowOf);
  }

  async write(rows: readonly StoredRow[]): Promise<void> {
    await this.#transact(async (client) => {
      const insert = (into: string, types: readonly string[], columns: readonly unknown[][], more = '') => {
        if (columns[0]?.length === 0) return undefined;
        const given = types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
        return client.query(`INSERT INTO ${into} SELECT * FROM unnest(${given}) ${more}`, columns as unknown[]);
      };
      const accounts = rowsOf(rows, 'account').map(({ account }) => account);
      const keyed = rowsOf(rows, 'keyed');
      const list = rowsOf(rows, 'list');
      const meta = rowsOf(rows, 'meta');
      await Promise.all([
        insert(
          'account (name, state, created_at, last_seen_at, keys)',
          ['text', 'text', 'bigint', 'bigint', 'json'],
          [
            column(accounts, 'name'),
            column(accounts, 'state'),
            column(accounts, 'createdAt'),
            column(accounts, 'lastSeenAt'),
            accounts.map(({ keys }) => JSON.stringify(keys)),
          ],
        ),
        insert(
          'keyed (owner, kind, key, value)',
          ['text', 'text', 'text', 'json'],
          [
            column(keyed, 'owner'),
            column(keyed, 'kind'),
            column(keyed, 'key'),
            keyed.map(({ value }) => JSON.stringify(value)),
          ],
        ),
        insert(
          'list (owner, kind, id, at, data)',
          ['text', 'text', 'bigint', 'bigint', 'bytea'],
          [
            column(list, 'owner'),
            column(list, 'kind'),
            column(list, 'id'),
            column(list, 'at'),
            list.map(({ data }) => Buffer.from(data, 'latin1')),
          ],
        ),
        insert(
          'meta (name, value)',
          ['text', 'text'],
          [column(meta, 'name'), column(meta, 'value')],
          'ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        ),
        ...rowsOf(rows, 'numbered').map(({ last }) =>
          client.query(`SELECT setval('list_id', greatest($1::bigint, 1), $1::bigint > 0)`, [last]),
        ),
      ]);
    });
  }

  async clear(): Promise<void> {
    await this.#transact((client) =>
      client.query(
        `DELETE FROM account; DELETE FROM keyed; DELETE FROM list; DELETE FROM meta; SELECT setval('list_id', 1, false)`,
      ),
    );
  }

  async #transact(work: (client: PoolClient) => Promise<unknown>): Promise<void> {
    try {
      const client = await this.#pool.connect();
      let failure: unknown;
      const lost = (error: unknown) => {
        failure = error;
      };
      client.on('error', lost);
      try {
        await client.query('BEGIN');
        await work(client);
        await client.query('COMMIT');
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        client.off('error', lost);
        client.release(failure !== undefined);
      }
    } catch (error) {
      throw storageError(error);
    }
  }
}
