import type { Log } from '../observe/log.ts';
import type { Router } from '../router/router.ts';
import type { Leases, NodeRow } from '../storage/leases.ts';
import { StorageError } from '../storage/stores.ts';
import type { Held } from './held.ts';
import type { OtherNode } from './other-node.ts';
import type { ClusterContinuity, LeftMessage } from './parts.ts';
import type { RemoteSession } from './remote-session.ts';
import { type Transit, transitKey } from './transit.ts';

/** what was sent to a node that is gone waits no longer than this for whoever takes its sessions over, milliseconds */
const HANDOVER_MS = 60_000;
/** who is to take a run over has so long before others see to it, in leases */
const SWEEP_AFTER = 1.25;
/** a node that lives and can't be asked is waited for so long, in leases: it may hold what would be given back a second time */
const PATIENCE = 15;

/** A question: which of the messages that a run had on disk somebody still cares for. */
export interface Claims {
  readonly run: string;
  readonly left: readonly LeftMessage[];
}

export interface EstateParts {
  readonly transit: Transit;
  readonly log: Log;
  readonly leases: Leases;
  readonly router: () => Router;
  readonly continuity: () => ClusterContinuity;
  readonly clock: () => number;
  readonly leaseMs: number;
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** this node's run, and the nodes that were heard */
  readonly run: string;
  others(): Iterable<OtherNode>;
}

const MOST_REMEMBERED = 100;
/** whose it is that a node left which had the storage for itself */
const ALONE = '';
const MOST_UNWITHDRAWN = 10;
const UNWITHDRAWN_MS = 60_000;

/** What this node knows of a run that is over and has left something. */
interface Estate {
  readonly since: number;
  /** its sessions are where their clients find them */
  linesTaken: boolean;
  linesTakenAt: number;
  work: Promise<void> | undefined;
}

/**
 * What runs of nodes leave that are over: sessions that wait, messages on disk and on their way, people to be withdrawn. Which
 * runs that are stands in the database until all is cared for, so nothing depends on who was to do it.
 *
 * Sessions first, and of all runs that are over: a session of one may hold a message that another had on disk. Then all nodes
 * are asked which of the messages on disk they care for; the others go where messages wait.
 */
export class Estates {
  readonly #parts: EstateParts;
  /** what sessions here got from nodes that are gone, and may be asked for */
  readonly #deadHeld = new Map<string, Held>();
  readonly #estates = new Map<string, Estate>();
  /** sessions of runs that are over, for the case that this node is asked to withdraw them */
  readonly #unwithdrawn = new Map<string, RemoteSession[]>();
  readonly #adopting = new Set<Promise<unknown>>();
  /** runs whose sessions some node has taken over, and who waits for that */
  readonly #taken = new Set<string>();
  readonly #handovers = new Map<string, (() => void)[]>();
  #leaving = false;
  /** what it left while there was but one node is not looked for yet */
  #wasAlone = true;
  /** sessions whose contacts were shown that they are gone */
  withdrawn = 0;

  constructor(parts: EstateParts) {
    this.#parts = parts;
  }

  /** It is about to stop: it takes nothing over any more. */
  leaving(): void {
    this.#leaving = true;
  }

