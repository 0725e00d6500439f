import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Secured, Transport } from '../edge/connection.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Identity } from './certificate.ts';
import { type ClientAuthorities, xmppAddresses } from './client-certificate.ts';

/** a client that half closes, or whose network died, is not waited for longer than this */
const LINGER_MS = 5000;

/** A TCP or TLS socket as the edge sees it. */
export class SocketTransport implements Transport {
  #socket: Socket;
  readonly #identity: Identity;
  readonly #onBytes: (bytes: Bytes) => void;
  readonly #onGone: () => void;

  constructor(socket: Socket, identity: Identity, onBytes: (bytes: Bytes) => void, onGone: () => void) {
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

  startTls(done: (secured: Secured) => void): void {
    const { endPoint, authorities } = this.#identity; // of the certificate that this handshake shows

    const raw = this.#socket;
    raw.removeAllListeners('data');
    const secure = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#identity.context,
      ALPNProtocols: ['xmpp-client'],
      ...(authorities === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    });
    this.#socket = secure;
    secure.once('secure', () => done(new SecuredSocket(secure, endPoint, authorities)));
    this.#listen(secure);
  }

  #listen(socket: Socket): void {
    socket.on('data', (data: Buffer) => this.#onBytes(data.toString('latin1')));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => this.end());
    socket.on('close', () => this.#onGone());
  }
}

const NOBODY: readonly string[] = [];

/** Whom the client's certificate is for, when somebody we trust has signed it. */
function addressesOf(socket: TLSSocket, authorities: ClientAuthorities): readonly string[] {
  const chain: X509Certificate[] = [];
  let shown: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (shown?.raw !== undefined && chain.length < 6) {
    chain.push(new X509Certificate(shown.raw));
    shown = shown.issuerCertificate === shown ? undefined : shown.issuerCertificate;
  }
  const [own] = chain;
  return own !== undefined && authorities.vouchFor(chain, Date.now()) ? xmppAddresses(own.raw) : NOBODY;
}

const EXPORTER = 'tls-exporter';
const END_POINT = 'tls-server-end-point';

/** What a TLS socket can prove of itself. */
class SecuredSocket implements Secured {
  readonly version: string;
  readonly certified: readonly string[];
  readonly #socket: TLSSocket;
  readonly #endPoint: Buffer | undefined;

  constructor(socket: TLSSocket, endPoint: Buffer | undefined, authorities: ClientAuthorities | undefined) {
    this.version = socket.getProtocol() ?? 'TLS';
    this.#socket = socket;
    this.#endPoint = endPoint;
    this.certified = authorities === undefined ? NOBODY : addressesOf(socket, authorities);
  }

  /** RFC 9266 §4.2: the exporter with TLS 1.3; in TLS 1.2 it would need an extension that we can't see. */
  get bindings(): readonly string[] {
    const exporter = this.version === 'TLSv1.3' ? [EXPORTER] : [];
    return this.#endPoint === undefined ? exporter : [...exporter, END_POINT];
  }

  binding(type: string): Buffer | undefined {
    if (type === END_POINT) return this.#endPoint;
    if (type !== EXPORTER || this.version !== 'TLSv1.3') return undefined;
    return this.#socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)); // RFC 9266 §4.1
  }
}
