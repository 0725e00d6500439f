import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Allowance, type EdgeLimits } from '../../edge/limits.ts';
import type { Counts, Refused } from '../../observe/refusals.ts';

/** a request costs as much as so many bytes, whatever its size */
const REQUEST_BYTES = 1000;
/** requests that may wait for their answers; more than two (XEP-0124 §7.2) nobody has who means well */
const MOST_WAITING = 4;
/** the next request of a socket that is kept open has to be there after this, milliseconds */
const NEXT_MS = 120_000;

export interface PacerParts {
  readonly limits: EdgeLimits;
  readonly refusals: Counts<Refused>;
  readonly slowings: Counts<'bytes' | 'stanzas'>;
}

/**
 * How fast requests may come over one socket, and how long one may take to come: the runtime's own time-outs are not
 * enforced for sockets that are handed to an HTTP server.
 */
export class Pacer {
  readonly #socket: Socket;
  readonly #parts: PacerParts;
  readonly #allowance: Allowance;
  #waiting = 0;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  /** `shared`: a proxy may stand there, which has the requests of many: they come as fast as they come. */
  constructor(socket: Socket, parts: PacerParts, shared: boolean) {
    this.#socket = socket;
    this.#parts = parts;
    const { bytesPerSecond, burstBytes, loginMs } = parts.limits;
    this.#allowance = new Allowance(shared ? 0 : bytesPerSecond, burstBytes, performance.now());
    this.#within(loginMs);
    socket.once('close', () => this.stop());
  }

  /** The head of a request has come; it is answered in its turn. */
  request(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
    if (this.#socket.destroyed) return;
    if (++this.#waiting > MOST_WAITING) {
      this.#refuse(); // it can't be kept from reading on: what it has read would fill the memory
      return;
    }
    this.#within(this.#parts.limits.loginMs);
    request.once('end', () => this.stop());
    response.once('finish', () => {
      this.#waiting--;
      this.#within(NEXT_MS);
    });
    const wait = this.#allowance.take(
      REQUEST_BYTES + Number(request.headers['content-length'] ?? 0),
      performance.now(),
    );
    if (wait === 0) {
      answer();
      return;
    }
    this.#parts.slowings.add('bytes');
    this.#socket.pause();
    setTimeout(() => {
      if (this.#socket.destroyed) return;
      this.#socket.resume();
      answer();
    }, wait);
  }

  /** The socket is no matter of HTTP any more, or a request is whole. */
  stop(): void {
    clearTimeout(this.#deadline);
  }

  #within(ms: number): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#refuse(), ms);
  }

  #refuse(): void {
    this.#parts.refusals.add('web_request');
    this.#socket.destroy();
  }
}
