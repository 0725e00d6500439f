import type { Log } from '../observe/log.ts';
import {
  type ComponentCore,
  type ComponentNext,
  ComponentStream,
  type ComponentWire,
} from '../stream/component-stream.ts';
import type { Bytes } from '../xml/chars.ts';
import { XmlError } from '../xml/errors.ts';
import { Scanner } from '../xml/scanner.ts';
import type { Tag } from '../xml/tag.ts';
import type { Transport } from './connection.ts';
import type { EdgeLimits } from './limits.ts';
import { Outbox } from './outbox.ts';

/** what may wait for a component, as a multiple of what may wait for a client: it speaks for a whole domain */
const SHARE = 4;

/** A component: bytes in, stanzas up; stanzas down, bytes out. It is trusted, and so not slowed down. */
export class ComponentConnection<E> implements ComponentWire {
  readonly address: string;
  readonly #socket: Transport;
  readonly #limits: EdgeLimits;
  readonly #log: Log;
  readonly #scanner: Scanner;
  readonly #stream: ComponentStream<E>;
  readonly #outbox: Outbox;
  readonly #patience: ReturnType<typeof setTimeout>;
  #closed = false;

  constructor(socket: Transport, address: string, core: ComponentCore<E>, limits: EdgeLimits, log: Log) {
    this.address = address;
    this.#socket = socket;
    this.#limits = limits;
    this.#log = log;
    this.#outbox = new Outbox({ write: (bytes) => this.#write(bytes) });
    this.#stream = new ComponentStream(core, this);
    this.#scanner = new Scanner(limits.before, {
      opened: (tag) => this.#then(this.#stream.opened(tag)),
      stanza: (tag, raw) => this.#element(tag, raw),
      closed: () => this.#then(this.#stream.closed()),
    });
    this.#patience = setTimeout(() => {
      if (!this.#stream.connected) this.#stream.fail('connection-timeout', 'the handshake took too long');
    }, limits.loginMs);
  }

  received(bytes: Bytes): void {
    if (!this.#closed && !this.#stream.over) this.#attempt(() => this.#scanner.feed(bytes));
  }

  lost(): void {
    clearTimeout(this.#patience);
    this.#closed = true;
    this.#stream.lost();
  }

  end(condition: 'system-shutdown', text: string): void {
    this.#stream.fail(condition, text);
  }

  send(bytes: Bytes): void {
    if (this.#closed) return;
    this.#outbox.send(bytes);
    const most = this.#limits.sendBytes * SHARE;
    if (this.#outbox.pending + this.#socket.queued <= most) return;
    this.#outbox.flush();
    if (this.#outbox.pending + this.#socket.queued <= most) return;
    this.#log.warn(`the component at ${this.address} does not read: ${most} bytes wait, the connection ends`);
    this.lost();
    this.#socket.destroy();
  }

  close(): void {
    clearTimeout(this.#patience);
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
    this.#scanner.pause();
    this.#socket.pause();
    next.then(
      (then) => {
        this.#then(then);
        if (this.#closed || then === 'stop') return;
        this.#attempt(() => this.#scanner.resume());
        if (!this.#scanner.paused) this.#socket.resume();
      },
      (error: unknown) => this.#bug(error),
    );
  }

  #then(next: ComponentNext): void {
    if (next === 'trusted') {
      clearTimeout(this.#patience);
      this.#scanner.limits = this.#limits.after;
      this.#log.info(`a component has connected from ${this.address}`);
    } else if (next === 'stop') this.#scanner.pause();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof XmlError) this.#then(this.#stream.unreadable(error));
      else this.#bug(error);
    }
  }

  #bug(error: unknown): void {
    this.#log.error(`a bug ends the stream of the component at ${this.address}`, error);
    this.#stream.fail('internal-server-error', 'a fault of this server');
  }
}
