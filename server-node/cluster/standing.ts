import type { NodeRow } from '../storage/leases.ts';
import type { Work } from './works.ts';

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
  /** for how long it had those when it sent this, milliseconds; not told by older ones */
  readonly held?: Readonly<Record<string, number>>;
  /** work that only one node may do at a time and that takes long; not told when there is none */
  readonly works?: readonly Work[];
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
  /** the last beat of ours whose way there and back was measured, and how long those of late took */
  measured: number;
  trips: { readonly at: number; readonly ms: number }[];
}

/** A lease as one node sees it; milliseconds. */
export interface LeaseView {
  /** since when its counter has stood still, as far as was looked */
  readonly renewedMs: number;
  /** how long it still holds when nothing more is heard; of one's own: until one stops by oneself */
  readonly leftMs: number;
  /** by what it is renewed: the database, or the word of the other nodes while it does not reach that */
  readonly by: 'database' | 'nodes';
}

/** round trips are told as the mean of so long, milliseconds */
const TRIPS_MS = 10_000;

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
  beat(now: number): Pick<Beat, 'count' | 'heard'> & { readonly held: Record<string, number> } {
    const count = ++this.#count;
    this.#beats.push({ count, at: now });
    if (this.#beats.length > 100) this.#beats.shift();
    const heard: Record<string, number> = {};
    const held: Record<string, number> = {};
    for (const [run, known] of this.#known) {
      if (known.heardCount === 0) continue;
      heard[run] = known.heardCount;
      held[run] = Math.round((now - known.heardAt) * 100) / 100;
    }
    return { count, heard, held };
  }

  heard(beat: Beat, now: number): void {
    const known = this.#of(beat.run, now);
    known.heardAt = now;
    known.heardCount = Math.max(known.heardCount, beat.count);
    known.database = beat.database;
    const mine = beat.heard[this.#run];
    const sent = mine === undefined ? undefined : this.#beats.find(({ count }) => count === mine);
    if (sent === undefined) return;
    known.promisedAt = Math.max(known.promisedAt, sent.at);
    const held = beat.held?.[this.#run];
    // a beat is answered by many: the first of them tells how long its way was
    if (held === undefined || sent.count <= known.measured) return;
    known.measured = sent.count;
    known.trips = known.trips.filter(({ at }) => at > now - TRIPS_MS);
    known.trips.push({ at: now, ms: Math.max(0, now - sent.at - held) });
  }

  /** How long a beat's way to that run and back takes, of late, without the time that it lay there; undefined: not known. */
  roundTrip(run: string, now: number): number | undefined {
    const trips = this.#known.get(run)?.trips.filter(({ at }) => at > now - TRIPS_MS) ?? [];
    return trips.length === 0 ? undefined : trips.reduce((sum, { ms }) => sum + ms, 0) / trips.length;
  }

  /** The lease of this run; `connected`: to the others' bus. */
  ownLease(connected: boolean, now: number): LeaseView {
    return {
      renewedMs: now - this.#renewedAt,
      leftMs: Math.max(0, this.#limits.stopMs - (now - this.#servesFrom(connected, now))),
      by: this.#database ? 'database' : 'nodes',
    };
  }

  /** The lease of another run: when it is used up, it may be withdrawn. Undefined for one that is not known. */
  leaseOf(run: string, now: number): LeaseView | undefined {
    const known = this.#known.get(run);
    if (known === undefined) return undefined;
    const { stillSince, heardAt, database } = known;
    const leftMs = Math.max(0, this.#limits.leaseMs - (now - Math.max(stillSince, heardAt)));
    return { renewedMs: now - stillSince, leftMs, by: database ? 'database' : 'nodes' };
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
    return now - this.#servesFrom(connected, now) < this.#limits.stopMs;
  }

  /** Nobody withdraws it before its lease is over, counted from then. */
  #servesFrom(connected: boolean, now: number): number {
    let since = Number.NEGATIVE_INFINITY;
    if (connected) {
      since = now;
      for (const { row, promisedAt } of this.#known.values())
        if (row === undefined || row.state === 'live') since = Math.min(since, promisedAt);
    }
    return Math.max(this.#renewedAt, since);
  }

  #of(run: string, now: number): Known {
    let known = this.#known.get(run);
    if (known === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      known = {
        ...{ row: undefined, stillSince: now, heardAt: never, heardCount: 0, database: true, promisedAt: never },
        ...{ measured: 0, trips: [] },
      };
      this.#known.set(run, known);
    }
    return known;
  }
}
