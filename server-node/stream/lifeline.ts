import type { Bytes } from '../xml/chars.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { AckQueue, type PackedStanza } from './ack-queue.ts';
import { Debts } from './debts.ts';
import type { Debt, PeerInfo, Receipt, StreamCore, StreamOutlet, StreamWire, Unacknowledged } from './ports.ts';
import { Quiet } from './quiet.ts';

export const ASK: Bytes = `<r xmlns='${NS.management}'/>`;

/** what could not be put on disk is tried again after so long, milliseconds */
const AGAIN_MS = 1000;

export interface LifelineLimits {
  /** stanzas and bytes that may wait for an acknowledgement; more ends the session */
  readonly unacknowledged: number;
  readonly unacknowledgedBytes: number;
  /** how long a session outlives its connection, milliseconds; 0: not at all */
  readonly resumeMs: number;
  /** how long an acknowledgement may take before the messages it is for are put on disk, milliseconds */
  readonly keepMs: number;
  /** how long an acknowledgement may take before the connection is held for dead, milliseconds */
  readonly ackMs: number;
}

/** A session that can be resumed, so that it survives JSON and a restart. */
export interface PackedLine {
  readonly id: string;
  readonly account: string;
  readonly handled: number;
  readonly acknowledged: number;
  readonly waiting: readonly PackedStanza[];
  readonly lostAt: number;
  readonly session: unknown;
  /** what its client knew; a node of an earlier version does not say */
  readonly view?: unknown;
}

/** The key by which another node tells what becomes of a message that other devices have a share in. */
export type Lend = (stanza: Unacknowledged, receipt: Receipt) => string;

/** What a lifeline tells the stream that serves it. */
export interface Bearer {
  readonly over: boolean;
  /** the session goes on elsewhere, or is over: close with this stream error, and leave the session alone */
  replaced(condition: string, text: string | undefined): void;
}

/**
 * Between a session above and the connection below: counts and keeps what was sent until it is acknowledged, and lets
 * the session outlive its connection (XEP-0198 §4, §5). Without stream management it passes everything through.
 */
export class Lifeline<S extends { readonly jid: Jid }> implements StreamOutlet {
  readonly account: string;
  readonly #core: StreamCore<S>;
  readonly #limits: LifelineLimits;
  readonly #now: () => number;
  readonly #clock: () => number;
  #session: S | undefined;
  #wire: StreamWire | undefined;
  #bearer: Bearer | undefined;
  #queue: AckQueue | undefined;
  #quiet: Quiet | undefined;
  /** when the oldest request for an acknowledgement left that was not answered, 0: none is out */
  #asked = 0;
  /** stanzas received and handled */
  #handled = 0;
  /** what is being handled, and must be before a count is told to a new connection */
  #busy: Promise<unknown> | undefined;
  /** what it sent that might be lost yet */
  #debts: Debts | undefined;
  /** what it did not acknowledge is on its way to where messages wait */
  #returning: Promise<void> | undefined;
  #holds: Set<Promise<unknown>> | undefined;
  #idle: (() => void)[] | undefined;
  /** how to find the session again; undefined when it can't be resumed */
  id: string | undefined;
  /** when the connection was lost; undefined while there is one */
  lostAt: number | undefined;
  /** the same by the clock that only goes forward */
  #waitsSince = 0;
  over = false;
  /** while it is being given to another node: resolves when it is over here, or stays after all */
  leaving: Promise<void> | undefined;

  constructor(
    core: StreamCore<S>,
    limits: LifelineLimits,
    account: string,
    wire: StreamWire | undefined,
    bearer: Bearer | undefined,
    now: () => number,
  ) {
    this.#core = core;
    this.#limits = limits;
    this.account = account;
    this.#wire = wire;
    this.#bearer = bearer;
    this.#now = now;
    this.#clock = core.clock ?? now;
  }