  /**
   * A run is over; `other`: what was known of it. `ours`: it is for this node to withdraw its sessions and to take over what it
   * left.
   */
  async settle(run: string, other: OtherNode | undefined, ours: boolean): Promise<void> {
    const { log } = this.#parts;
    if (other !== undefined) remember(this.#deadHeld, run, other.held, MOST_REMEMBERED);
    const sessions = other?.dead() ?? [];
    if (other !== undefined) log.info(`node ${other.name} is gone, with ${sessions.length} sessions`);
    if (!ours && other !== undefined) {
      remember(this.#unwithdrawn, run, sessions, MOST_UNWITHDRAWN);
      setTimeout(() => this.#unwithdrawn.delete(run), UNWITHDRAWN_MS).unref();
    }
    if (other !== undefined) this.takeBack(other);
    // what we sent there may have been waiting in a session that goes on elsewhere: that comes first, or it would come twice
    if (ours) await this.#attempt(() => this.#takeLines(run));
    else await this.#handover(run);
    await this.#parts.transit
      .abandon(run)
      .catch((error: unknown) => log.error('what was on its way to a node that is gone', error));
    if (!ours) return;
    await this.#withdraw(sessions);
    void this.#work(run);
  }

  /** Called every now and then: what nobody has cared for yet. */
  async sweep(): Promise<void> {
    const runs = await this.#runs();
    const now = this.#parts.clock();
    for (const run of this.#estates.keys())
      if (!runs.includes(run) && this.#estates.get(run)?.work === undefined) this.#estates.delete(run);
    for (const run of runs) {
      const estate = this.#of(run);
      if (now - estate.since >= SWEEP_AFTER * this.#parts.leaseMs) void this.#work(run);
    }
  }

  /** Another node asks that the sessions of a run are withdrawn which it did not know itself; whether this one did. */
  async withdraw(run: string): Promise<boolean> {
    const sessions = this.#unwithdrawn.get(run);
    this.#unwithdrawn.delete(run);
    await this.#withdraw(sessions ?? []);
    return sessions !== undefined;
  }

  /** Contacts are shown that somebody is gone, unless the session goes on elsewhere. */
  async #withdraw(sessions: readonly RemoteSession[]): Promise<void> {
    const { router, log } = this.#parts;
    for (const session of sessions) {
      if (!session.available || router().sessions.get(session.jid.local, session.jid.resource) !== undefined) continue;
      this.withdrawn++;
      await router()
        .hooks.run('session-withdrawn', { session })
        .catch((error: unknown) => log.error('a session was not withdrawn', error));
    }
  }

  /** Resolves when sessions that are being taken over here are here. */
  async adoptions(): Promise<void> {
    await Promise.all(this.#adopting);
  }

  #of(run: string): Estate {
    let estate = this.#estates.get(run);
    if (estate === undefined) {
      estate = { since: this.#parts.clock(), linesTaken: false, linesTakenAt: 0, work: undefined };
      this.#estates.set(run, estate);
    }
    return estate;
  }

  /** Cares for all that a run left; what fails now is tried again by the next sweep, here or at another node. */
  #work(run: string): Promise<void> {
    const estate = this.#of(run);
    estate.work ??= this.#attempt(() => this.#workNow(run)).finally(() => {
      estate.work = undefined;
    });
    return estate.work;
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      if (!this.#leaving) await work();
    } catch (error) {
      // while the database is away nothing can be taken over, and the next sweep tries again
      if (!(error instanceof StorageError && error.unavailable))
        this.#parts.log.error('what a node left was not taken over', error);
    }
  }

  async #workNow(run: string): Promise<void> {
    const { leases, exclusive, continuity, clock } = this.#parts;
    await this.#takeLines(run);
    const estate = this.#of(run);
    const graceMs = continuity().graceMs - (clock() - estate.linesTakenAt);
    if (graceMs > 0) await new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    if (this.#leaving) return;
    for (const other of await this.#runs()) await this.#takeLines(other);
    await exclusive(`messages/${run}`, async () => {
      const estates = await this.#runs();
      if (this.#leaving || !estates.includes(run)) return; // another node has done it
      if (estates.some((other) => !this.#of(other).linesTaken)) return; // one more died meanwhile: again, with the next sweep
      const left = await continuity().left(run);
      const elsewhere = await this.#claimed(run, left);
      if (elsewhere === undefined) return;
      await continuity().giveBack(left, elsewhere);
      if (run === ALONE) this.#wasAlone = false;
      else await leases.settled(run);
    });
  }

  /** Runs that are over, and may have left something. */
  async #runs(): Promise<readonly string[]> {
    const runs = await this.#parts.leases.estates();
    return this.#wasAlone ? [ALONE, ...runs] : runs;
  }

  /** Sessions that wait are taken over, by one node; resolves when they are here, or elsewhere. */
  async #takeLines(run: string): Promise<void> {
    const estate = this.#of(run);
    if (estate.linesTaken) return;
    const { exclusive, continuity, log, clock } = this.#parts;
    const work = exclusive(`adopt/${run}`, () => continuity().adopt(run));
    const quiet = work.catch(() => 0);
    this.#adopting.add(quiet);
    try {
      const adopted = await work;
      estate.linesTaken = true;
      estate.linesTakenAt = clock();
      if (adopted > 0) log.info(`${adopted} sessions of a node that is gone wait here for their clients`);
    } finally {
      this.#adopting.delete(quiet);
    }
    if (this.#taken.has(run)) return;
    this.handedOn(run);
    // others need not wait any longer before they care for what they had sent there
    for (const other of this.#parts.others()) if (other.begun) other.tell('adopted', run);
  }

  /** Some node has taken over what waited there, or there is nobody who could. */
  handedOn(run: string): void {
    this.#taken.add(run);
    const [oldest] = this.#taken;
    if (this.#taken.size > 10 * MOST_REMEMBERED && oldest !== undefined) this.#taken.delete(oldest);
    for (const wake of this.#handovers.get(run) ?? []) wake();
    this.#handovers.delete(run);
  }

  /** Resolves when somebody has taken over the sessions of a run that is gone, or does not say so in time. */
  #handover(run: string): Promise<void> {
    if (this.#taken.has(run) || this.#parts.transit.sentTo(run).length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, HANDOVER_MS);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#handovers.set(run, [...(this.#handovers.get(run) ?? []), wake]);
    });
  }

  /** Sessions that were given to a node that has not got them wait here again. */
  takeBack(other: OtherNode, which: Iterable<string> = [...other.given.keys()]): void {
    const failed = (error: unknown) => this.#parts.log.error('a session that was given away was lost', error);
    for (const id of which) {
      const line = other.given.get(id);
      if (!other.given.delete(id)) continue;
      void this.#parts.continuity().takeIn(line).catch(failed);
    }
  }

  /** A node is there again that may not have got what was given to it: it is asked. */
  async recount(other: OtherNode): Promise<void> {
    const ids = [...other.given.keys()];
    if (ids.length === 0) return;
    const took = await other.ask('took', ids).catch(() => undefined);
    if (took === undefined) return; // with the next beginning, or when it is gone
    for (const id of took as string[]) other.given.delete(id);
    this.takeBack(
      other,
      ids.filter((id) => other.given.has(id)),
    );
  }

  /**
   * Of the messages that a run left: those that some node still cares for. Undefined when a node that lives could not be asked:
   * what it holds must not come twice.
   */
  async #claimed(run: string, left: readonly LeftMessage[]): Promise<ReadonlySet<string> | undefined> {
    if (left.length === 0) return new Set();
    const { leases, clock, leaseMs } = this.#parts;
    const rows = await leases.rows();
    const question: Claims = { run, left };
    const answers = await Promise.all([this.claims(question), ...this.#askable(rows, question)]);
    const whole = answers.every((answer) => answer !== undefined);
    if (!whole && clock() - this.#of(run).since < PATIENCE * leaseMs) return undefined;
    return new Set(answers.flatMap((answer) => answer ?? []));
  }

  /** All others that live are asked; undefined for who does not answer. */
  #askable(rows: readonly NodeRow[], question: Claims): Promise<string[] | undefined>[] {
    const others = [...this.#parts.others()].filter(({ begun }) => begun);
    const silent = rows.filter(
      ({ run, state }) => state === 'live' && run !== this.#parts.run && !others.some((other) => other.run === run),
    );
    return [
      ...others.map((other) => other.ask('claims', question).catch(() => undefined) as Promise<string[] | undefined>),
      ...silent.map(() => Promise.resolve(undefined)),
    ];
  }

  /** Which of those this node cares for: a client here has them, had them, or will have them. */
  async claims({ run, left }: Claims): Promise<string[]> {
    const living = [...this.#parts.others()].find((other) => other.run === run);
    const held = living?.held ?? this.#deadHeld.get(run);
    const { holds } = this.#parts.continuity();
    const claimed = await Promise.all(
      left.map(async (message) => {
        const origin = transitKey.read(message.key);
        const numbers = [...(origin?.run === run ? [origin.number] : []), ...(message.also ?? [])];
        const mine = (await held?.claims(numbers)) ?? [];
        return mine.length > 0 || holds(message) ? [message.key] : [];
      }),
    );
    return claimed.flat();
  }
}

/** Keeps so many, the newest. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
