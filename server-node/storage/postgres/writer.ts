import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { StorageError } from '../stores.ts';
import { mayTryAgain, storageError } from './connection.ts';

/**
 * One kind of write, for many at once. `phase`: its place within a transaction. Writes of one thing never run in another
 * order than they were asked for: what would have to run before another of the same thing begins the next transaction.
 */
export interface Write<Op, Outcome> {
  readonly name: string;
  readonly phase: number;
  /** at most one a thing and transaction */
  readonly alone?: boolean;
  /** nothing of that owner comes after it in the same transaction */
  readonly last?: boolean;
  readonly sql: string;
  /** the arrays that the statement takes */
  values(ops: readonly Op[]): unknown[];
  /** what came of each, from the rows that the statement answered */
  outcomes(ops: readonly Op[], rows: readonly QueryResultRow[]): readonly Outcome[];
}

interface Asked {
  readonly op: unknown;
  resolve(outcome: unknown): void;
  reject(reason: unknown): void;
}

type Group = readonly [Write<never, unknown>, readonly Asked[]];

/** Writes of one transaction. The database keeps one lock for each owner of appended entries. */
const MOST_IN_BATCH = 512;
const TRIES = 4;

class Batch {
  readonly groups = new Map<Write<never, unknown>, Asked[]>();
  readonly owners = new Set<string>();
  /** the last phase of each thing's writes */
  readonly #phases = new Map<string, number>();
  /** owners of whom nothing may come any more */
  readonly #ended = new Set<string>();
  readonly over = Promise.withResolvers<void>();
  size = 0;

  takes(write: Write<never, unknown>, owner: string, thing: string): boolean {
    const phase = this.#phases.get(thing) ?? -1;
    const inOrder = write.alone === true ? phase < write.phase : phase <= write.phase;
    return inOrder && this.size < MOST_IN_BATCH && !this.#ended.has(owner);
  }

  add(write: Write<never, unknown>, owner: string, thing: string, asked: Asked): void {
    const group = this.groups.get(write);
    if (group === undefined) this.groups.set(write, [asked]);
    else group.push(asked);
    this.owners.add(owner);
    this.#phases.set(thing, write.phase);
    if (write.last === true) this.#ended.add(owner);
    this.size++;
  }
}

/**
 * Group commit: what is written in one turn, and while a transaction is on its way, becomes the next transaction: one
 * round trip, and one sync of the database's disk. One at a time, so that what was asked for keeps its order.
 */
export class Writer {
  readonly #pool: Pool;
  /** the first may be on its way */
  readonly #batches: Batch[] = [];
  #running: Promise<void> | undefined;
  #soon = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** `thing`: what of the owner's is written; the owner itself when nobody says. */
  write<Op, Outcome>(write: Write<Op, Outcome>, owner: string, op: Op, thing = owner): Promise<Outcome> {
    const last = this.#batches.at(-1);
    const sent = this.#running !== undefined && this.#batches.length === 1;
    let batch = last;
    if (batch === undefined || sent || !batch.takes(write, owner, thing)) this.#batches.push((batch = new Batch()));
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    batch.add(write as Write<never, unknown>, owner, thing, { op, resolve: resolve as Asked['resolve'], reject });
    if (this.#running === undefined && !this.#soon) {
      this.#soon = true;
      setImmediate(() => {
        this.#soon = false;
        this.#running ??= this.#run();
      });
    }
    return promise;
  }

  /** Resolves when nothing of an owner, or nothing at all, waits to be written. Undefined: nothing does. */
  settled(owner?: string): Promise<void> | undefined {
    return this.#batches.findLast((batch) => owner === undefined || batch.owners.has(owner))?.over.promise;
  }

  async #run(): Promise<void> {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      await this.#commit(batch);
      this.#batches.shift();
      batch.over.resolve();
    }
    this.#running = undefined;
  }

  async #commit(batch: Batch): Promise<void> {
    await this.#attempt([...batch.groups].sort(([a], [b]) => a.phase - b.phase));
  }

  async #attempt(groups: readonly Group[]): Promise<void> {
    const before = this.#batches.length;
    try {
      const outcomes = await this.#transact(groups);
      groups.forEach(([, asked], i) => {
        asked.forEach(({ resolve }, j) => {
          resolve(outcomes[i]?.[j]);
        });
      });
    } catch (error) {
      const failure = storageError(error);
      const ones = groups.flatMap(([write, asked]) => asked.map((one): Group => [write, [one]]));
      if (!failure.unavailable && !failure.full && ones.length > 1) {
        for (const one of ones) await this.#attempt([one]); // what can't be stored takes nobody else's with it
        return;
      }
      for (const [, asked] of groups) for (const { reject } of asked) reject(failure);
      if (failure.unavailable) this.#refuseWaiting(before, failure);
    }
  }

  /** What waited while the database did not answer is refused with what was tried: else each of many would wait its turn. */
  #refuseWaiting(upTo: number, failure: StorageError): void {
    for (const batch of this.#batches.splice(1, upTo - 1)) {
      for (const asked of batch.groups.values()) for (const { reject } of asked) reject(failure);
      batch.over.resolve();
    }
  }

  async #transact(groups: readonly Group[]): Promise<(readonly unknown[])[]> {
    for (let tried = 1; ; tried++) {
      const client = await this.#pool.connect();
      let failure: unknown;
      const lost = (error: unknown) => {
        failure = error;
      };
      client.on('error', lost); // or it would be nobody's, and the process's
      try {
        return await apply(client, groups);
      } catch (error) {
        failure = error;
        if (!mayTryAgain(error) || tried === TRIES) throw error;
      } finally {
        client.off('error', lost);
        client.release(failure !== undefined);
      }
    }
  }
}

/** One statement is a transaction of its own; more of them leave together. */
async function apply(client: PoolClient, groups: readonly Group[]): Promise<(readonly unknown[])[]> {
  const several = groups.length > 1;
  const begin = several ? [client.query('BEGIN')] : [];
  const work = groups.map(async ([write, asked]) => {
    const ops = asked.map(({ op }) => op) as never[];
    const { rows } = await client.query<QueryResultRow>({
      name: write.name,
      text: write.sql,
      values: write.values(ops),
    });
    return write.outcomes(ops, rows);
  });
  const commit = several ? [client.query('COMMIT')] : [];
  // all answers are taken before the connection serves another; the first that failed says why
  const done = await Promise.allSettled([...begin, ...work, ...commit]);
  const failed = done.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Promise.all(work);
}
