import type { Pool, QueryResultRow } from 'pg';
import { storageError } from './connection.ts';
import type { Writer } from './writer.ts';

/** One kind of look-up, for many at once. */
export interface Look<Asked, Found> {
  readonly name: string;
  readonly sql: string;
  values(asked: readonly Asked[]): unknown[];
  /** what each asked for, from the rows that the statement answered */
  found(asked: readonly Asked[], rows: readonly QueryResultRow[]): readonly Found[];
}

interface Waiter<Asked, Found> {
  readonly asked: Asked;
  resolve(found: Found): void;
  reject(reason: unknown): void;
}

/** Look-ups of one kind that are on their way at a time; what comes meanwhile goes together with the next. */
const MOST_ON_THE_WAY = 2;
const MOST_AT_ONCE = 500;

/** What is looked up in one turn is one round trip. */
export class Reader<Asked, Found> {
  readonly #pool: Pool;
  readonly #writer: Writer;
  readonly #look: Look<Asked, Found>;
  #waiting: Waiter<Asked, Found>[] = [];
  #onTheWay = 0;
  #soon = false;

  constructor(pool: Pool, writer: Writer, look: Look<Asked, Found>) {
    this.#pool = pool;
    this.#writer = writer;
    this.#look = look;
  }

  /** What was written for the owner before this was asked is seen: it is waited for. */
  async ask(owner: string, asked: Asked): Promise<Found> {
    await this.#writer.settled(owner);
    return new Promise<Found>((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject });
      if (this.#soon) return;
      this.#soon = true;
      setImmediate(() => {
        this.#soon = false;
        this.#send();
      });
    });
  }

  #send(): void {
    while (this.#onTheWay < MOST_ON_THE_WAY && this.#waiting.length > 0)
      void this.#go(this.#waiting.splice(0, MOST_AT_ONCE));
  }

  async #go(waiters: readonly Waiter<Asked, Found>[]): Promise<void> {
    this.#onTheWay++;
    await this.#answer(waiters);
    this.#onTheWay--;
    this.#send();
  }

  async #answer(waiters: readonly Waiter<Asked, Found>[]): Promise<void> {
    const asked = waiters.map((waiter) => waiter.asked);
    const { name, sql } = this.#look;
    try {
      const { rows } = await this.#pool.query<QueryResultRow>({ name, text: sql, values: this.#look.values(asked) });
      const found = this.#look.found(asked, rows);
      waiters.forEach(({ resolve }, i) => {
        resolve(found[i] as Found);
      });
    } catch (error) {
      const failure = storageError(error);
      if (failure.unavailable || waiters.length === 1) for (const { reject } of waiters) reject(failure);
      else for (const one of waiters) await this.#answer([one]); // a question that can't be asked is one person's
    }
  }
}

/** Rows that carry the place (from 1) of the one who asked, by that place. */
export function byPlace<Row extends QueryResultRow>(count: number, rows: readonly QueryResultRow[]): Row[][] {
  const places: Row[][] = Array.from({ length: count }, () => []);
  for (const row of rows) places[Number(row['place']) - 1]?.push(row as Row);
  return places;
}
