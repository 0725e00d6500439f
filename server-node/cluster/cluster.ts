import { Packer, Unpacker } from '../link/pack.ts';
import type { Others } from '../router/others.ts';
import type { Session } from '../router/session.ts';
import type { Kept, Receipt as StreamReceipt } from '../stream/ports.ts';
import { Conversation } from './conversation.ts';
import { Estates } from './estates.ts';
import { fetchLine } from './fetch-line.ts';
import { LocalSessions } from './local-sessions.ts';
import { Membership } from './membership.ts';
import { Missed } from './missed.ts';
import { OtherNode } from './other-node.ts';
import { PairLink } from './pair-link.ts';
import { type ClusterLease, type ClusterNode, type ClusterParts, type ClusterWork, WIRE_VERSION } from './parts.ts';
import type { RemoteSession } from './remote-session.ts';
import type { Succession } from './successions.ts';
import { Transit, transitKey } from './transit.ts';
import { leasesSeen, nodesSeen, type ViewParts, worksSeen } from './view.ts';
import { Works } from './works.ts';

/** a login waits no longer than this until other nodes know of it, milliseconds */
const MOST_WAIT_MS = 1000;
/** accounts that messages were kept for are remembered so long, milliseconds, and so many */
const KEPT_MS = 60_000;
const MOST_KEPT = 100_000;
/** a node that lives may have to wait for its disk before it lets go of a session, milliseconds */
const LET_GO_MS = 60_000;

/** This node among the others of its domain, as its router knows them: their sessions, and what is said to them. */
export class Cluster implements Others {
  readonly #parts: ClusterParts;
  readonly #members: Membership;
  readonly #conversation: Conversation;
  readonly #local: LocalSessions;
  readonly transit: Transit;
  readonly #estates: Estates;
  readonly #missed: Missed;
  readonly #works: Works;
  readonly #prefix: Buffer;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** accounts that messages were kept for lately, and when */
  readonly #keptFor = new Map<string, number>();
  #linksBroken = 0;

