import { createServer, type Server, type Socket } from 'node:net';
import type { ComponentConnection } from '../edge/component-connection.ts';
import type { Secured, Transport } from '../edge/connection.ts';
import type { Edge } from '../edge/edge.ts';
import type { Jid } from '../xmpp/jid.ts';
import { hostAndPort, isLoopback, listenOptions, plainHost } from './address.ts';
import { NO_BALANCERS } from './balancers.ts';
import type { Identities } from './certificate.ts';
import { peerOf } from './peer.ts';
import { secure } from './secured-socket.ts';
import { SocketTransport } from './socket.ts';
import type { WebDoor } from './web/web-door.ts';

/** how many connections may wait to be accepted; Bun 1.4.5 listens with 512 all the same (docs/capacity.md) */
const BACKLOG = 4096;

export interface BoundListener {
  /** where it listens: host:port */
  readonly address: string;
  /** takes no more connections */
  close(): void;
  /** reads its certificate again, where it has one of its own */
  reload?(): void;
}

type Listening<S extends { readonly jid: Jid }> = { readonly edge: Edge<S>; readonly identity: Identities };
type Take = (socket: Socket) => void;

/**
 * Takes a socket as soon as it is accepted: a stranger who never finishes a TLS handshake is counted, and let go in time,
 * like one who never logs in.
 */
function take<S extends { readonly jid: Jid }>(
  { edge, identity }: Listening<S>,
  socket: Socket,
  direct: boolean,
  secured?: Secured,
): void {
  const { host, port } = peerOf(socket);
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
  const address = hostAndPort(host, port);
  const accepted = edge.accept(host, transport, { address, loopback, direct, secured });
  received = (bytes) => accepted.connection.received(bytes);
  gone = () => accepted.lost();
  if (direct && secured === undefined) accepted.connection.handshake();
}

/** Listens for clients: `direct` for those that begin with TLS (XEP-0368), else for those that ask for it (RFC 6120 §5). */
export const listenClients = <S extends { readonly jid: Jid }>(
  address: string,
  edge: Edge<S>,
  identity: Identities,
  direct: boolean,
  balancers = NO_BALANCERS,
): Promise<BoundListener> =>
  bound(
    createServer({ noDelay: true }, (socket) =>
      balancers.receive(socket, (known) => take({ edge, identity }, known, direct)),
    ),
    address,
  );

/** `closing`: what else is done when it takes no more connections */
function bound(server: Server, address: string, closing = () => {}): Promise<BoundListener> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...listenOptions(address), backlog: BACKLOG }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {});
      const at = server.address();
      const where = typeof at === 'object' && at !== null ? hostAndPort(plainHost(at.address), at.port) : address;
      resolve({
        address: where,
        close: () => {
          server.close();
          closing();
        },
      });
    });
  });
}

/** how long a TLS handshake at the web's door may take, milliseconds */
const HANDSHAKE_MS = 15_000;

/** Listens for HTTP without TLS: behind a proxy of the operator's, or for this machine. */
export const listenHttp = <S extends { readonly jid: Jid }>(
  address: string,
  door: WebDoor<S>,
  balancers = NO_BALANCERS,
): Promise<BoundListener> => {
  const take: Take = (socket) => {
    if (door.admits(socket)) door.take(socket, undefined);
    else socket.destroy();
  };
  return bound(
    createServer({ noDelay: true }, (socket) => balancers.receive(socket, take)),
    address,
  );
};

/** Listens with TLS for all that the client may name by ALPN (RFC 7301): HTTP, and XMPP as at its own door (XEP-0368). */
export const listenHttps = <S extends { readonly jid: Jid }>(
  address: string,
  edge: Edge<S>,
  door: WebDoor<S>,
  identity: Identities,
  balancers = NO_BALANCERS,
): Promise<BoundListener> => {
  const received: Take = (socket) => {
    if (!door.admits(socket)) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    const over = secure(socket, identity, ['xmpp-client', 'http/1.1'], (secure, secured) => {
      clearTimeout(timer);
      if (secure.alpnProtocol === 'xmpp-client') take({ edge, identity }, secure, true, secured);
      else door.take(secure, secured);
    });
    over.on('error', () => socket.destroy());
    over.on('close', () => clearTimeout(timer));
  };
  return bound(
    createServer({ noDelay: true }, (socket) => balancers.receive(socket, received)),
    address,
  );
};

/** Listens for components (XEP-0114); they bring no TLS, so this is for the machine itself, or a network of one's own. */
export function listenComponents<E, S extends { readonly jid: Jid }>(
  address: string,
  { edge, identity }: Listening<S>,
  accept: (socket: Transport, address: string) => ComponentConnection<E>,
): Promise<BoundListener> {
  const open = new Set<ComponentConnection<E>>();
  return bound(
    createServer({ noDelay: true }, (socket) => {
      const host = plainHost(socket.remoteAddress ?? '');
      if (host === '' || !edge.admits(host, isLoopback(host))) {
        socket.destroy();
        return;
      }
      let connection: ComponentConnection<E> | undefined;
      const transport = new SocketTransport(
        socket,
        identity,
        (bytes) => connection?.received(bytes),
        () => {
          if (connection !== undefined) open.delete(connection);
          connection?.lost();
        },
      );
      connection = accept(transport, hostAndPort(host, socket.remotePort ?? 0));
      open.add(connection);
    }),
    address,
    () => {
      for (const connection of open) connection.end('system-shutdown', 'the server stops');
    },
  );
}
