import type { Socket } from 'node:net';
import type { Secured, Transport } from '../edge/connection.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Identities } from './certificate.ts';
import { secure } from './secured-socket.ts';

/** a client that half closes, or whose network died, is not waited for longer than this */
const LINGER_MS = 5000;

/** A TCP or TLS socket as the edge sees it. */
export class SocketTransport implements Transport {
  #socket: Socket;
  readonly #identity: Identities;
  readonly #onBytes: (bytes: Bytes) => void;
  readonly #onGone: () => void;

  constructor(socket: Socket, identity: Identities, onBytes: (bytes: Bytes) => void, onGone: () => void) {
    this.#socket = socket;
    this.#identity = identity;
    this.#onBytes = onBytes;
    this.#onGone = onGone;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    this.#listen(socket);
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Bytes): void {
    this.#socket.write(bytes, 'latin1');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    const socket = this.#socket;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  startTls(done: (secured: Secured) => void, domain?: string): void {
    const raw = this.#socket;
    raw.removeAllListeners('data');
    const over = secure(raw, this.#identity, ['xmpp-client'], (_socket, secured) => done(secured), domain);
    this.#socket = over;
    this.#listen(over);
  }

  #listen(socket: Socket): void {
    socket.on('data', (data: Buffer) => this.#onBytes(data.toString('latin1')));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => this.end());
    socket.on('close', () => this.#onGone());
  }
}
