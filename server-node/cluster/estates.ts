import type { Log } from '../observe/log.ts';
import type { Router } from '../router/router.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Held } from './held.ts';
import type { OtherNode } from './other-node.ts';
import type { ClusterContinuity, LeftMessage } from './parts.ts';
import type { RemoteSession } from './remote-session.ts';
import { type Transit, transitKey } from './transit.ts';

/** what was sent to a node that is gone waits no longer than this for whoever takes its sessions over, milliseconds */
const HANDOVER_MS = 6000;

/** A question: which of the messages that a run had on disk somebody still cares for. */
export interface Claims {
  readonly run: string;
  readonly numbers: readonly number[];
  readonly others: readonly (readonly [key: string, bytes: Bytes])[];
}

export interface EstateParts {
  readonly transit: Transit;
  readonly log: Log;
  readonly router: () => Router;
  readonly continuity: () => ClusterContinuity;
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** the nodes that live */
  others(): Iterable<OtherNode>;
}

const MOST_REMEMBERED = 100;
const MOST_UNWITHDRAWN = 10;

/** What runs of nodes leave that are over: sessions that wait, messages on disk and on their way, people to be withdrawn. */
export class Estates {
  readonly #parts: EstateParts;
  /** what sessions here got from nodes that are gone, and may be asked for */
  readonly #deadHeld = new Map<string, Held>();
  readonly #adopted = new Set<string>();
  /** sessions of runs that are over, for the case that this node is asked to withdraw them */
  readonly #unwithdrawn = new Map<string, RemoteSession[]>();
  readonly #adopting = new Map<string, { readonly waiting: Promise<void>; ready(): void }>();
  /** runs whose sessions some node has taken over, and who waits for that */
  readonly #taken = new Set<string>();
  readonly #handovers = new Map<string, (() => void)[]>();
  #leaving = false;
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
    if (!ours && other !== undefined) remember(this.#unwithdrawn, run, sessions, MOST_UNWITHDRAWN);
    if (other !== undefined) this.takeBack(other);
    // what we sent there may have been waiting in a session that goes on elsewhere: that comes first, or it would come twice
    if (ours) await this.adopt(run).catch((error: unknown) => log.error('what a node left was not taken over', error));
    else await this.#handover(run);
    await this.#parts.transit
      .abandon(run)
      .catch((error: unknown) => log.error('what was on its way to a node that is gone', error));
    if (ours) await this.#withdraw(sessions);
  }

  /** Another node asks that the sessions of a run are withdrawn which it did not know itself. */
  async withdraw(run: string): Promise<void> {
    const sessions = this.#unwithdrawn.get(run) ?? [];
    this.#unwithdrawn.delete(run);
    await this.#withdraw(sessions);
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

  /** Takes over what a run left, unless that was done. */
  async adopt(run: string): Promise<void> {
    if (this.#adopted.has(run) || this.#leaving) return;
    this.#adopted.add(run);
    let ready = () => {};
    const waiting = new Promise<void>((resolve) => {
      ready = resolve;
    });
    this.#adopting.set(run, { waiting, ready });
    try {
      await this.#adoptNow(run);
    } finally {
      this.#adopting.delete(run);
      ready();
    }
  }

  /** Resolves when sessions that are being taken over here are here. */
  async adoptions(): Promise<void> {
    await Promise.all([...this.#adopting.values()].map(({ waiting }) => waiting));
  }

  async #adoptNow(run: string): Promise<void> {
    const adopted = await this.#parts.exclusive(`adopt/${run}`, () =>
      this.#parts.continuity().adopt(run, (left) => {
        this.#adoptedHere(run);
        return this.#claimed(run, left);
      }),
    );
    this.#adoptedHere(run);
    if (adopted > 0) this.#parts.log.info(`${adopted} sessions of a node that is gone wait here for their clients`);
  }

  /** Its sessions wait here: others need not wait any longer before they care for what they had sent there. */
  #adoptedHere(run: string): void {
    this.#adopting.get(run)?.ready();
    if (this.#taken.has(run)) return;
    this.handedOn(run);
    for (const other of this.#parts.others()) if (other.begun) other.tell('adopted', run);
  }

  /** Some node has taken over what waited there, or there is nobody who could. */
  handedOn(run: string): void {
    this.#taken.add(run);
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

  /** Sessions that were given to a node that may never have got them wait here again. */
  takeBack(other: OtherNode): void {
    const given = [...other.given.values()];
    other.given.clear();
    const failed = (error: unknown) => this.#parts.log.error('a session that was given away was lost', error);
    for (const line of given) void this.#parts.continuity().takeIn(line).catch(failed);
  }

  /** Of the messages that a run left: those that some node still cares for. */
  async #claimed(run: string, left: readonly LeftMessage[]): Promise<ReadonlySet<string>> {
    if (left.length === 0) return new Set();
    const numbers: number[] = [];
    const others: [key: string, bytes: Bytes][] = [];
    for (const { key, bytes } of left) {
      const origin = transitKey.read(key);
      if (origin?.run === run) numbers.push(origin.number);
      else others.push([key, bytes]);
    }
    const question: Claims = { run, numbers, others };
    const answers = await Promise.all([
      this.claims(question),
      ...[...this.#parts.others()].map((other) => other.ask('claims', question).catch(() => []) as Promise<string[]>),
    ]);
    return new Set(answers.flat());
  }

  /** Which of those this node cares for: a client here has them, had them, or will have them. */
  async claims({ run, numbers, others }: Claims): Promise<string[]> {
    const living = [...this.#parts.others()].find((other) => other.run === run);
    const held = living?.held ?? this.#deadHeld.get(run);
    const mine = (await held?.claims(numbers)) ?? [];
    const { holds } = this.#parts.continuity();
    return [
      ...mine.map((number) => transitKey.of(run, number)),
      ...others.flatMap(([key, bytes]) => (holds(bytes) ? [key] : [])),
    ];
  }
}

/** Keeps so many, the newest. */
function remember<T>(map: Map<string, T>, key: string, value: T, most: number): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
