import type { Pool, QueryResultRow } from 'pg';
import { storageError } from './connection.ts';
import type { Writer } from './writer.ts';

/** What reads a whole table may take this long, milliseconds. */
const LONG_MS = 600_000;

/** Look-ups that grow with the domain: nobody who chats waits for them, and they see all that was written before. */
export class Long {
  readonly #pool: Pool;
  readonly #writer: Writer;

  constructor(pool: Pool, writer: Writer) {
    this.#pool = pool;
    this.#writer = writer;
  }

  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.#writer.settled();
    try {
      const client = await this.#pool.connect();
      let failure: unknown;
      const lost = (error: unknown) => {
        failure = error;
      };
      client.on('error', lost);
      try {
        const asked = { text, values: [...values], query_timeout: LONG_MS };
        const commit = { text: 'COMMIT', query_timeout: LONG_MS }; // it is sent at once, and answered last
        const [, , found] = await Promise.all([
          client.query('BEGIN READ ONLY'),
          client.query(`SET LOCAL statement_timeout = ${LONG_MS}`),
          client.query<Row>(asked),
          client.query(commit),
        ]);
        return found.rows;
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
