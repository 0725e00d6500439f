import { KIND } from '../../link/edge-frames.ts';
import type { Kept, Receipt, StreamOutlet, Unacknowledged } from '../../stream/ports.ts';
import type { Bytes } from '../../xml/chars.ts';
import type { Jid } from '../../xmpp/jid.ts';
import type { CoreLine } from './core-line.ts';
import type { FormerCore } from './former-core.ts';

/** stanzas, and bytes, of one client that the core may not have handled before the client is not read any more */
const MOST_AHEAD = 64;
const MOST_AHEAD_BYTES = 262_144;

/** so long after it was sent a message may have been put on disk, milliseconds: a little less than a core gives it */
const SOON_MS = 30;
/** so long what has arrived is remembered while there is a core that was told, milliseconds */
const REMEMBERED_MS = 2000;

/** What a session asked of its core and what has to be asked again of the next one. */
export interface SessionAsk {
  readonly kind: 'discharge' | 'keep';
  /** the message, for `keep` */
  readonly number: number;
  readonly done: () => void;
}

/** A session as its edge knows it: enough to hand it to another core when its own is gone. */
export class RemoteSession {
  readonly number: number;
  readonly account: string;
  readonly outlet: StreamOutlet;
  /** the core that has it; undefined while none has */
  line: CoreLine | undefined;
  /** the core that had it before, and how far it was heard: it may live, and have more for it */
  former: FormerCore | undefined;
  /** what the core gave for the next one; '' until the session is open */
  capsule = '';
  managed = false;
  waiting = false;
  /** how many of its client's stanzas are surely handled, and those that may be or not; '' stands for one that is, too */
  confirmed = 0;
  readonly ahead: Bytes[] = [];
  #aheadBytes = 0;
  /** what it was sent under a number and has not reported the fate of */
  readonly messages = new Map<number, RemoteReceipt>();
  nextMessage = 1;
  /** what has arrived lately, and what a core that dies may have had no time to take from its disk */
  #arrived: { readonly bytes: Bytes; readonly at: number }[] = [];
  readonly asks = new Map<number, SessionAsk>();
  /** numbers that its client did not take, and what had none; sent with the close */
  readonly lost: number[] = [];
  readonly left: Unacknowledged[] = [];
  /** set when it is over: resolves when what it left is safe */
  closing: { readonly done: Promise<void>; readonly resolve: () => void; scheduled: boolean } | undefined;
  /** the core ended it before it was open */
  ended = false;
  #jid: Jid | undefined;
  #wakes: (() => void)[] = [];
  #handled: { readonly number: number; readonly resolve: () => void }[] = [];
  /** stanzas that the answer to a discharge covers */
  discharged = 0;

  constructor(number: number, account: string, outlet: StreamOutlet) {
    this.number = number;
    this.account = account;
    this.outlet = outlet;
  }

  get jid(): Jid {
    if (this.#jid === undefined) throw new Error('a session without its address');
    return this.#jid;
  }

  set jid(jid: Jid) {
    this.#jid = jid;
  }

  /** stanzas taken from its client */
  get taken(): number {
    return this.confirmed + this.ahead.length;
  }

  /** its client has to wait: too much is not handled */
  get full(): boolean {
    return this.ahead.length >= MOST_AHEAD || this.#aheadBytes >= MOST_AHEAD_BYTES;
  }

  push(raw: Bytes): void {
    this.ahead.push(raw);
    this.#aheadBytes += raw.length;
  }

  /** The core has handled its client's stanzas up to that number, and those beyond. */
  confirm(number: number, beyond: readonly number[] = []): void {
    const gone = this.ahead.splice(0, Math.max(0, number - this.confirmed));
    for (const { length } of gone) this.#aheadBytes -= length;
    this.confirmed += gone.length;
    for (const one of beyond) {
      const at = one - this.confirmed - 1;
      this.#aheadBytes -= this.ahead[at]?.length ?? 0;
      this.ahead[at] = ''; // its place stays
    }
    while ((this.#handled[0]?.number ?? Number.POSITIVE_INFINITY) <= this.confirmed) this.#handled.shift()?.resolve();
    if (!this.full) this.wake();
  }

  /** A message has arrived; `at`: when it was sent. */
  arrived(bytes: Bytes, at: number, now: number, delayed: boolean): void {
    const told = this.line?.ready === true;
    if (told && !delayed && now - at < SOON_MS) return;
    if (told && this.#arrived.length > 0 && now - (this.#arrived[0]?.at ?? now) > REMEMBERED_MS)
      this.#arrived = this.#arrived.filter((one) => now - one.at <= REMEMBERED_MS);
    this.#arrived.push({ bytes, at: now });
  }

  /** What may lie on the disk of a dead core though it has arrived. The next core is told; it may die over it as well. */
  lately(now: number): readonly Bytes[] {
    this.#arrived = this.#arrived.map(({ bytes }) => ({ bytes, at: now }));
    return this.#arrived.map(({ bytes }) => bytes);
  }

  handled(): Promise<void> | undefined {
    if (this.ahead.length === 0) return undefined;
    return new Promise((resolve) => this.#handled.push({ number: this.taken, resolve }));
  }

  /** Resolves when it is worth looking again whether its client may go on. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#wakes.push(resolve));
  }

  wake(): void {
    if (this.#wakes.length === 0) return;
    for (const wake of this.#wakes.splice(0)) wake();
  }

  /** Its core ends it. */
  end(condition: string, text: string | undefined): void {
    this.ended = true;
    this.outlet.end(condition, text);
  }

  /** Nobody waits for anything of it any more. */
  over(): void {
    for (const { resolve } of this.#handled.splice(0)) resolve();
    for (const { done } of this.asks.values()) done();
    this.asks.clear();
    this.wake();
    this.closing?.resolve();
  }
}

/** What the edge tells of a message to the core that gave it, or to the next that has the session. */
export interface Fates {
  taken(session: RemoteSession, receipt: RemoteReceipt): void;
  keep(session: RemoteSession, number: number): Promise<void>;
}

/** Stands for the receipt that lies at the core. */
export class RemoteReceipt implements Receipt {
  readonly #fates: Fates;
  readonly #session: RemoteSession;
  readonly number: number;
  readonly kind: number;
  /** where it lies whatever happens, or '' */
  readonly key: string;
  readonly bytes: Bytes;
  readonly at: number;
  /** its client was not there when it came */
  readonly delayed: boolean;
  #kept: Kept | undefined;

  constructor(
    fates: Fates,
    session: RemoteSession,
    message: { readonly number: number; readonly kind: number; readonly key: string; readonly bytes: Bytes },
    at: number,
  ) {
    this.#fates = fates;
    this.#session = session;
    this.number = message.number;
    this.kind = message.kind;
    this.key = message.key;
    this.bytes = message.bytes;
    this.at = at;
    this.delayed = session.waiting;
  }

  taken(): void {
    if (this.#session.messages.delete(this.number)) this.#fates.taken(this.#session, this);
  }

  /** The core decides what becomes of it: it knows of the other devices. */
  lost(): boolean {
    this.#session.lost.push(this.number);
    return false;
  }

  keep(): Kept | undefined {
    if (this.key !== '' || this.kind !== KIND.own) return undefined;
    this.#kept ??= {
      key: `${this.#session.number}:${this.number}`,
      stored: this.#fates.keep(this.#session, this.number),
      drop: () => {}, // with its fate
    };
    return this.#kept;
  }
}

/** For messages whose fate the core has settled already. */
export const SETTLED: Receipt = { taken: () => {}, lost: () => false, keep: () => undefined };