  constructor(parts: ClusterParts) {
    const onLost = (why: string) => {
      this.#stopTimers();
      parts.onLost(why);
    };
    this.#parts = parts;
    this.#works = new Works(parts.stores, parts.clock);
    this.#prefix = new Packer().byte(WIRE_VERSION).text(parts.run).take();
    this.#local = new LocalSessions({
      outs: () => this.#outs(),
      blocked: (name) => parts.router().blocklists.told(name),
    });
    this.transit = new Transit({
      run: parts.run,
      safe: parts.safe,
      now: parts.now,
      undelivered: (jid, stanzas) => parts.router().undelivered(jid, stanzas),
    });
    this.#missed = new Missed(
      (session) => parts.router().hooks.run('presence-missed', { session }),
      (error) => parts.log.error('presence that was missed failed', error),
    );
    this.#members = new Membership({
      cluster: { ...parts, onLost },
      works: this.#works,
      estates: () => this.#estates,
      publish: (datagram) => parts.bus.publish(this.#subject('all'), datagram),
      meet: (run, name) => this.#meet(run, name),
    });
    this.#estates = new Estates({
      log: parts.log,
      router: parts.router,
      continuity: parts.continuity,
      transit: this.transit,
      leases: parts.leases,
      clock: parts.clock,
      leaseMs: parts.times.leaseMs,
      run: parts.run,
      exclusive: (name, work) => this.#works.exclusive(name, work),
      others: () => this.#members.others.values(),
    });
    this.#conversation = new Conversation({
      cluster: parts,
      members: this.#members,
      estates: this.#estates,
      transit: this.transit,
    });
  }

  /** Joins; resolves when this node knows the sessions of all others that are there. @throws when the database is away */
  async start(): Promise<void> {
    const { bus, run, times, router } = this.#parts;
    router().sessions.watcher = this.#local;
    bus.subscribe(this.#subject('all'), (data) => this.#attempt(() => this.#members.heard(data)));
    bus.subscribe(this.#subject(run), (data) => this.#attempt(() => this.#datagram(data)));
    const past = await this.#members.join();
    this.#timers.push(
      setInterval(() => this.#tick(), 100),
      setInterval(() => this.#members.beat(), times.beatMs),
      setInterval(() => void this.#members.renew(), times.renewMs),
    );
    this.#members.beat();
    await this.#members.linked();
    await past();
  }

  /** Nobody is let in any more, and others know that; or people are again. */
  get draining(): boolean {
    return this.#members.draining;
  }

  set draining(draining: boolean) {
    this.#members.draining = draining;
  }

  /** It is about to stop: it takes nothing over any more, and others learn that. */
  leaving(): void {
    this.#estates.leaving();
    this.draining = true;
    this.#members.beat();
  }

  /** Says goodbye; what others must care for is in the storage. */
  async leave(): Promise<void> {
    this.#stopTimers();
    const others = [...this.#members.others.values()];
    const heir = others.find((other) => other.begun && this.#members.beats.get(other.run)?.draining !== true);
    // without an heir the row stays: who comes next finds what is left
    if (heir !== undefined) await this.#parts.leases.leave(this.#parts.run).catch(() => undefined);
    for (const other of others) other.tell('left', { heir: heir?.run ?? null });
    for (const other of others) other.link.flush();
    this.#members.end();
    this.#parts.router().sessions.watcher = undefined;
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  // What people are told.

  get counters(): { readonly fenced: number; readonly links_broken: number } {
    return { fenced: this.#members.fenced, links_broken: this.#linksBroken };
  }

  nodes(): ClusterNode[] {
    return nodesSeen(this.#view());
  }

  leases(): ClusterLease[] {
    return leasesSeen(this.#view());
  }

  works(): ClusterWork[] {
    return worksSeen(this.#view());
  }

  #view(): ViewParts {
    const { standing, rows, others, beats, draining } = this.#members;
    return { parts: this.#parts, works: this.#works, standing, rows, others, beats, draining };
  }

  /** locks that this node has had since its start, and those that it did not get or lost */
  get locks(): Works['counts'] {
    return this.#works.counts;
  }

  /** Runs that ended while this node was there, and who saw to what they left. */
  get successions(): readonly Succession[] {
    return this.#members.successions.all();
  }

  // What the router asks of it.

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#works.exclusive(name, work);
  }

  changed(name: string, what: string, now?: readonly string[]): void {
    for (const other of this.#members.others.values()) if (other.begun) other.tell('changed', { name, what, now });
  }

  kept(name: string): void {
    this.#keptFor.delete(name);
    this.#keptFor.set(name, this.#parts.clock());
    for (const session of this.#parts.router().sessions.of(name))
      if (!session.here && session.available && session.priority >= 0) this.#waiting(session as RemoteSession);
  }

  get news(): number {
    return this.#local.news;
  }

  async informed(): Promise<void> {
    const { clock, times } = this.#parts;
    const waited = new Set<OtherNode>();
    for (const other of this.#members.others.values()) {
      if (!other.begun) continue;
      // one that has been silent for longer than it should is not waited for
      if (clock() - this.#members.standing.heardAt(other.run) < 2 * times.beatMs + 200) waited.add(other);
      else other.doubt();
    }
    if (waited.size === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, MOST_WAIT_MS);
    });
    const heard = [...waited].map((other) => other.link.heard().then(() => waited.delete(other)));
    await Promise.race([Promise.all(heard), enough]);
    clearTimeout(timer);
    for (const other of waited) if (other.begun) other.doubt();
  }

  async room(name: string): Promise<boolean> {
    const sessions = this.#parts.router().sessions.of(name);
    const holders = new Set(sessions.filter((one) => !one.here).map((one) => (one as RemoteSession).way.run));
    for (const run of holders) {
      const made = await this.#members.others
        .get(run)
        ?.ask('room', name)
        .catch(() => false);
      if (made === true) return true;
    }
    return false;
  }

  /** A session that can be resumed, from the node that holds it; undefined when none does. */
  async fetch(id: string, account: string): Promise<unknown> {
    const { clock, times, continuity } = this.#parts;
    const found = await fetchLine({
      others: () => this.#members.others.values(),
      question: { id, account },
      patienceMs: 2 * times.leaseMs,
      clock,
      late: (line) =>
        this.#conversation.aside('a session that came late', async () => {
          this.#conversation.took(id);
          await continuity().takeIn(line);
          this.fetched(id);
        }),
    });
    if (found === undefined) await this.#estates.adoptions();
    else this.#conversation.took(id);
    return found;
  }

  /** The node that holds a session whose edge has come here with it lets go of it; undefined when it does not say so. */
  letGo(session: Session, departure: unknown): Promise<unknown> {
    const { run } = (session as RemoteSession).way;
    const asked = this.#members.others.get(run)?.ask('let-go', departure, LET_GO_MS);
    return asked?.catch(() => undefined) ?? Promise.resolve(undefined);
  }

  /** A session that was fetched is here for good: who gave it away need not remember it. */
  fetched(id: string): void {
    for (const other of this.#members.others.values()) if (other.begun) other.tell('fetched', id);
  }

  /** What a session got from this node or another: its receipt, by the key under which that node keeps it. */
  receiptOf(key: string): StreamReceipt | undefined {
    const origin = transitKey.read(key);
    if (origin === undefined) return undefined;
    const { run, number } = origin;
    if (run === this.#parts.run) {
      this.transit.moved(number, run);
      return {
        taken: () => this.transit.taken(number),
        lost: () => {
          void this.transit.lost(number);
          return false;
        },
        keep: () => {
          const stored = this.transit.keep(number) ?? Promise.resolve();
          return { key, stored, drop: () => {} } satisfies Kept;
        },
      };
    }
    const other = this.#members.others.get(run);
    if (other === undefined) return undefined;
    other.tell('moved', number);
    return other.held.take(number);
  }

  /**
   * A session has gone to another node. What others sent to it that has not come yet is too late: they learn that before they can
   * hear where it is, so that what they send next does not overtake it.
   */
  went({ jid }: Session): void {
    for (const other of this.#members.others.values())
      if (other.begun) other.tell('went', { jid: jid.wire, upTo: other.receivedUpTo });
  }

  /** A session that goes to another node takes these along. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      const origin = transitKey.read(key);
      if (origin !== undefined) this.#members.others.get(origin.run)?.held.forget(origin.number);
    }
  }

  // How it goes on.

  #subject(of: string): string {
    return `parley.${this.#parts.domain.replaceAll('.', '_')}.${of}`;
  }

  *#outs(): Iterable<Packer> {
    for (const other of this.#members.others.values()) if (other.begun) yield other.link.out;
  }

  #attempt(work: () => void): void {
    if (this.#members.lost) return;
    try {
      work();
    } catch (error) {
      this.#parts.log.error('what another node says was not understood', error);
    }
  }

  #meet(run: string, name: string): OtherNode {
    const { domain, router, times, clock, bus, log } = this.#parts;
    const subject = this.#subject(run);
    return new OtherNode(
      run,
      name,
      {
        domain,
        sessions: router().sessions,
        local: this.#local,
        blocklists: router().blocklists,
        transit: this.transit,
        clock,
        uncertainMs: 3 * times.patienceMs,
        dropCopy: (key) => this.#parts.safe.drop(key),
        answer: (from, what, body) => this.#conversation.answer(from, what, body),
        told: (from, what, body) => this.#conversation.told(from, what, body),
        close: (session) => void router().close(session),
        twice: (mine, theirs) => this.#twice(mine, theirs),
        onFault: (error, what) => log.error(`${what} failed`, error),
        missed: (session) => this.#missed.add(session),
        moved: (session) =>
          this.#conversation.aside('presence of who has moved', () =>
            router().hooks.run('presence-missed', { session, newcomers: true }),
          ),
        ready: (session) => {
          if (this.#keptFor.has(session.jid.local)) this.#waiting(session);
        },
        outdated: () =>
          this.#conversation.aside('what is outdated', () =>
            router().hooks.run('account-changed', { name: '', what: 'all' }),
          ),
      },
      (node) =>
        new PairLink({
          mostDatagram: bus.most,
          prefix: this.#prefix,
          limits: times,
          clock,
          send: (datagram) => bus.publish(subject, datagram),
          gather: () => node.gather(),
          take: (batch) => node.take(batch),
          fault: (error) => log.error(`what node ${name} says was not understood`, error),
          restarted: () => {
            node.replica.restarted();
            node.held.askAgain();
          },
          broken: (why, notes) => {
            this.#linksBroken++;
            log.warn(`the link to node ${name} is given up: ${why}`);
            node.broken(notes);
          },
        }),
    );
  }

  #datagram(data: Uint8Array): void {
    const reader = new Unpacker(data);
    if (reader.byte() !== WIRE_VERSION) return;
    const other = this.#members.others.get(reader.text());
    if (other === undefined) return; // its beat comes first
    other.link.received(reader.byte(), reader, () => reader.rest());
  }

  #tick(): void {
    const { clock } = this.#parts;
    for (const other of this.#members.others.values()) {
      // what can't be delivered for long is not waited for; a new beginning follows when it is heard again
      if (other.begun || clock() - this.#members.standing.heardAt(other.run) < 1000) other.link.tick();
    }
    const old = clock() - KEPT_MS;
    for (const [name, at] of this.#keptFor) {
      if (at > old && this.#keptFor.size < MOST_KEPT) break;
      this.#keptFor.delete(name);
    }
    this.#members.check();
  }

  #twice(mine: Session, theirs: RemoteSession): void {
    const older =
      mine.connectedAt < theirs.connectedAt ||
      (mine.connectedAt === theirs.connectedAt && this.#parts.run < theirs.way.run);
    if (!older || mine.closed) return; // its own node ends it
    mine.outlet.end('conflict', 'replaced by a new session of the same resource');
    void this.#parts.router().close(mine);
  }

  #waiting(session: RemoteSession): void {
    this.#members.others.get(session.way.run)?.tell('waiting', session.jid.local);
  }
}
