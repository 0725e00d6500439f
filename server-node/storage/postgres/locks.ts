import pg from 'pg';
import { Turns } from '../exclusive.ts';
import { StorageError } from '../stores.ts';
import { clientConfig, type PostgresOptions, schemaOf, storageError } from './connection.ts';

/** How long somebody else may be at it before we give up, milliseconds. */
const WAIT_MS = 30_000;
/** Exclusive work of this node at a time; more waits. */
const MOST = 4;

/**
 * Exclusive work among nodes: an advisory lock of a connection, which PostgreSQL gives up by itself when the connection
 * dies. The connections are apart from the pool, so that who holds a lock, or waits for one, takes nothing from others.
 */
export class Locks {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  /** within this process nobody needs a connection to wait */
  readonly #turns = new Turns();

  constructor(options: PostgresOptions) {
    const config = clientConfig(options, { statementMs: WAIT_MS + 1000, lockMs: WAIT_MS });
    // work may take long, and more than the bounded number of connections waits for them rather than fails
    this.#pool = new pg.Pool({ ...config, max: MOST, connectionTimeoutMillis: WAIT_MS });
    this.#pool.on('error', () => {}); // an idle connection that dies holds nothing
    this.#schema = schemaOf(options.domain);
  }

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(name, () => this.#locked(name, work));
  }

  async #locked<T>(name: string, work: () => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw storageError(error);
    });
    let lost: unknown;
    const dies = (error: unknown) => {
      lost = error ?? new Error('the connection ended');
    };
    client.on('error', dies);
    const key = [`${this.#schema} ${name}`];
    try {
      await client.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', key).catch((error: unknown) => {
        lost = error;
        throw storageError(error);
      });
      const outcome = await work();
      if (lost === undefined) await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 1))', key).catch(dies);
      if (lost !== undefined) {
        const why = storageError(lost).message;
        throw new StorageError(`another node may have been at '${name}' too: ${why}`, false, { unavailable: true });
      }
      return outcome;
    } catch (error) {
      lost ??= error; // the lock falls with the connection
      throw error;
    } finally {
      client.off('error', dies);
      client.release(lost !== undefined);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
