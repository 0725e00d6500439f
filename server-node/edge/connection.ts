import type { Log } from '../observe/log.ts';
import type { Counts, Refused } from '../observe/refusals.ts';
import { documentFraming, type Framing } from '../stream/framing.ts';
import type { Lifelines, StreamDomain } from '../stream/lifelines.ts';
import type { StreamCore, StreamEvent, StreamWire, Transport as TransportName } from '../stream/ports.ts';
import { type Next, Stream } from '../stream/stream.ts';
import type { Bytes } from '../xml/chars.ts';
import { XmlError } from '../xml/errors.ts';
import { Scanner } from '../xml/scanner.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { Allowance, type EdgeLimits } from './limits.ts';
import { networkOfPeer } from './network.ts';
import { Outbox } from './outbox.ts';

/** What is known of a TLS channel once its handshake is over. */
export interface Secured {
  /** such as TLSv1.3 */
  readonly version: string;
  /** the channel binding types that can be had (XEP-0440) */
  readonly bindings: readonly string[];
  binding(type: string): Buffer | undefined;
  /** the addresses in a client certificate that was verified (XEP-0178) */
  readonly certified: readonly string[];
}

/** A socket, as a connection needs it; TCP and TLS look alike from here. */
export interface Transport {
  write(bytes: Bytes): void;
  /** bytes that were written and have not left yet */
  readonly queued: number;
  pause(): void;
  resume(): void;
  /** Closes once what was written has left; `then` is called when this side is done. */
  end(): void;
  destroy(): void;
  /**
   * Becomes TLS; calls back with what to know of it once the handshake is over. `domain`: whose certificate to show when the
   * client names none.
   */
  startTls(done: (secured: Secured) => void, domain?: string): void;
}

export interface ConnectionInfo {
  readonly address: string;
  readonly loopback: boolean;
  /** it begins with TLS (XEP-0368) */
  readonly direct: boolean;
  /** its TLS handshake is over already, and this is what is known of it */
  readonly secured?: Secured | undefined;
  /** whole elements come and go in messages of some protocol above the socket */
  readonly messages?: Messages;
}

/** How elements travel where they are not one document: over a WebSocket (RFC 7395), or over BOSH (XEP-0206). */
export interface Messages {
  readonly transport: 'websocket' | 'bosh';
  readonly framing: Framing;
  /** Puts an element into what the transport writes. */
  seal(bytes: Bytes): Bytes;
}

/** What the connections of an edge share. */
export interface House<S extends { readonly jid: Jid }> {
  readonly lines: Lifelines<S>;
  /** by their names, where several share the doors */
  readonly domains?: ReadonlyMap<string, StreamDomain<S>>;
  readonly limits: EdgeLimits;
  readonly refusals: Counts<Refused>;
  readonly slowings: Counts<'bytes' | 'stanzas'>;
}

/** so many recipients of a presence count as one more stanza */
const RECIPIENTS_PER_STANZA = 10;

/** after so many stanzas of one client it is others' turn */
const STANZAS_IN_A_ROW = 64;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** elements that come in messages are read as children of this */
const AROUND = '<messages>';

/** how often it is looked whether what waits has left */
const DRAIN_CHECK_MS = 20;

