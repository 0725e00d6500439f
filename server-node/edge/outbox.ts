import type { Bytes } from '../xml/chars.ts';

/** Where the joined bytes go. */
export interface Sink {
  write(bytes: Bytes): void;
}

const dirty: Outbox[] = [];

function flushAll(): void {
  const now = dirty.splice(0);
  for (const outbox of now) outbox.flush();
}

/**
 * Gathers what one connection is to send. Everything that is sent within one turn of the event loop leaves in one
 * write, and nothing leaves while the outbox is held.
 */
export class Outbox {
  readonly #sink: Sink;
  #queue: Bytes[] = [];
  #bytes = 0;
  #holds = 0;
  #scheduled = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** bytes that wait here */
  get pending(): number {
    return this.#bytes;
  }

  send(bytes: Bytes): void {
    this.#queue.push(bytes);
    this.#bytes += bytes.length;
    this.#schedule();
  }

  hold(until: Promise<unknown>): void {
    this.#holds++;
    const release = () => {
      this.#holds--;
      if (this.#holds === 0 && this.#queue.length > 0) this.#schedule();
    };
    until.then(release, release);
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#holds > 0 || this.#queue.length === 0) return;
    const bytes = this.#queue.length === 1 ? (this.#queue[0] ?? '') : this.#queue.join('');
    this.#queue = [];
    this.#bytes = 0;
    this.#sink.write(bytes);
  }

  /** Calls back once nothing is held and all has left. */
  settled(then: () => void): void {
    if (this.#holds === 0) {
      this.flush();
      then();
    } else setTimeout(() => this.settled(then), 20);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (dirty.push(this) === 1) setImmediate(flushAll);
  }
}
