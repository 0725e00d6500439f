import type { Router } from '../router/router.ts';
import type { Session } from '../router/session.ts';
import type { KeyedStore, Stores } from '../storage/stores.ts';
import { Lifeline, type LifelineLimits, type PackedLine } from '../stream/lifeline.ts';
import type { StreamCore } from '../stream/ports.ts';
import { Jid, parseJid } from '../xmpp/jid.ts';
import type { PackedSession } from './packed-session.ts';
import type { Safekeeping, Unclaimed } from './safekeeping.ts';

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

/** What a process that is over left: sessions that wait for their clients, and messages for others. */
export interface Left {
  readonly lines: readonly Lifeline<Session>[];
  readonly left: readonly Unclaimed[];
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
   * At a start: the sessions that a stop kept, and the messages that a killed process left for others. Sessions are gone from
   * disk when this resolves: a later kill must not bring back what is outdated.
   */
  async restore(): Promise<Left> {
    const { safe } = this.#options;
    // what nodes of a cluster left that this was is there under the names of their runs
    const owners = new Set([this.#owner, ...(await this.#store.owners()), ...(await safe.owners())]);
    const lines: Lifeline<Session>[] = [];
    const owned = new Set<string>();
    for (const owner of owners) await this.#take(owner, lines, owned);
    const left: Unclaimed[] = [];
    for (const owner of owners) left.push(...(await this.left(owner)).filter(({ key }) => !owned.has(key)));
    return { lines, left };
  }

  /**
   * The sessions that another node's run left, which is over. Each is `taken` as soon as it is here, and lies under this node's
   * name from then on: what is begun again after a failure takes none twice. Answers how many came.
   */
  async adopt(run: string, has: (id: string) => boolean, taken: (line: Lifeline<Session>) => void): Promise<number> {
    let adopted = 0;
    for (const [id, packed] of await this.#store.all(run)) {
      if (!has(id) && !this.#livesOn(packed)) {
        const line = await this.#unpack(packed);
        if (line !== undefined) {
          adopted++;
          taken(line);
          const mine = line.waiting ? line.pack() : undefined; // if this node dies too, the next goes on with it
          if (mine !== undefined) this.park(id, mine);
        }
      }
      await this.#store.delete(run, id);
    }
    return adopted;
  }

  /** Another node goes on with that very session: it was written twice, and what it held is there. */
  #livesOn({ session }: PackedLine): boolean {
    const { jid, connectedAt } = session as PackedSession;
    const { local = '', resource = '' } = parseJid(jid) ?? {};
    return this.#options.router.sessions.get(local, resource)?.connectedAt === connectedAt;
  }

  /** The messages on disk of a run that is over. */
  async left(run: string): Promise<Unclaimed[]> {
    return [...(await this.#options.safe.all(run))].map(([key, stanza]) => ({ key, ...stanza }));
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

  async #unpack(packed: PackedLine): Promise<Lifeline<Session> | undefined> {
    const { core, limits, now } = this.#options;
    return now() - packed.lostAt > limits.resumeMs ? undefined : Lifeline.unpack(packed, core, limits, now);
  }

  async #take(owner: string, lines: Lifeline<Session>[], owned: Set<string>): Promise<void> {
    const { core } = this.#options;
    const kept = await this.#store.all(owner);
    for (const packed of kept.values()) {
      const line = await this.#unpack(packed);
      if (line !== undefined) lines.push(line);
      else if (core.stray === undefined) continue; // else what it held has gone where messages wait
      for (const { key } of packed.waiting) if (key !== undefined) owned.add(key);
    }
    await Promise.all([...kept.keys()].map((id) => this.#store.delete(owner, id)));
  }

  /** What a killed process left goes where messages wait. `elsewhere`: keys of messages that somebody still cares for. */
  async giveBack(left: Iterable<Unclaimed>, elsewhere: ReadonlySet<string> = new Set()): Promise<void> {
    const { router, safe, core, stores } = this.#options;
    for (const message of left) {
      const { key, account, bytes, at } = message;
      if (elsewhere.has(key) || (await stores.accounts.get(account)) === undefined) {
        await safe.drop(key);
        continue;
      }
      const kept = await safe.take(message);
      await router.undelivered(new Jid(account, core.domain), [{ bytes, at }]);
      kept.drop();
    }
  }
}
