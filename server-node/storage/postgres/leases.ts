import pg, { type QueryResultRow } from 'pg';
import { KEEP_ENDED_MS, type Leases, type NodeRow } from '../leases.ts';
import { clientConfig, type PostgresOptions, storageError } from './connection.ts';

const STATEMENT_MS = 2000;
const TRIES = 3;

interface Row extends QueryResultRow {
  readonly node: string;
  readonly run: string;
  readonly renewals: number;
  readonly state: NodeRow['state'];
  readonly info: unknown;
}

const rowOf = ({ node, run, renewals, state, info }: Row): NodeRow => ({
  node,
  run,
  renewals,
  state,
  info,
});

const ESTATE = 'INSERT INTO estate (run) VALUES ($1) ON CONFLICT DO NOTHING';
const ROWS = 'SELECT node, run, renewals, state, info FROM lease ORDER BY node';

/**
 * Leases in the domain's database, over one connection that nobody else waits for. Every commit is synced: a renewal
 * that a crash of the database took back would be one that only its node believes in.
 */
export class PostgresLeases implements Leases {
  readonly #config: pg.ClientConfig;
  #client: Promise<pg.Client> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: PostgresOptions) {
    this.#config = clientConfig(options, { statementMs: Math.min(options.statementMs ?? STATEMENT_MS, STATEMENT_MS) });
  }

  join(node: string, run: string, info: unknown): Promise<NodeRow | undefined> {
    return this.#transact(async (client) => {
      const former = await client.query<Row>('SELECT * FROM lease WHERE node = $1 FOR UPDATE', [node]);
      await client.query(
        `INSERT INTO lease (node, run, renewals, state, info) VALUES ($1, $2, 0, 'live', $3)
         ON CONFLICT (node) DO UPDATE SET run = $2, renewals = 0, state = 'live', info = $3, ended_at = NULL`,
        [node, run, JSON.stringify(info) ?? 'null'],
      );
      const row = former.rows[0];
      if (row !== undefined) await client.query(ESTATE, [row.run]);
      return row?.state === 'live' ? rowOf(row) : undefined;
    });
  }

  renew(run: string, vouched: readonly string[]): Promise<readonly NodeRow[]> {
    return this.#transact(async (client) => {
      // two who vouch for each other lock the rows in the same order; the second statement sees what was fenced meanwhile
      const [, , rows] = await Promise.all([
        client.query(
          `UPDATE lease SET renewals = renewals + 1 FROM (
             SELECT node FROM lease WHERE run = ANY($1::text[]) AND state = 'live' ORDER BY node FOR NO KEY UPDATE
           ) AS locked WHERE lease.node = locked.node AND lease.run = ANY($1::text[]) AND lease.state = 'live'`,
          [[run, ...vouched]],
        ),
        client.query(`DELETE FROM lease WHERE ended_at < now() - interval '${KEEP_ENDED_MS} milliseconds'`),
        client.query<Row>(ROWS),
      ]);
      return rows.rows.map(rowOf);
    });
  }

  fence(run: string, renewals: number): Promise<boolean> {
    return this.#transact(async (client) => {
      const done = await client.query(
        `UPDATE lease SET state = 'fenced', ended_at = now() WHERE run = $1 AND state = 'live' AND renewals = $2`,
        [run, renewals],
      );
      if (done.rowCount === 1) await client.query(ESTATE, [run]);
      return done.rowCount === 1;
    });
  }

  async leave(run: string): Promise<void> {
    await this.#transact(async (client) => {
      const sql = `UPDATE lease SET state = 'left', ended_at = now() WHERE run = $1 AND state = 'live'`;
      const done = await client.query(sql, [run]);
      if (done.rowCount === 1) await client.query(ESTATE, [run]);
    });
  }

  estates(): Promise<readonly string[]> {
    return this.#transact(async (client) => {
      const { rows } = await client.query<{ run: string }>('SELECT run FROM estate ORDER BY ended_at, run');
      return rows.map(({ run }) => run);
    });
  }

  async settled(run: string): Promise<void> {
    await this.#transact((client) => client.query('DELETE FROM estate WHERE run = $1', [run]));
  }

  rows(): Promise<readonly NodeRow[]> {
    return this.#transact(async (client) => (await client.query<Row>(ROWS)).rows.map(rowOf));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#last.catch(() => {});
    await (await this.#client?.catch(() => undefined))?.end();
  }

  /** One transaction at a time; after a failure the next one has a new connection. */
  #transact<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const mine = this.#last.catch(() => {}).then(() => this.#tryTo(work));
    this.#last = mine;
    return mine;
  }

  async #tryTo<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      let client: pg.Client | undefined;
      try {
        client = await (this.#client ??= this.#connect());
        await client.query('BEGIN');
        const outcome = await work(client);
        await client.query('COMMIT');
        return outcome;
      } catch (error) {
        this.#client = undefined;
        void client?.end().catch(() => {});
        const failure = storageError(error);
        if (!/^(40001|40P01|23505)$/.test((error as { code?: string }).code ?? '') || tried === TRIES) throw failure;
      }
    }
  }

  async #connect(): Promise<pg.Client> {
    if (this.#closed) throw new Error('the leases were closed');
    const client = new pg.Client(this.#config);
    client.on('error', () => {
      this.#client = undefined; // the next transaction makes another
    });
    await client.connect();
    return client;
  }
}