  get session(): S {
    if (this.#session === undefined) throw new Error('a lifeline without its session');
    return this.#session;
  }

  set session(session: S) {
    this.#session = session;
  }

  get managed(): boolean {
    return this.#queue !== undefined;
  }

  get waiting(): boolean {
    return this.lostAt !== undefined && !this.over;
  }

  get handled(): number {
    return this.#handled >>> 0;
  }

  get sent(): number {
    return this.#queue?.sent ?? 0;
  }

  /** Counting begins (§3); `id`: the session may be resumed by it. */
  manage(id: string | undefined): void {
    this.#queue = new AckQueue();
    this.#handled = 0;
    this.id = id;
    this.#core.noted?.(this.session, 'managed');
  }

  send(bytes: Bytes, receipt?: Receipt): Promise<unknown> | Debt | undefined {
    if (this.#quiet !== undefined) {
      if (this.#quiet.holds(bytes, receipt)) return undefined;
      this.#quiet.release((held, its) => this.#pass(held, its));
    }
    return this.#pass(bytes, receipt);
  }

  #pass(bytes: Bytes, receipt: Receipt | undefined): Promise<unknown> | Debt | undefined {
    const queue = this.#queue;
    const wire = this.#wire;
    if (queue === undefined) {
      // without stream management what was written is all that can be known
      if (receipt?.passed !== undefined) receipt.passed();
      else receipt?.taken();
      wire?.send(bytes);
      return undefined;
    }
    if (this.over) return undefined;
    queue.push(bytes, receipt, this.#now());
    if (wire !== undefined) {
      wire.send(bytes);
      if (this.#asked === 0) this.#ask(wire);
    }
    if (queue.size > this.#limits.unacknowledged || queue.bytes > this.#limits.unacknowledgedBytes) {
      this.end('policy-violation', 'too much is not acknowledged');
      return undefined;
    }
    // without a connection it is put on disk at once; if that fails, its sender is still owed it
    const kept = wire === undefined ? this.#keep(queue.size - 1) : undefined;
    kept?.catch(() => {}); // not everybody who sends waits for it
    return new Owed(this, queue.sent, kept);
  }

  /** Whether the stanza of that number has arrived, or is nobody's business any more. */
  settled(number: number): boolean {
    return this.over ? this.#returning === undefined : this.#queue?.has(number) !== false;
  }

  /** Puts on disk what is not acknowledged. */
  async secure(): Promise<void> {
    await (this.over ? this.#returning : this.#keep());
  }

  /** What this session sent waits for an acknowledgement of its recipient. */
  owe(debt: Debt): void {
    if (this.#queue === undefined) return; // without stream management it is never told
    this.#debts ??= new Debts();
    this.#debts.owe(debt);
  }

  /**
   * Before this session is told how much of what it sent is handled: what is not acknowledged within a moment is put on
   * disk. Undefined when nothing is owed.
   */
  discharge(): Promise<unknown> | undefined {
    const above = this.#session === undefined ? undefined : this.#core.discharge?.(this.#session);
    const owed = this.#debts?.discharge();
    return above === undefined || owed === undefined ? (above ?? owed) : Promise.all([above, owed]);
  }

  /** What waits for a client that may never come back lies on disk: a killed process must not lose it. */
  #keep(from = 0): Promise<unknown> | undefined {
    const { safe } = this.#core;
    return this.#queue?.keep((stanza, receipt) => safe.put(this.account, stanza, undefined, receipt), from);
  }

  /** The same where nobody waits for it: what fails is told by the safe, and tried again by who needs it. */
  #tryKeep(): void {
    this.#keep()?.catch(() => {});
  }

  #ask(wire: StreamWire): void {
    this.#asked = this.#clock();
    wire.send(ASK);
  }

  hold(until: Promise<unknown>): void {
    if (this.#queue !== undefined) {
      this.#holds ??= new Set();
      const holds = this.#holds.add(until);
      const done = () => void holds.delete(until);
      until.then(done, done);
    }
    this.#wire?.hold(until);
  }

  charge(recipients: number): void {
    this.#wire?.charge(recipients);
  }

  /** With stream management: all that was sent is acknowledged, or never will be. */
  async drained(): Promise<void> {
    if (this.#queue === undefined) return this.#wire?.drained();
    if (this.#queue.size === 0 || this.over) return;
    await new Promise<void>((resolve) => {
      this.#idle = [...(this.#idle ?? []), resolve];
    });
  }

  /** What is above ends the session. */
  end(condition: string, text?: string): void {
    const bearer = this.#bearer;
    this.finish();
    bearer?.replaced(condition, text);
  }

  /** The client acknowledges; false when it claims more than it was sent. */
  acknowledged(h: number): boolean {
    const queue = this.#queue;
    if (queue === undefined) return true;
    if (!queue.acknowledge(h)) return false;
    this.#asked = 0;
    if (queue.size === 0) this.#wakeIdle();
    else if (this.#wire !== undefined) this.#ask(this.#wire);
    return true;
  }

  /** One more stanza was taken from the client; `done` while it is handled. */
  count(done: void | Promise<void>): void {
    this.#handled++;
    if (done === undefined) return;
    this.#busy = done;
    const settled = () => {
      if (this.#busy === done) this.#busy = undefined;
    };
    done.then(settled, settled);
  }

  /** XEP-0352: the client is not looked at, or is again. */
  inactive(): void {
    this.#quiet ??= new Quiet();
  }

  active(): void {
    const quiet = this.#quiet;
    this.#quiet = undefined;
    quiet?.release((bytes, receipt) => this.#pass(bytes, receipt));
  }

  /** The connection is gone without a farewell. True when the session waits for another. */
  lost(): boolean {
    this.#wire = undefined;
    this.#bearer = undefined;
    this.#asked = 0;
    if (this.over) return false;
    if (this.id === undefined || this.#limits.resumeMs === 0) {
      this.finish();
      return false;
    }
    this.lostAt = this.#now();
    this.#waitsSince = this.#clock();
    this.#core.noted?.(this.session, 'waiting');
    this.#tryKeep();
    if (this.#core.parked !== undefined) void this.#park(this.id, this.lostAt);
    return true;
  }

  /** It may go on after this process died, but says then that it handled what it counts: that must be safe first. */
  async #park(id: string, lostAt: number): Promise<void> {
    await this.settle();
    if (this.lostAt === lostAt && !this.over) this.#core.parked?.(id, this.pack());
  }

  /** For a restart: all that is needed to go on; undefined when nobody could resume it. */
  pack(lend?: Lend): PackedLine | undefined {
    const { id, account, handled } = this;
    if (id === undefined || this.over || this.#session === undefined || this.#queue === undefined) return undefined;
    this.active(); // what was held back for an inactive client belongs to what it has not got
    this.#tryKeep();
    const session = this.#core.pack(this.#session);
    const view = this.#core.view?.(this.#session);
    const lostAt = this.lostAt ?? this.#now();
    return {
      id,
      account,
      handled,
      ...this.#queue.pack(lend),
      lostAt,
      session,
      ...(view === undefined ? {} : { view }),
    };
  }

  /** A session of an earlier process, which waits for its client; undefined when its account may not go on. */
  static async unpack<S extends { readonly jid: Jid }>(
    packed: PackedLine,
    core: StreamCore<S>,
    limits: LifelineLimits,
    now: () => number,
  ): Promise<Lifeline<S> | undefined> {
    const line = new Lifeline(core, limits, packed.account, undefined, undefined, now);
    const stale: string[] = [];
    line.id = packed.id;
    line.lostAt = packed.lostAt;
    line.#waitsSince = line.#clock() - Math.max(0, now() - packed.lostAt);
    line.#handled = packed.handled;
    line.#queue = AckQueue.unpack(packed, core.safe, (key) => stale.push(key));
    const session = await core.unpack(packed.session, line, packed.view);
    if (session === undefined) {
      line.over = true;
      await core.stray?.(packed.account, line.#queue.abandon());
      await Promise.all(stale.map((key) => core.safe.known(key).drop()));
      return undefined;
    }
    line.session = session;
    // what another node had on disk is ours now: first it is there twice
    if (stale.length > 0) await line.#makeOurs(stale);
    return line;
  }

  /** Resolves when it is done, or has failed once: then it is tried again until it is, or until the session is over. */
  async #makeOurs(stale: readonly string[]): Promise<void> {
    try {
      await this.#keep();
      for (const key of stale) this.#core.safe.known(key).drop();
    } catch {
      if (!this.over) setTimeout(() => void this.#makeOurs(stale), AGAIN_MS).unref();
    }
  }

  /**
   * It goes on at another node: all that is needed for that. Here it is over, and nobody is told that it went. `gone` is called in
   * the same turn: what came for it after it was packed, and before nothing more can come, would be lost.
   */
  async release(gone: (packed: PackedLine) => void, lend?: Lend): Promise<PackedLine | undefined> {
    if (this.pack() === undefined) return undefined;
    const released = this.#release(gone, lend);
    const done = () => {
      if (this.leaving === leaving) this.leaving = undefined;
    };
    const leaving = released.then(done, done);
    this.leaving = leaving;
    return released;
  }

  async #release(gone: (packed: PackedLine) => void, lend?: Lend): Promise<PackedLine | undefined> {
    // first its old connection ends: what would still come over it would be counted, and told as handled, before it is safe
    const bearer = this.#bearer;
    this.#wire = undefined;
    this.#bearer = undefined;
    if (this.lostAt === undefined) {
      this.lostAt = this.#now();
      this.#waitsSince = this.#clock(); // it has not waited at all: nobody may end it now
    }
    bearer?.replaced('conflict', 'the session was resumed over another connection');
    await this.settle();
    await this.#keep();
    await this.settle();
    const packed = this.pack(lend);
    if (packed === undefined) return undefined;
    const stored = this.#keep();
    this.over = true;
    this.#queue?.forget();
    this.#wakeIdle();
    if (this.id !== undefined) this.#core.unparked?.(this.id);
    gone(packed);
    await stored?.catch(() => {}); // what came last and can't be kept goes along all the same
    return packed;
  }

  /** Waits for what an earlier connection still does, so that the counts are right (§5). */
  async settle(): Promise<void> {
    for (;;) {
      await this.discharge();
      const holds = [...(this.#holds ?? [])];
      if (this.#busy === undefined && holds.length === 0 && this.discharge() === undefined) return;
      await Promise.allSettled([this.#busy, ...holds]);
    }
  }

  /** Goes on over another connection: `hello` is sent first, then all that is not acknowledged (§5). */
  attach(wire: StreamWire, bearer: Bearer, peer: PeerInfo, hello: Bytes): void {
    const before = this.#bearer;
    this.#wire = wire;
    this.#bearer = bearer;
    if (this.lostAt !== undefined && this.id !== undefined) this.#core.unparked?.(this.id);
    this.lostAt = undefined;
    before?.replaced('conflict', 'the session was resumed over another connection');
    this.#core.moved(this.session, peer);
    wire.send(hello);
    this.#asked = 0;
    const queue = this.#queue;
    if (queue !== undefined && queue.size > 0) {
      for (const bytes of queue.waiting()) wire.send(bytes);
      this.#ask(wire);
    }
    this.active(); // XEP-0352 §5: a resumed stream begins active
  }

  /** Called now and then: a connection that answers nothing is dead, a session that nobody came back to is over. */
  sweep(): void {
    const now = this.#clock();
    if (this.lostAt !== undefined && now - this.#waitsSince > this.#limits.resumeMs) this.finish();
    else if (this.#asked > 0 && now - this.#asked > this.#limits.ackMs) this.#wire?.destroy();
    else if (this.#asked > 0 && now - this.#asked > this.#limits.keepMs) this.#tryKeep();
  }

  /** The session is over; what its client did not acknowledge goes back to where messages are kept. */
  finish(): void {
    if (this.over) return;
    this.active();
    this.over = true;
    if (this.lostAt !== undefined && this.id !== undefined) this.#core.unparked?.(this.id);
    this.#wire = undefined;
    this.#bearer = undefined;
    const session = this.#session;
    if (session !== undefined) void this.#core.close(session); // first: what it gives up must not be given to it again
    const lost = this.#queue?.abandon() ?? [];
    this.#wakeIdle();
    if (session === undefined) return;
    if (lost.length === 0) return;
    const done = () => {
      this.#returning = undefined;
    };
    this.#returning = this.#core.undelivered(session, lost).then(done, done);
  }

  #wakeIdle(): void {
    const waiting = this.#idle ?? [];
    this.#idle = undefined;
    for (const wake of waiting) wake();
  }
}

/** A message that a lifeline has passed on, by its number. */
class Owed<S extends { readonly jid: Jid }> implements Debt {
  readonly #line: Lifeline<S>;
  readonly #number: number;
  readonly kept: Promise<unknown> | undefined;

  constructor(line: Lifeline<S>, number: number, kept: Promise<unknown> | undefined) {
    this.#line = line;
    this.#number = number;
    this.kept = kept;
  }

  get settled(): boolean {
    return this.#line.settled(this.#number);
  }

  secure(): Promise<unknown> {
    return this.#line.secure();
  }
}
