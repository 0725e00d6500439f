import type { Router } from '../router/router.ts';
import type { Session } from '../router/session.ts';
import type { KeyedStore, Stores } from '../storage/stores.ts';
import { Lifeline, type LifelineLimits, type PackedLine } from '../stream/lifeline.ts';
import type { StreamCore } from '../stream/ports.ts';
import { Jid } from '../xmpp/jid.ts';
import type { Safekeeping } from './safekeeping.ts';

export interface ContinuityOptions {
  readonly stores: Stores;
  readonly router: Router;
  readonly safe: Safekeeping;
  readonly core: StreamCore<Session>;
  readonly limits: LifelineLimits;
  readonly now: () => number;
  /** whose sessions these are, where several nodes share the storage: a run of a node */
  readonly owner?: string;
}

/** What outlives the process: sessions that can be resumed, after a stop; unacknowledged messages, whatever happened. */
export class Continuity {
  readonly #options: ContinuityOptions;
  readonly #store: KeyedStore<PackedLine>;
  readonly #owner: string;
  /** what is written of each parked session, so that it is removed behind it */
  readonly #parking = new Map<string, Promise<unknown>>();

  constructor(options: ContinuityOptions) {
    this.#options = options;
    this.#owner = options.owner ?? '';
    this.#store = options.stores.keyed<PackedLine>('session');
  }

  /** Keeps the sessions that may be resumed; resolves when they are on disk. Answers how many. */
  async keep(lines: Iterable<Lifeline<Session>>): Promise<number> {
    const packed = [...lines].map((line) => line.pack()).filter((line) => line !== undefined);
    await Promise.all(packed.map((line) => this.#store.set(this.#owner, line.id, line)));
    return packed.length;
  }

  /**
   * At a start: the sessions that a stop kept, and each message that a killed process left goes where messages wait. What
   * was read is gone from disk when this resolves: a later kill must not bring back what is outdated.
   */
  restore(): Promise<readonly Lifeline<Session>[]> {
    return this.#take(this.#owner, async () => new Set());
  }

  /** A session waits for its client: if this node dies, another can go on with it. */
  park(id: string, line: PackedLine): void {
    const written = this.#store.set(this.#owner, id, line).catch(() => undefined); // then it dies with its node
    this.#parking.set(id, written);
  }

  unpark(id: string): void {
    const written = this.#parking.get(id);
    this.#parking.delete(id);
    if (written !== undefined) void written.then(() => this.#store.delete(this.#owner, id)).catch(() => undefined);
  }

  /** Takes over what another node's run left, which is over; `claimed`: keys of messages that are cared for elsewhere. */
  async adopt(
    run: string,
    claimed: (keys: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<readonly Lifeline<Session>[]> {
    return this.#take(run, claimed);
  }

  async #take(
    owner: string,
    claimed: (keys: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<readonly Lifeline<Session>[]> {
    const { router, safe, core, limits, now, stores } = this.#options;
    const kept = await this.#store.all(owner);
    const messages = await safe.all(owner);
    const lines: Lifeline<Session>[] = [];
    const owned = new Set<string>();
    for (const packed of kept.values()) {
      if (now() - packed.lostAt > limits.resumeMs) continue;
      const line = await Lifeline.unpack(packed, core, limits, now);
      if (line === undefined) continue;
      lines.push(line);
      for (const { key } of packed.waiting) if (key !== undefined) owned.add(key);
    }
    await Promise.all([...kept.keys()].map((id) => this.#store.delete(owner, id)));
    const elsewhere = await claimed([...messages.keys()].filter((key) => !owned.has(key)));
    for (const [key, { account, ...stanza }] of messages) {
      if (owned.has(key)) continue;
      const known = !elsewhere.has(key) && (await stores.accounts.get(account)) !== undefined;
      if (known) await router.undelivered(new Jid(account, core.domain), [stanza]);
      await safe.drop(key);
    }
    return lines;
  }
}
