import { Packer, Unpacker } from '../link/pack.ts';
import type { Others } from '../router/others.ts';
import type { Session } from '../router/session.ts';
import type { NodeRow } from '../storage/leases.ts';
import type { Kept, Receipt as StreamReceipt } from '../stream/ports.ts';
import { type Claims, Estates } from './estates.ts';
import { fetchLine } from './fetch-line.ts';
import { LocalSessions } from './local-sessions.ts';
import { Missed } from './missed.ts';
import { OtherNode } from './other-node.ts';
import { PairLink } from './pair-link.ts';
import { type ClusterNode, type ClusterParts, NameTaken, WIRE_VERSION } from './parts.ts';
import type { RemoteSession } from './remote-session.ts';
import { type Beat, Standing } from './standing.ts';
import { Transit, transitKey } from './transit.ts';

/** a login waits no longer than this until other nodes know of it, milliseconds */
const MOST_WAIT_MS = 1000;
/** a node that lives may have to wait for its disk before it lets go of a session, milliseconds */
const LET_GO_MS = 60_000;
/** renewals of the lease from one look for what others left to the next */
const SWEEP_EVERY = 2;

/** This node among the others of its domain: who they are, which sessions they hold, and what is said between them. */
export class Cluster implements Others {
  readonly #parts: ClusterParts;
  readonly #standing: Standing;
  readonly #others = new Map<string, OtherNode>();
  readonly #beats = new Map<string, Beat>();
  readonly #dead = new Set<string>();
  readonly #rows = new Map<string, NodeRow>();
  readonly #local: LocalSessions;
  readonly transit: Transit;
  readonly #estates: Estates;
  readonly #missed: Missed;
  readonly #prefix: Buffer;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** accounts that messages were kept for lately, and when */
  readonly #keptFor = new Map<string, number>();
  /** runs that this node was about to fence when the database went away */
  readonly #fencing = new Set<string>();
  #renewing = false;
  #renewals = 0;
  #joined = false;
  #lost = false;
  draining = false;
  readonly counters = { fenced: 0, links_broken: 0 };

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#standing = new Standing(parts.run, parts.times, parts.clock());
    this.#local = new LocalSessions({
      outs: () => this.#outs(),
      blocked: (name) => parts.router().blocklists.told(name),
    });
    this.#prefix = new Packer().byte(WIRE_VERSION).text(parts.run).take();
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
    this.#estates = new Estates({
      log: parts.log,
      router: parts.router,
      continuity: parts.continuity,
      transit: this.transit,
      leases: parts.leases,
      clock: parts.clock,
      leaseMs: parts.times.leaseMs,
      run: parts.run,
      exclusive: (name, work) => parts.stores.exclusive(name, work),
      others: () => this.#others.values(),
    });
  }

  /** Joins; resolves when this node knows the sessions of all others that are there. @throws when the database is away */
  async start(): Promise<void> {
    const { bus, leases, node, run, info, times, router } = this.#parts;
    router().sessions.watcher = this.#local;
    bus.subscribe(this.#subject('all'), (data) => this.#attempt(() => this.#heard(data)));
    bus.subscribe(this.#subject(run), (data) => this.#attempt(() => this.#datagram(data)));
    const begun = this.#parts.clock();
    for (const row of await leases.rows()) this.#rows.set(row.run, row);
    await this.#refuseNamesake();
    const before = [...this.#rows.values()].filter((row) => row.state !== 'live' || row.node === node);
    const former = await leases.join(node, run, { ...info, version: this.#parts.version });
    this.#renewed(await leases.renew(run, []), begun);
    this.#joined = true;
    this.#timers.push(
      setInterval(() => this.#tick(), 100),
      setInterval(() => this.#beat(), times.beatMs),
      setInterval(() => void this.#renew(), times.renewMs),
    );
    this.#beat();
    await this.#linked();
    for (const row of before) await this.#buried(row.run, true);
    // those who were at our last run are known to the others alone: one of them withdraws them
    if (former !== undefined) await this.#withdrawnByOthers(former.run);
  }

  /** It is about to stop: it takes nothing over any more, and others learn that. */
  leaving(): void {
    this.#estates.leaving();
    this.draining = true;
    this.#beat();
  }

  /** Says goodbye; what others must care for is in the storage. */
  async leave(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const heir = [...this.#others.values()].find(
      (other) => other.begun && this.#beats.get(other.run)?.draining !== true,
    );
    // without an heir the row stays: who comes next finds what is left
    if (heir !== undefined) await this.#parts.leases.leave(this.#parts.run).catch(() => undefined);
    for (const other of this.#others.values()) other.tell('left', { heir: heir?.run ?? null });
    for (const other of this.#others.values()) other.link.flush();
    this.#lost = true;
    this.#parts.router().sessions.watcher = undefined;
  }

  nodes(): ClusterNode[] {
    const mine: ClusterNode = {
      node: this.#parts.node,
      run: this.#parts.run,
      state: 'here',
      sessions: this.#parts.router().sessions.size,
      version: this.#parts.version,
      draining: this.draining,
      database: this.#standing.database,
      backlog: 0,
      lagMs: 0,
      delivered: 0,
      received: 0,
      resent: 0,
      info: this.#parts.info,
    };
    const now = this.#parts.clock();
    const theirs = [...this.#others.values()].map((other): ClusterNode => {
      const beat = this.#beats.get(other.run);
      const silent = now - this.#standing.heardAt(other.run) > this.#parts.times.leaseMs / 2;
      return {
        node: other.name,
        run: other.run,
        state: silent ? 'silent' : other.begun && other.replica.whole ? 'linked' : 'joining',
        sessions: other.replica.size,
        version: beat?.version ?? '',
        draining: beat?.draining ?? false,
        database: beat?.database ?? false,
        backlog: other.link.backlog,
        lagMs: Math.round(other.link.lag),
        ...other.counters,
        resent: other.link.counters.resent,
        info: this.#rows.get(other.run)?.info,
      };
    });
    return [mine, ...theirs].sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  // What the router asks of it.

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#parts.stores.exclusive(name, work);
  }

  changed(name: string, what: string, now?: readonly string[]): void {
    for (const other of this.#others.values()) if (other.begun) other.tell('changed', { name, what, now });
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
    for (const other of this.#others.values()) {
      if (!other.begun) continue;
      // one that has been silent for longer than it should is not waited for
      if (clock() - this.#standing.heardAt(other.run) < 2 * times.beatMs + 200) waited.add(other);
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
      const made = await this.#others
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
      others: () => this.#others.values(),
      question: { id, account },
      patienceMs: 2 * times.leaseMs,
      clock,
      late: (line) => this.#aside('a session that came late', () => continuity().takeIn(line)),
    });
    if (found === undefined) await this.#estates.adoptions();
    return found;
  }

  /** The node that holds a session whose edge has come here with it lets go of it; undefined when it does not say so. */
  letGo(session: Session, departure: unknown): Promise<unknown> {
    const { run } = (session as RemoteSession).way;
    const asked = this.#others.get(run)?.ask('let-go', departure, LET_GO_MS);
    return asked?.catch(() => undefined) ?? Promise.resolve(undefined);
  }

  /** A session that was fetched is here for good: who gave it away need not remember it. */
  fetched(id: string): void {
    for (const other of this.#others.values()) if (other.begun) other.tell('fetched', id);
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
    const other = this.#others.get(run);
    if (other === undefined) return undefined;
    other.tell('moved', number);
    return other.held.take(number);
  }

  /** A session that goes to another node takes these along. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      const origin = transitKey.read(key);
      if (origin !== undefined) this.#others.get(origin.run)?.held.forget(origin.number);
    }
  }

  // How it goes on.

  #subject(of: string): string {
    return `parley.${this.#parts.domain.replaceAll('.', '_')}.${of}`;
  }

  *#outs(): Iterable<Packer> {
    for (const other of this.#others.values()) if (other.begun) yield other.link.out;
  }

  #attempt(work: () => void): void {
    if (this.#lost) return;
    try {
      work();
    } catch (error) {
      this.#parts.log.error('what another node says was not understood', error);
    }
  }

  async #withdrawnByOthers(run: string): Promise<void> {
    const { clock, times } = this.#parts;
    const begun = () => [...this.#others.values()].find((other) => other.begun);
    const until = clock() + times.leaseMs;
    while (begun() === undefined && this.#others.size > 0 && clock() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await begun()
      ?.ask('withdraw', run)
      .catch(() => undefined);
  }

  /** A node of our name that still speaks is another one: of two that take each other's place neither could stay. */
  async #refuseNamesake(): Promise<void> {
    const { node, times, clock } = this.#parts;
    const former = [...this.#rows.values()].find((row) => row.node === node && row.state === 'live');
    if (former === undefined) return;
    const since = clock();
    await new Promise((resolve) => setTimeout(resolve, 2 * times.beatMs + 100));
    if (this.#standing.heardAt(former.run) > since) throw new NameTaken(node);
  }

  /** Resolves when all nodes that were heard are linked; a node that stays silent is waited for no longer than its lease. */
  async #linked(): Promise<void> {
    const { clock, times, run } = this.#parts;
    const until = clock() + times.leaseMs * 2;
    const whole = () =>
      [...this.#rows.values()].every(
        (row) => row.run === run || row.state !== 'live' || this.#others.get(row.run)?.replica.whole === true,
      );
    while (clock() < until && !whole()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  #beat(): void {
    if (!this.#joined) return;
    const { node, run, version, clock, router, bus } = this.#parts;
    const beat: Beat = {
      run,
      node,
      ...this.#standing.beat(clock()),
      database: this.#standing.database,
      sessions: router().sessions.size,
      draining: this.draining,
      version,
    };
    bus.publish(this.#subject('all'), new Packer().byte(WIRE_VERSION).text(JSON.stringify(beat)).take());
  }

  #heard(data: Uint8Array): void {
    const reader = new Unpacker(data);
    if (reader.byte() !== WIRE_VERSION) return;
    const beat = JSON.parse(reader.text()) as Beat;
    if (beat.run === this.#parts.run || this.#dead.has(beat.run)) return;
    const { clock, times } = this.#parts;
    const known = this.#others.get(beat.run);
    if (clock() - this.#standing.heardAt(beat.run) > 2 * times.beatMs) known?.link.heardAgain();
    this.#standing.heard(beat, clock());
    const other = known ?? this.#meet(beat.run, beat.node);
    this.#beats.set(beat.run, beat);
    if (known === undefined) this.#beat(); // it learns of us at once
    if (!other.begun && beat.heard[this.#parts.run] !== undefined) other.begin();
  }

  #meet(run: string, name: string): OtherNode {
    const { domain, router, times, clock, bus, log } = this.#parts;
    const subject = this.#subject(run);
    const other = new OtherNode(
      run,
      name,
      {
        domain,
        sessions: router().sessions,
        local: this.#local,
        blocklists: router().blocklists,
        transit: this.transit,
        uncertainMs: 3 * times.patienceMs,
        answer: (from, what, body) => this.#answer(from, what, body),
        told: (from, what, body) => this.#told(from, what, body),
        close: (session) => void router().close(session),
        twice: (mine, theirs) => this.#twice(mine, theirs),
        onFault: (error, what) => log.error(`${what} failed`, error),
        missed: (session) => this.#missed.add(session),
        ready: (session) => {
          if (this.#keptFor.has(session.jid.local)) this.#waiting(session);
        },
        outdated: () =>
          this.#aside('what is outdated', () => router().hooks.run('account-changed', { name: '', what: 'all' })),
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
          restarted: () => {
            node.replica.restarted();
            node.held.askAgain();
          },
          broken: (why, notes) => {
            this.counters.links_broken++;
            log.warn(`the link to node ${name} is given up: ${why}`);
            node.broken(notes);
            this.#estates.takeBack(node);
          },
        }),
    );
    other.metAt = clock();
    this.#others.set(run, other);
    log.info(`node ${name} is there`);
    return other;
  }

  #datagram(data: Uint8Array): void {
    const reader = new Unpacker(data);
    if (reader.byte() !== WIRE_VERSION) return;
    const run = reader.text();
    const other = this.#others.get(run);
    if (other === undefined) return; // its beat comes first
    other.link.received(reader.byte(), reader, () => reader.rest());
  }

  #tick(): void {
    for (const other of this.#others.values()) {
      // what can't be delivered for long is not waited for; a new beginning follows when it is heard again
      if (other.begun || this.#parts.clock() - this.#standing.heardAt(other.run) < 1000) other.link.tick();
    }
    const old = this.#parts.clock() - 60_000;
    for (const [name, at] of this.#keptFor) {
      if (at > old && this.#keptFor.size < 100_000) break;
      this.#keptFor.delete(name);
    }
    if (!this.#standing.mayServe(this.#parts.bus.connected, this.#parts.clock()))
      this.#lose('it can reach neither the database nor the other nodes');
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#lost) return;
    this.#renewing = true;
    try {
      const begun = this.#parts.clock();
      const rows = await this.#parts.leases.renew(this.#parts.run, this.#standing.vouched(begun));
      this.#renewed(rows, begun);
      for (const row of this.#standing.silent(this.#parts.clock())) {
        this.#fencing.add(row.run); // if no answer comes it may be done all the same, and then it is for us to go on
        const fenced = await this.#parts.leases.fence(row.run, row.renewals);
        this.#fencing.delete(row.run);
        if (!fenced) continue;
        this.counters.fenced++;
        this.#parts.log.warn(`node ${row.node} is silent: its sessions are withdrawn`);
        for (const other of this.#others.values()) if (other.run !== row.run) other.tell('fenced', row.run);
        await this.#buried(row.run, true);
      }
      if (++this.#renewals % SWEEP_EVERY === 0) await this.#estates.sweep();
    } catch (error) {
      if (this.#standing.database)
        this.#parts.log.warn(`the database is out of reach: ${error instanceof Error ? error.message : error}`);
      this.#standing.failed();
    } finally {
      this.#renewing = false;
    }
  }

  #renewed(rows: readonly NodeRow[], begun: number): void {
    const { clock } = this.#parts;
    if (!this.#standing.renewed(rows, begun, clock())) {
      this.#lose('the others have taken it for dead');
      return;
    }
    const before = new Set(this.#rows.keys());
    this.#rows.clear();
    for (const row of rows) this.#rows.set(row.run, row);
    // one that is over, or whose place a new run of it has taken: who withdrew it, or was started, sees to what it left.
    // One that was never in a row is about to join.
    for (const other of [...this.#others.values()]) {
      const row = this.#rows.get(other.run);
      // whom we met after we began to ask may have joined behind what we read
      const replaced = () => rows.some(({ node }) => node === other.name) && other.metAt < begun;
      const silent = () => clock() - this.#standing.heardAt(other.run) > 2 * this.#parts.times.leaseMs;
      if (row === undefined ? before.has(other.run) || replaced() || silent() : row.state !== 'live')
        void this.#buried(other.run, row?.state === 'fenced' && this.#fencing.delete(other.run));
    }
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#parts.onLost(why);
  }

  /** A run is over. `ours`: it is for this node to withdraw its sessions and to take over what it left. */
  #buried(run: string, ours: boolean): Promise<void> {
    const other = this.#others.get(run);
    this.#standing.forget(run);
    this.#dead.add(run);
    this.#others.delete(run);
    this.#beats.delete(run);
    return this.#estates.settle(run, other, ours);
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
    this.#others.get(session.way.run)?.tell('waiting', session.jid.local);
  }

  #aside(what: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => this.#parts.log.error(`${what} failed`, error));
  }

  async #answer(from: OtherNode, what: string, body: unknown): Promise<unknown> {
    if (what === 'room') return this.#parts.router().makeRoom(String(body));
    if (what === 'line') {
      const { id, account } = body as { id: string; account: string };
      await this.#estates.adoptions();
      const line = await this.#parts.continuity().release(id, account);
      if (line !== undefined) from.given.set(id, line);
      return line;
    }
    if (what === 'let-go') return this.#parts.continuity().letGo(body);
    if (what === 'withdraw') {
      const run = String(body);
      await this.#buried(run, false);
      await this.#estates.withdraw(run);
      return true;
    }
    if (what === 'holds') return from.held.knows(body as number[]);
    if (what === 'claims') return this.#estates.claims(body as Claims);
    throw new Error(`this node does not know '${what}'`);
  }

  #told(from: OtherNode, what: string, body: unknown): void {
    const { hooks } = this.#parts.router();
    if (what === 'changed')
      this.#aside('what has changed', () =>
        hooks.run('account-changed', body as { name: string; what: string; now?: string[] }),
      );
    else if (what === 'waiting')
      this.#aside('messages that wait', () => hooks.run('messages-waiting', { name: String(body) }));
    else if (what === 'kept') from.held.kept(Number(body));
    else if (what === 'moved') this.transit.moved(Number(body), from.run);
    else if (what === 'fetched') from.given.delete(String(body));
    else if (what === 'adopted') this.#estates.handedOn(String(body));
    else if (what === 'fenced') void this.#buried(String(body), false);
    else if (what === 'left') {
      const { heir } = body as { heir: string | null };
      if (heir === null) this.#estates.handedOn(from.run); // there was nobody to take it over
      void this.#buried(from.run, heir === this.#parts.run);
    }
  }
}
