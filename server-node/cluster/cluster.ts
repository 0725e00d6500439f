import { Packer, Unpacker } from '../link/pack.ts';
import type { Log } from '../observe/log.ts';
import type { Others } from '../router/others.ts';
import type { Router } from '../router/router.ts';
import type { Session } from '../router/session.ts';
import type { Leases, NodeRow } from '../storage/leases.ts';
import type { Stores } from '../storage/stores.ts';
import type { Kept, Safe, Receipt as StreamReceipt } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { Bus } from './bus.ts';
import { fetchLine } from './fetch-line.ts';
import type { Held } from './held.ts';
import { LocalSessions } from './local-sessions.ts';
import { OtherNode } from './other-node.ts';
import { PairLink, type PairLinkLimits } from './pair-link.ts';
import type { RemoteSession } from './remote-session.ts';
import { type Beat, Standing, type StandingLimits } from './standing.ts';
import { Transit, transitKey } from './transit.ts';

/** a login waits no longer than this until other nodes know of it, milliseconds */
const MOST_WAIT_MS = 1000;

/** what was sent to a node that is gone waits no longer than this for whoever takes its sessions over, milliseconds */
const HANDOVER_MS = 6000;

/** what datagrams begin with: how they are written */
export const WIRE_VERSION = 1;

export interface ClusterTimes extends StandingLimits, PairLinkLimits {
  readonly beatMs: number;
  readonly renewMs: number;
}

export const CLUSTER_TIMES: ClusterTimes = {
  leaseMs: 4000,
  stopMs: 3000,
  beatMs: 500,
  renewMs: 1000,
  windowBytes: 4 * 1_048_576,
  mostBytes: 64 * 1_048_576,
  resendMs: 250,
  patienceMs: 10_000,
};

export interface ClusterParts {
  readonly domain: string;
  /** this node's name, which stays, and this run of it, which is new each start */
  readonly node: string;
  readonly run: string;
  readonly version: string;
  /** what others may want to know: where clients reach it */
  readonly info: Readonly<Record<string, unknown>>;
  readonly bus: Bus;
  readonly leases: Leases;
  readonly stores: Stores;
  readonly safe: Pick<Safe, 'put'>;
  readonly times: ClusterTimes;
  /** a clock that only goes forward, milliseconds */
  readonly clock: () => number;
  readonly now: () => number;
  readonly log: Log;
  readonly router: () => Router;
  readonly continuity: () => ClusterContinuity;
  /** This node may not serve any more: it was taken for dead, or can't say that it lives. */
  readonly onLost: (why: string) => void;
}

/** A message on disk that a run left which is over. */
export interface LeftMessage {
  readonly key: string;
  readonly bytes: Bytes;
}

/** What outlives a node, as the cluster moves it about. */
export interface ClusterContinuity {
  /** Takes over what a run that is over left in the storage; `claimed`: which messages somebody still cares for, by their keys. */
  adopt(run: string, claimed: (left: readonly LeftMessage[]) => Promise<ReadonlySet<string>>): Promise<number>;
  /** Whether a session that came from a core that died holds this very message. */
  holds(bytes: Bytes): boolean;
  /** Gives a session away to another node; undefined when it is not here. */
  release(id: string, account: string): Promise<unknown>;
  /** Takes a session that was given away, to wait here for its client. */
  takeIn(line: unknown): Promise<void>;
}

interface Claims {
  readonly run: string;
  readonly numbers: readonly number[];
  readonly others: readonly (readonly [key: string, bytes: Bytes])[];
}

/** One other node, as people see it. */
export interface ClusterNode {
  readonly node: string;
  readonly run: string;
  readonly state: 'here' | 'linked' | 'joining' | 'silent';
  readonly sessions: number;
  readonly version: string;
  readonly draining: boolean;
  readonly database: boolean;
  /** bytes that wait for it, and how long the oldest has, milliseconds */
  readonly backlog: number;
  readonly lagMs: number;
  readonly delivered: number;
  readonly received: number;
  readonly resent: number;
  readonly info: unknown;
}

