import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, type SecureContext, TLSSocket } from 'node:tls';
import type { Secured } from '../edge/connection.ts';
import type { Identities } from './certificate.ts';
import { type ClientAuthorities, xmppAddresses } from './client-certificate.ts';
import { samePeer } from './peer.ts';

/** Begins TLS on a socket, as its server; `done` is called when the handshake is over. `protocols`: for ALPN (RFC 7301);
 * `domain`: whose certificate is shown to who names none. */
export function secure(
  raw: Socket,
  identities: Identities,
  protocols: readonly string[],
  done: (socket: TLSSocket, secured: Secured) => void,
  domain?: string,
): TLSSocket {
  // of the certificate that this handshake shows
  let { endPoint, authorities, context } = identities.of(domain);
  const byName = (name: string, show: (error: null, context: SecureContext) => void) => {
    ({ endPoint, authorities, context } = identities.of(name));
    show(null, context);
  };
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: [...protocols],
    ...(identities.several ? { SNICallback: byName } : {}),
    ...(authorities === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
  });
  samePeer(raw, socket);
  socket.once('secure', () => done(socket, new SecuredSocket(socket, endPoint, authorities)));
  return socket;
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
