import type { NodeRow } from '../storage/leases.ts';

export interface StandingLimits {
  /** a node whose counter stood still for so long, and that was not heard, may be withdrawn; milliseconds */
  readonly leaseMs: number;
  /** a node that could not renew for so long serves nobody any more; less than `leaseMs` */
  readonly stopMs: number;
}

/** What a node says of itself, to all others, every now and then. */
export interface Beat {
  readonly run: string;
  readonly node: string;
  /** which beat of that run */
  readonly count: number;
  /** the last beat that it has heard of each other run */
  readonly heard: Readonly<Record<string, number>>;
  /** its last renewal in the database went well */
  readonly database: boolean;
  readonly sessions: number;
  readonly draining: boolean;
  readonly version: string;
}

interface Known {
  row: NodeRow | undefined;
  /** when we saw its counter as it is now first, having looked ever since */
  stillSince: number;
  heardAt: number;
  heardCount: number;
  database: boolean;
  /** when we sent the last beat of ours that it says it has heard */
  promisedAt: number;
}

/**
 * Which nodes live, and whether this one may serve. Judged by one's own clock alone, which only has to go forward:
 *
 * - A node may be withdrawn when its counter in the database stood still for `leaseMs` while we looked, and no beat of it
 *   was heard for as long.
 * - So a node may serve for `stopMs`, which is less, from when it began its last renewal; or from when it sent the last
 *   beat that every other node says it has heard, for none of them withdraws it before that. The latter carries a
 *   cluster through a time without its database. A node that hears neither database nor others stops.
 */
export class Standing {
  readonly #run: string;
  readonly #limits: StandingLimits;
  readonly #known = new Map<string, Known>();
  readonly #beats: { readonly count: number; readonly at: number }[] = [];
  #count = 0;
  #renewedAt: number;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #database = true;

  constructor(run: string, limits: StandingLimits, now: number) {
    this.#run = run;
    this.#limits = limits;
    this.#renewedAt = now;
  }

  get database(): boolean {
    return this.#database;
  }

  /** The next beat's number, and what was heard of others. */
  beat(now: number): { readonly count: number; readonly heard: Record<string, number> } {
    const count = ++this.#count;
    this.#beats.push({ count, at: now });
    if (this.#beats.length > 100) this.#beats.shift();
    const heard: Record<string, number> = {};
    for (const [run, known] of this.#known) if (known.heardCount > 0) heard[run] = known.heardCount;
    return { count, heard };
  }

  heard(beat: Beat, now: number): void {
    const known = this.#of(beat.run, now);
    known.heardAt = now;
    known.heardCount = Math.max(known.heardCount, beat.count);
    known.database = beat.database;
    const mine = beat.heard[this.#run];
    const sent = mine === undefined ? undefined : this.#beats.find(({ count }) => count === mine);
    if (sent !== undefined) known.promisedAt = Math.max(known.promisedAt, sent.at);
  }

  /** A renewal that was begun at `begun` has gone well, and found these rows. Answers whether we are still a node. */
  renewed(rows: readonly NodeRow[], begun: number, now: number): boolean {
    const looking = now - this.#lookedAt < this.#limits.leaseMs / 2;
    this.#lookedAt = now;
    this.#database = true;
    const mine = rows.find(({ run }) => run === this.#run);
    if (mine?.state !== 'live') return false;
    this.#renewedAt = Math.max(this.#renewedAt, begun);
    for (const [run, known] of this.#known)
      if (known.row !== undefined && !rows.some((row) => row.run === run)) this.#known.delete(run); // another run took its place
    for (const row of rows) {
      if (row.run === this.#run) continue;
      const known = this.#of(row.run, now);
      if (!looking || known.row === undefined || known.row.renewals !== row.renewals) known.stillSince = now;
      known.row = row;
    }
    return true;
  }

  failed(): void {
    this.#database = false;
  }

  /** Of a run, when nothing more is to be known of it. */
  forget(run: string): void {
    this.#known.delete(run);
  }

  /** Those who were heard lately and say that they can't reach the database: they live, and we can say so for them. */
  vouched(now: number): string[] {
    return [...this.#known]
      .filter(([, known]) => !known.database && now - known.heardAt < this.#limits.leaseMs / 2)
      .map(([run]) => run);
  }

  /** Nodes that nobody has heard for too long, by their rows. */
  silent(now: number): NodeRow[] {
    const { leaseMs } = this.#limits;
    return [...this.#known.values()].flatMap(({ row, stillSince, heardAt }) =>
      row?.state === 'live' && now - stillSince >= leaseMs && now - heardAt >= leaseMs ? [row] : [],
    );
  }

  /** When a run was heard last. */
  heardAt(run: string): number {
    return this.#known.get(run)?.heardAt ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether this node may serve. `connected`: to the others' bus. */
  mayServe(connected: boolean, now: number): boolean {
    let since = Number.NEGATIVE_INFINITY;
    if (connected) {
      since = now;
      for (const { row, promisedAt } of this.#known.values())
        if (row === undefined || row.state === 'live') since = Math.min(since, promisedAt);
    }
    return now - Math.max(this.#renewedAt, since) < this.#limits.stopMs;
  }

  #of(run: string, now: number): Known {
    let known = this.#known.get(run);
    if (known === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      known = { row: undefined, stillSince: now, heardAt: never, heardCount: 0, database: true, promisedAt: never };
      this.#known.set(run, known);
    }
    return known;
  }
}
