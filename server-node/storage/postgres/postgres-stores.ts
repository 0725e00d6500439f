import pg from 'pg';
import type { AccountStore, KeyedStore, ListStore, MetaStore, Stores, Transfer } from '../stores.ts';
import { PostgresAccounts } from './accounts.ts';
import { clientConfig, type PostgresOptions, schemaOf, storageError } from './connection.ts';
import { findDamage } from './damage.ts';
import { Kinds, PostgresKeyed, PostgresList, PostgresMeta } from './kinds.ts';
import { Locks } from './locks.ts';
import { Long } from './long.ts';
import { migrate } from './migrate.ts';
import { PostgresTransfer } from './transfer.ts';
import { Writer } from './writer.ts';

/** the least time between two measurements of how much is stored, milliseconds */
const MEASURE_EVERY_MS = 60_000;

/**
 * Opens a domain's part of a PostgreSQL database, and brings its schema up to date. A domain that is not there is an
 * error, never an empty domain: only `create` makes one. `onLost`: is told of connections that died while nobody used them.
 * @throws StorageError when it can't be reached, or was made by a newer parleyd
 */
export async function openPostgresStores(
  options: PostgresOptions,
  { create = false, onLost = () => {} }: { readonly create?: boolean; readonly onLost?: (error: Error) => void } = {},
): Promise<Stores> {
  const pool = new pg.Pool(clientConfig(options));
  pool.on('error', onLost); // the pool makes another when it is needed
  try {
    const client = await pool.connect();
    try {
      await migrate(client, schemaOf(options.domain), create);
    } finally {
      client.release(true);
    }
  } catch (error) {
    await pool.end();
    throw storageError(error);
  }
  return new PostgresStores(pool, options);
}

class PostgresStores implements Stores {
  readonly #pool: pg.Pool;
  readonly #writer: Writer;
  readonly #kinds: Kinds;
  readonly #long: Long;
  readonly #locks: Locks;
  readonly accounts: AccountStore;
  readonly meta: MetaStore;
  readonly transfer: Transfer;
  #bytes = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(pool: pg.Pool, options: PostgresOptions) {
    this.#pool = pool;
    this.#writer = new Writer(pool);
    this.#kinds = new Kinds(pool, this.#writer);
    this.#long = new Long(pool, this.#writer);
    this.#locks = new Locks(options);
    this.accounts = new PostgresAccounts(pool, this.#writer, this.#long);
    this.meta = new PostgresMeta(this.#kinds);
    this.transfer = new PostgresTransfer(pool, this.#long);
  }

  keyed<T>(kind: string): KeyedStore<T> {
    return new PostgresKeyed<T>(this.#kinds, kind);
  }

  list(kind: string): ListStore {
    return new PostgresList(this.#kinds, kind);
  }

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#locks.exclusive(name, work);
  }

  /** As it was when it was last asked: who asks has no time to wait for an answer. */
  bytes(): number {
    const now = performance.now();
    if (!this.#closed && now - this.#measuredAt > MEASURE_EVERY_MS) {
      this.#measuredAt = now;
      void this.#measure();
    }
    return this.#bytes;
  }

  async #measure(): Promise<void> {
    try {
      const [row] = await this.#long.rows<{ n: number }>(
        `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint AS n FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`,
      );
      this.#bytes = row?.n ?? 0;
    } catch {
      // a database that is away keeps its last figure
    }
  }

  check(): Promise<string[]> {
    return findDamage(this.#long);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writer.settled();
    await this.#pool.end();
    await this.#locks.close();
  }
}
