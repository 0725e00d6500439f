import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Edge } from '../edge/edge.ts';
import type { Jid } from '../xmpp/jid.ts';
import { hostAndPort, isLoopback, listenOptions, plainHost } from './address.ts';
import type { Identity } from './certificate.ts';
import { connectionsAllowed } from './descriptors.ts';
import { SocketTransport } from './socket.ts';

/** how many connections may wait to be accepted; the kernel's net.core.somaxconn may allow fewer */
const BACKLOG = 4096;

export interface BoundListener {
  /** where it listens: host:port */
  readonly address: string;
  /** takes no more connections */
  close(): void;
  /** new connections get the identity's certificate as it is now */
  reload(): void;
}

function take<S extends { readonly jid: Jid }>(
  edge: Edge<S>,
  identity: Identity,
  socket: Socket,
  tls: string | null,
): void {
  const host = plainHost(socket.remoteAddress ?? '');
  const loopback = isLoopback(host);
  if (host === '' || !edge.admits(host, loopback)) {
    socket.destroy();
    return;
  }
  let received: (bytes: string) => void = () => {};
  let gone = () => {};
  const transport = new SocketTransport(
    socket,
    identity,
    (bytes) => received(bytes),
    () => gone(),
  );
  const address = hostAndPort(host, socket.remotePort ?? 0);
  const accepted = edge.accept(host, transport, { address, loopback, tls });
  received = (bytes) => accepted.connection.received(bytes);
  gone = () => accepted.lost();
}

/** Listens for clients that begin without TLS (RFC 6120 §5). */
export const listenTcp = <S extends { readonly jid: Jid }>(
  address: string,
  edge: Edge<S>,
  identity: Identity,
): Promise<BoundListener> =>
  bound(
    createServer({ noDelay: true }, (socket) => take(edge, identity, socket, null)),
    address,
    () => {},
  );

/** Listens for clients that begin with TLS (XEP-0368). */
export function listenTls<S extends { readonly jid: Jid }>(
  address: string,
  edge: Edge<S>,
  identity: Identity,
  handshakeMs: number,
): Promise<BoundListener> {
  const options = {
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['xmpp-client'],
    handshakeTimeout: handshakeMs,
    noDelay: true,
  } as const;
  const server = createTlsServer({ ...options, ...identity.pem }, (socket: TLSSocket) =>
    take(edge, identity, socket, socket.getProtocol() ?? 'TLS'),
  );
  server.on('tlsClientError', () => {}); // a stranger's failed handshake is nobody's error
  return bound(server, address, () => server.setSecureContext({ ...options, ...identity.pem }));
}

function bound(server: Server, address: string, reload: () => void): Promise<BoundListener> {
  return new Promise((resolve, reject) => {
    server.maxConnections = connectionsAllowed();
    server.once('error', reject);
    server.listen({ ...listenOptions(address), backlog: BACKLOG }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      const at = server.address();
      const where = typeof at === 'object' && at !== null ? hostAndPort(plainHost(at.address), at.port) : address;
      resolve({ address: where, close: () => void server.close(), reload });
    });
  });
}