/** One client: bytes in, stanzas up; answers down, bytes out. */
export class Connection<S extends { readonly jid: Jid }> implements StreamWire {
  readonly address: string;
  readonly loopback: boolean;
  readonly network: string | undefined;
  readonly startedAt: number;
  transport: TransportName;
  readonly #socket: Transport;
  readonly framing: Framing;
  readonly #messages: Messages | undefined;
  #secured: Secured | undefined;
  readonly #limits: EdgeLimits;
  readonly #log: Log;
  /** one that nobody sets: what is allowed is counted by it */
  readonly #clock: () => number;
  readonly #scanner: Scanner;
  readonly #stream: Stream<S>;
  readonly #outbox: Outbox;
  readonly #allowance: Allowance;
  readonly #stanzas: Allowance;
  readonly #refusals: Counts<Refused>;
  readonly #slowings: Counts<'bytes' | 'stanzas'>;
  #waiting = false;
  #inARow = 0;
  #throttle: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(
    socket: Transport,
    info: ConnectionInfo,
    core: StreamCore<S>,
    { lines, domains, limits, refusals, slowings }: House<S>,
    log: Log,
    now: () => number,
  ) {
    this.address = info.address;
    this.loopback = info.loopback;
    this.network = info.loopback && limits.trustLoopback ? undefined : networkOfPeer(info.address);
    this.#messages = info.messages;
    this.framing = info.messages?.framing ?? documentFraming;
    this.#secured = info.secured;
    this.transport = info.messages?.transport ?? (info.direct ? 'tls' : 'tcp');
    this.#clock = core.clock ?? now;
    this.startedAt = this.#clock();
    this.#socket = socket;
    this.#limits = limits;
    this.#refusals = refusals;
    this.#slowings = slowings;
    this.#log = log;
    this.#outbox = new Outbox({ write: (bytes) => this.#write(bytes) });
    const sizes = { before: limits.before.stanzaBytes, after: limits.after.stanzaBytes };
    this.#stream = new Stream(core, this, lines, sizes, now, (event, text) => this.#tell(event, text), domains);
    this.#scanner = new Scanner(limits.before, {
      opened: (tag) => {
        if (this.#messages === undefined) this.#then(this.#stream.opened(tag));
      },
      stanza: (tag, raw) => (this.#messages === undefined ? this.#element(tag, raw) : this.#message(tag, raw)),
      closed: () => this.#then(this.#stream.closed()),
    });
    if (info.messages !== undefined) this.#scanner.feed(AROUND);
    this.#allowance = new Allowance(limits.bytesPerSecond, limits.burstBytes, this.startedAt);
    this.#stanzas = new Allowance(limits.stanzasPerSecond, limits.burstStanzas, this.startedAt);
  }

  /** the domain that its stream is for */
  get domain(): string {
    return this.#stream.domain;
  }

  get bound(): boolean {
    return this.#stream.bound;
  }

  get tls(): string | null {
    return this.#secured?.version ?? null;
  }

  get confidential(): boolean {
    return this.#secured !== undefined || this.loopback;
  }

  get bindings(): readonly string[] {
    return this.#secured?.bindings ?? [];
  }

  binding(type: string): Buffer | undefined {
    return this.#secured?.binding(type);
  }

  get certified(): readonly string[] {
    return this.#secured?.certified ?? [];
  }

  /** Bytes have come in. */
  received(bytes: Bytes): void {
    if (this.#closed || this.#stream.over) return;
    this.#attempt(() => this.#scanner.feed(bytes));
    this.took(bytes.length);
  }

  /** So many bytes have come: whoever sends more than it may is not read for a while. */
  took(bytes: number): void {
    const wait = this.#allowance.take(bytes, this.#clock());
    if (wait > 0 && !this.#closed) this.#slowDown(wait);
  }

  /** A stanza of this client goes to that many others. */
  charge(recipients: number): void {
    this.#stanzas.take(recipients / RECIPIENTS_PER_STANZA, this.#clock());
  }

  /** A message has come in: one whole element (RFC 7395 §3.3.3). */
  message(bytes: Bytes): void {
    if (this.#closed || this.#stream.over) return;
    if (!bytes.startsWith('<')) this.#then(this.#stream.fail('bad-format', 'a message is one element'));
    else this.received(bytes);
    if (!this.#scanner.between && !this.#scanner.paused && !this.#stream.over)
      this.#then(this.#stream.fail('not-well-formed', 'a message is one whole element'));
  }

  /** The socket is gone. */
  lost(): void {
    this.#closed = true;
    this.#stream.lost();
  }

  /** Ends the connection with a stream error; a session that can be resumed waits for another. */
  end(condition: 'connection-timeout' | 'system-shutdown' | 'see-other-host', text?: string, content?: Bytes): void {
    this.#stream.interrupt(condition, text, content);
  }

  /** Ends it now: the other side is not there any more. */
  destroy(): void {
    this.#closed = true;
    this.#stream.lost();
    this.#socket.destroy();
  }

  send(bytes: Bytes): void {
    if (this.#closed) return;
    this.#outbox.send(this.#messages === undefined ? bytes : this.#messages.seal(bytes));
    if (this.#backlog <= this.#limits.sendBytes) return;
    this.#outbox.flush(); // a client is slow by what it has not taken, not by what one turn has gathered
    if (this.#backlog > this.#limits.sendBytes) this.#tooSlow();
  }

  hold(until: Promise<unknown>): void {
    this.#outbox.hold(until);
  }

  drained(): Promise<void> {
    return this.#until(0);
  }

  startTls(): void {
    this.transport = 'starttls';
    this.#handshake(this.#stream.domain);
  }

  /** TLS begins, now or after `<proceed/>`. */
  handshake(): void {
    this.#handshake(undefined);
  }

  #handshake(domain: string | undefined): void {
    this.#outbox.flush();
    this.#socket.startTls((secured) => {
      this.#secured = secured;
    }, domain);
  }

  close(): void {
    this.#outbox.settled(() => {
      this.#closed = true;
      this.#socket.end();
    });
  }

  /** bytes that wait to leave, here and in the socket */
  get #backlog(): number {
    return this.#outbox.pending + this.#socket.queued;
  }

  async #until(most: number): Promise<void> {
    this.#outbox.flush();
    while (!this.#closed && this.#backlog > most) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
      this.#outbox.flush();
    }
  }

  #write(bytes: Bytes): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  /** What opens and closes a stream is an element like the others where there is no document. */
  #message(tag: Tag, raw: Bytes): void {
    const framing = attribute(tag, 'xmlns') === NS.framing;
    if (framing && tag.name === 'open') this.#then(this.#stream.opened(tag));
    else if (framing && tag.name === 'close') this.#then(this.#stream.closed());
    else if (!this.#stream.begun) this.#then(this.#stream.opened(tag));
    else this.#element(tag, raw);
  }

  #element(tag: Tag, raw: Bytes): void {
    const done = this.#stream.element(tag, raw);
    const wait = this.#stanzas.take(1, this.#clock());
    const turn = ++this.#inARow % STANZAS_IN_A_ROW === 0 ? nextTurn() : undefined;
    const full = this.#backlog > this.#limits.sendBytes / 4;
    if (!(done instanceof Promise) && !full && wait === 0 && turn === undefined) {
      this.#then(done);
      return;
    }
    // who asks faster than it reads the answers is not read until it has caught up
    const caughtUp = full ? this.#until(this.#limits.sendBytes / 8) : undefined;
    const next = Promise.all([done, caughtUp, turn]).then(([then]) => this.#paced(then));
    this.#waiting = true;
    this.#scanner.pause();
    this.#socket.pause();
    next.then(
      (then) => this.#goOn(then),
      (error: unknown) => {
        this.#log.error(`a bug ends the stream of ${this.address}`, error);
        this.#stream.fail('internal-server-error');
      },
    );
  }

  /** Who sends more stanzas than it may waits before the next is read. */
  async #paced(next: Next): Promise<Next> {
    const wait = this.#stanzas.take(0, this.#clock());
    if (wait === 0 || next === 'stop') return next;
    this.#slowings.add('stanzas');
    await new Promise((resolve) => setTimeout(resolve, wait));
    return next;
  }

  #goOn(next: Next): void {
    this.#waiting = false;
    if (this.#closed) return;
    this.#then(next);
    if (next === 'stop') return;
    this.#attempt(() => this.#scanner.resume());
    if (!this.#waiting && this.#throttle === undefined) this.#socket.resume();
  }

  #then(next: Next): void {
    if (next === 'trusted') this.#scanner.limits = this.#limits.after;
    else if (next === 'restart') {
      this.#scanner.limits = this.#limits.after;
      if (this.#messages === undefined) this.#scanner.reset(true);
    } else if (next === 'restart-tls') this.#scanner.reset(false);
    else if (next === 'stop') this.#scanner.pause();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof XmlError) {
        this.#refusals.add('xml');
        this.#then(this.#stream.unreadable(error));
      } else {
        this.#log.error(`a bug ends the stream of ${this.address}`, error);
        this.#stream.fail('internal-server-error');
      }
    }
  }

  #slowDown(wait: number): void {
    this.#slowings.add('bytes');
    this.#socket.pause();
    clearTimeout(this.#throttle);
    this.#throttle = setTimeout(() => {
      this.#throttle = undefined;
      if (!this.#waiting && !this.#closed) this.#socket.resume();
    }, wait);
  }

  /** A client that does not read what it gets must not fill our memory. */
  #tooSlow(): void {
    this.#log.info(`${this.address} does not read: ${this.#limits.sendBytes} bytes wait, the connection ends`);
    this.#refusals.add('reading');
    this.destroy();
  }

  #tell(event: StreamEvent, text: string): void {
    if (event === 'login') this.#log.debug(`${this.address} logged in as ${text}`);
    else if (event === 'resumed') this.#log.debug(`${this.address} resumed the session of ${text}`);
    else if (event === 'login-failed') this.#log.info(`${this.address} failed to log in: ${text}`);
    else if (event === 'guessed') this.#refusals.add('login_attempts');
    else this.#log.debug(`${this.address}: stream ended with ${text}`);
  }
}
