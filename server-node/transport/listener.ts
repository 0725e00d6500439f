import { createServer, type Server, type Socket } from 'node:net';
import type { Edge } from '../edge/edge.ts';
import type { Jid } from '../xmpp/jid.ts';
import { hostAndPort, isLoopback, listenOptions, plainHost } from './address.ts';
import type { Identity } from './certificate.ts';
import { SocketTransport } from './socket.ts';

/** how many connections may wait to be accepted; the kernel's net.core.somaxconn may allow fewer */
const BACKLOG = 4096;

export interface BoundListener {
  /** where it listens: host:port */
  readonly address: string;
  /** takes no more connections */
  close(): void;
}

type Listening<S extends { readonly jid: Jid }> = { readonly edge: Edge<S>; readonly identity: Identity };

/**
 * Takes a socket as soon as it is accepted: a stranger who never finishes a TLS handshake is counted, and let go in time,
 * like one who never logs in.
 */
function take<S extends { readonly jid: Jid }>(
  { edge, identity }: Listening<S>,
  socket: Socket,
  direct: boolean,
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
  const accepted = edge.accept(host, transport, { address, loopback, direct });
  received = (bytes) => accepted.connection.received(bytes);
  gone = () => accepted.lost();
  if (direct) accepted.connection.handshake();
}

/** Listens for clients: `direct` for those that begin with TLS (XEP-0368), else for those that ask for it (RFC 6120 §5). */
export const listenClients = <S extends { readonly jid: Jid }>(
  address: string,
  edge: Edge<S>,
  identity: Identity,
  direct: boolean,
): Promise<BoundListener> =>
  bound(
    createServer({ noDelay: true }, (socket) => take({ edge, identity }, socket, direct)),
    address,
  );

function bound(server: Server, address: string): Promise<BoundListener> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...listenOptions(address), backlog: BACKLOG }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      const at = server.address();
      const where = typeof at === 'object' && at !== null ? hostAndPort(plainHost(at.address), at.port) : address;
      resolve({ address: where, close: () => void server.close() });
    });
  });
}
