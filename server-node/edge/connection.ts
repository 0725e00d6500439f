import type { Log } from '../observe/log.ts';
import type { StreamCore, StreamWire } from '../stream/ports.ts';
import { type Next, Stream } from '../stream/stream.ts';
import type { Bytes } from '../xml/chars.ts';
import { XmlError } from '../xml/errors.ts';
import { Scanner } from '../xml/scanner.ts';
import type { Tag } from '../xml/tag.ts';
import type { Jid } from '../xmpp/jid.ts';
import { Allowance, type EdgeLimits } from './limits.ts';
import { Outbox } from './outbox.ts';

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
  /** Becomes TLS; calls back with what to know of it once the handshake is over. */
  startTls(done: (version: string) => void): void;
}

export interface ConnectionInfo {
  readonly address: string;
  readonly loopback: boolean;
  /** such as TLSv1.3 for a connection that began with TLS */
  readonly tls: string | null;
}

/** what may still wait when a connection counts as drained, bytes */
const LITTLE = 65_536;
const DRAIN_CHECK_MS = 20;

/** One client: bytes in, stanzas up; answers down, bytes out. */
export class Connection<S extends { readonly jid: Jid }> implements StreamWire {
  readonly address: string;
  readonly loopback: boolean;
  readonly startedAt: number;
  transport: 'tcp' | 'starttls' | 'tls';
  tls: string | null;
  readonly #socket: Transport;
  readonly #limits: EdgeLimits;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #scanner: Scanner;
  readonly #stream: Stream<S>;
  readonly #outbox: Outbox;
  readonly #allowance: Allowance;
  #waiting = false;
  #throttled = false;
  #closed = false;

  constructor(
    socket: Transport,
    info: ConnectionInfo,
    core: StreamCore<S>,
    limits: EdgeLimits,
    log: Log,
    now: () => number,
  ) {
    this.address = info.address;
    this.loopback = info.loopback;
    this.tls = info.tls;
    this.transport = info.tls === null ? 'tcp' : 'tls';
    this.startedAt = now();
    this.#socket = socket;
    this.#limits = limits;
    this.#log = log;
    this.#now = now;
    this.#outbox = new Outbox({ write: (bytes) => this.#write(bytes) });
    this.#stream = new Stream(core, this, (event, text) => this.#tell(event, text));
    this.#scanner = new Scanner(limits.before, {
      opened: (tag) => this.#then(this.#stream.opened(tag)),
      stanza: (tag, raw) => this.#element(tag, raw),
      closed: () => this.#then(this.#stream.closed()),
    });
    this.#allowance = new Allowance(limits.bytesPerSecond, limits.burstBytes, this.startedAt);
  }

  get authenticated(): boolean {
    return this.#stream.authenticated;
  }

  /** Bytes have come in. */
  received(bytes: Bytes): void {
    if (this.#closed || this.#stream.over) return;
    this.#attempt(() => this.#scanner.feed(bytes));
    const wait = this.#allowance.take(bytes.length, this.#now());
    if (wait > 0) this.#throttle(wait);
  }

  /** The socket is gone. */
  lost(): void {
    this.#closed = true;
    this.#stream.gone();
  }

  /** Ends the connection with a stream error. */
  end(condition: 'connection-timeout' | 'system-shutdown' | 'policy-violation', text?: string): void {
    this.#stream.fail(condition, text);
  }

  send(bytes: Bytes): void {
    if (this.#closed) return;
    this.#outbox.send(bytes);
    if (this.#outbox.pending + this.#socket.queued > this.#limits.sendBytes) this.#tooSlow();
  }

  hold(until: Promise<unknown>): void {
    this.#outbox.hold(until);
  }

  async drained(): Promise<void> {
    while (!this.#closed && this.#outbox.pending + this.#socket.queued > LITTLE) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
    }
  }

  startTls(): void {
    this.#outbox.flush();
    this.#socket.startTls((version) => {
      this.tls = version;
    });
    this.transport = 'starttls';
  }

  close(): void {
    this.#outbox.settled(() => {
      this.#closed = true;
      this.#socket.end();
    });
  }

  #write(bytes: Bytes): void {
    if (!this.#closed) this.#socket.write(bytes);
  }

  #element(tag: Tag, raw: Bytes): void {
    const next = this.#stream.element(tag, raw);
    if (!(next instanceof Promise)) {
      this.#then(next);
      return;
    }
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

  #goOn(next: Next): void {
    this.#waiting = false;
    if (this.#closed) return;
    this.#then(next);
    this.#attempt(() => this.#scanner.resume());
    if (!this.#waiting && !this.#throttled) this.#socket.resume();
  }

  #then(next: Next): void {
    if (next === 'restart') {
      this.#scanner.limits = this.#limits.after;
      this.#scanner.reset(true);
    } else if (next === 'restart-tls') this.#scanner.reset(false);
    else if (next === 'stop') this.#scanner.pause();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof XmlError) this.#then(this.#stream.unreadable(error));
      else {
        this.#log.error(`a bug ends the stream of ${this.address}`, error);
        this.#stream.fail('internal-server-error');
      }
    }
  }

  #throttle(wait: number): void {
    this.#throttled = true;
    this.#socket.pause();
    setTimeout(() => {
      this.#throttled = false;
      if (!this.#waiting && !this.#closed) this.#socket.resume();
    }, wait);
  }

  /** A client that does not read what it gets must not fill our memory. */
  #tooSlow(): void {
    this.#log.info(`${this.address} does not read: ${this.#limits.sendBytes} bytes wait, the connection ends`);
    this.#closed = true;
    this.#stream.gone();
    this.#socket.destroy();
  }

  #tell(event: 'login' | 'login-failed' | 'stream-error', text: string): void {
    if (event === 'login') this.#log.debug(`${this.address} logged in as ${text}`);
    else if (event === 'login-failed') this.#log.info(`${this.address} failed to log in: ${text}`);
    else this.#log.debug(`${this.address}: stream ended with ${text}`);
  }
}