/** Another node of the domain has this name, and is alive. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';

  constructor(node: string) {
    super(`a node named ${node} serves already`);
  }
}

/** This node among the others of its domain: who they are, which sessions they hold, and what is said between them. */
export class Cluster implements Others {
  readonly #parts: ClusterParts;
  readonly #standing: Standing;
  readonly #others = new Map<string, OtherNode>();
  readonly #beats = new Map<string, Beat>();
  readonly #dead = new Set<string>();
  /** what sessions here got from nodes that are gone, and may be asked for */
  readonly #deadHeld = new Map<string, Held>();
  readonly #adopted = new Set<string>();
  /** sessions of runs that are over, for the case that this node is asked to withdraw them */
  readonly #unwithdrawn = new Map<string, RemoteSession[]>();
  readonly #adopting = new Map<string, { readonly waiting: Promise<void>; ready(): void }>();
  /** runs whose sessions some node has taken over, and who waits for that */
  readonly #taken = new Set<string>();
  readonly #handovers = new Map<string, (() => void)[]>();
  readonly #rows = new Map<string, NodeRow>();
  readonly #local: LocalSessions;
  readonly transit: Transit;
  readonly #prefix: Buffer;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** accounts that messages were kept for lately, and when */
  readonly #keptFor = new Map<string, number>();
  #renewing = false;
  #joined = false;
  #leaving = false;
  #lost = false;
  draining = false;
  readonly counters = { withdrawn: 0, fenced: 0, links_broken: 0 };

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
    this.#leaving = true;
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
    // one that has been silent for longer than it should is not waited for: it is told everything when it is back
    const reached = [...this.#others.values()].filter(
      ({ begun, run }) => begun && clock() - this.#standing.heardAt(run) < 2 * times.beatMs + 200,
    );
    if (reached.length === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, MOST_WAIT_MS);
    });
    await Promise.race([Promise.all(reached.map(({ link }) => link.heard())), enough]);
    clearTimeout(timer);
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
    if (found === undefined) await this.#adoptions();
    return found;
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
        missed: (session, stanza) => this.#missed(session, stanza),
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
            this.#takeBack(node);
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
        if (!(await this.#parts.leases.fence(row.run, row.renewals))) continue;
        this.counters.fenced++;
        this.#parts.log.warn(`node ${row.node} is silent: its sessions are withdrawn`);
        for (const other of this.#others.values()) if (other.run !== row.run) other.tell('fenced', row.run);
        await this.#buried(row.run, true);
        await this.#adoptLeft();
      }
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
      if (row === undefined ? before.has(other.run) || replaced() : row.state !== 'live')
        void this.#buried(other.run, false);
    }
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#parts.onLost(why);
  }

  /** A run is over. `ours`: it is for this node to withdraw its sessions and to take over what it left. */
  async #buried(run: string, ours: boolean): Promise<void> {
    const { log } = this.#parts;
    this.#standing.forget(run);
    const other = this.#others.get(run);
    this.#dead.add(run);
    this.#others.delete(run);
    this.#beats.delete(run);
    if (other !== undefined) this.#deadHeld.set(run, other.held);
    const [oldest] = this.#deadHeld.keys();
    if (this.#deadHeld.size > 100 && oldest !== undefined) this.#deadHeld.delete(oldest);
    const sessions = other?.dead() ?? [];
    if (other !== undefined) log.info(`node ${other.name} is gone, with ${sessions.length} sessions`);
    if (!ours && other !== undefined) {
      this.#unwithdrawn.set(run, sessions);
      const [first] = this.#unwithdrawn.keys();
      if (this.#unwithdrawn.size > 10 && first !== undefined) this.#unwithdrawn.delete(first);
    }
    if (other !== undefined) this.#takeBack(other);
    // what we sent there may have been waiting in a session that goes on elsewhere: that comes first, or it would come twice
    if (ours) await this.#adopt(run).catch((error: unknown) => log.error('what a node left was not taken over', error));
    else await this.#handover(run);
    await this.transit
      .abandon(run)
      .catch((error: unknown) => log.error('what was on its way to a node that is gone', error));
    if (ours) await this.#withdraw(sessions);
  }

  /** Contacts are shown that somebody is gone, unless the session goes on elsewhere. */
  async #withdraw(sessions: readonly RemoteSession[]): Promise<void> {
    const { router, log } = this.#parts;
    for (const session of sessions) {
      if (!session.available || router().sessions.get(session.jid.local, session.jid.resource) !== undefined) continue;
      this.counters.withdrawn++;
      await router()
        .hooks.run('session-withdrawn', { session })
        .catch((error: unknown) => log.error('a session was not withdrawn', error));
    }
  }

  async #adopt(run: string): Promise<void> {
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
  async #adoptions(): Promise<void> {
    await Promise.all([...this.#adopting.values()].map(({ waiting }) => waiting));
  }

  async #adoptNow(run: string): Promise<void> {
    const adopted = await this.#parts.stores.exclusive(`adopt/${run}`, () =>
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
    this.#handedOn(run);
    for (const other of this.#others.values()) if (other.begun) other.tell('adopted', run);
  }

  #handedOn(run: string): void {
    this.#taken.add(run);
    for (const wake of this.#handovers.get(run) ?? []) wake();
    this.#handovers.delete(run);
  }

  /** Resolves when somebody has taken over the sessions of a run that is gone, or does not say so in time. */
  #handover(run: string): Promise<void> {
    if (this.#taken.has(run) || this.transit.sentTo(run).length === 0) return Promise.resolve();
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
  #takeBack(other: OtherNode): void {
    const given = [...other.given.values()];
    other.given.clear();
    for (const line of given) this.#aside('a session that was given away', () => this.#parts.continuity().takeIn(line));
  }

  /** What nodes left that nobody saw go. */
  async #adoptLeft(): Promise<void> {
    for (const row of this.#rows.values()) if (row.state !== 'live') await this.#adopt(row.run);
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
      this.#claims(question),
      ...[...this.#others.values()].map((other) => other.ask('claims', question).catch(() => []) as Promise<string[]>),
    ]);
    return new Set(answers.flat());
  }

  /** Which of those this node cares for: a client here has them, had them, or will have them. */
  async #claims({ run, numbers, others }: Claims): Promise<string[]> {
    const held = this.#others.get(run)?.held ?? this.#deadHeld.get(run);
    const mine = (await held?.claims(numbers)) ?? [];
    const { holds } = this.#parts.continuity();
    return [
      ...mine.map((number) => transitKey.of(run, number)),
      ...others.flatMap(([key, bytes]) => (holds(bytes) ? [key] : [])),
    ];
  }

  #twice(mine: Session, theirs: RemoteSession): void {
    const older =
      mine.connectedAt < theirs.connectedAt ||
      (mine.connectedAt === theirs.connectedAt && this.#parts.run < theirs.way.run);
    if (!older || mine.closed) return; // its own node ends it
    mine.outlet.end('conflict', 'replaced by a new session of the same resource');
    void this.#parts.router().close(mine);
  }

  #missed(session: RemoteSession, stanza: Stanza): void {
    this.#aside('presence that was missed', () =>
      this.#parts.router().hooks.run('presence-missed', { session, stanza }),
    );
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
      await this.#adoptions();
      const line = await this.#parts.continuity().release(id, account);
      if (line !== undefined) from.given.set(id, line);
      return line;
    }
    if (what === 'withdraw') {
      const run = String(body);
      await this.#buried(run, false);
      const sessions = this.#unwithdrawn.get(run) ?? [];
      this.#unwithdrawn.delete(run);
      await this.#withdraw(sessions);
      return true;
    }
    if (what === 'holds') return from.held.knows(body as number[]);
    if (what === 'claims') return this.#claims(body as Claims);
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
    else if (what === 'adopted') this.#handedOn(String(body));
    else if (what === 'fenced') void this.#buried(String(body), false);
    else if (what === 'left') {
      const { heir } = body as { heir: string | null };
      if (heir === null) this.#handedOn(from.run); // there was nobody to take it over
      void this.#buried(from.run, heir === this.#parts.run);
    }
  }
}
