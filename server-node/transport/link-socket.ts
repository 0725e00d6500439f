import { chmodSync, existsSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createSecureServer, connect as secureConnect } from 'node:tls';
import type { Pipe } from '../link/link.ts';
import { hostAndPort, listenOptions, plainHost } from './address.ts';
import type { BoundListener } from './listener.ts';

/** A socket that a link is carried by. */
class SocketPipe implements Pipe {
  readonly #socket: Socket;
  readonly address: string | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { remoteAddress, remotePort } = socket; // as it is now: a socket that is gone has none
    this.address = remoteAddress === undefined ? undefined : hostAndPort(plainHost(remoteAddress), remotePort ?? 0);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.end(); // what was written leaves
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  listen(onData: (bytes: Buffer) => void, onClose: () => void): void {
    this.#socket.on('data', onData);
    this.#socket.on('end', () => this.#socket.destroy());
    this.#socket.once('close', onClose);
  }
}

const LINGER_MS = 1000;
/** how long it may take to connect, milliseconds */
const CONNECT_MS = 3000;

/** What a link's end shows to the other, and whom it trusts: PEM. */
export interface LinkIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** Whether an address names a Unix socket. */
export const isUnixPath = (address: string): boolean => !/:\d+$/.test(address);

/** Connects to a core: by a Unix socket's path, or by host and port with mutual TLS. `domain`: whom its certificate must be for. */
export function dialCore(address: string, domain: string, identity: LinkIdentity | undefined): Promise<Pipe> {
  return new Promise((resolve, reject) => {
    const socket: Socket = isUnixPath(address)
      ? connect(address)
      : secureConnect({ ...hostOf(address), ...identity, servername: domain, minVersion: 'TLSv1.3' });
    const timer = setTimeout(() => socket.destroy(new Error('the core does not answer')), CONNECT_MS);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the core closed the connection')));
    socket.once(isUnixPath(address) ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      resolve(new SocketPipe(socket));
    });
    socket.once('close', () => clearTimeout(timer));
  });
}

function hostOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

/** Listens for edges on a Unix socket that nobody but its owner can connect to. */
export async function listenEdgesLocal(path: string, accept: (pipe: Pipe) => void): Promise<BoundListener> {
  if (existsSync(path)) unlinkSync(path); // left by a node that was killed: the admin socket has made sure that none runs
  const server = createServer((socket) => accept(new SocketPipe(socket)));
  const before = process.umask(0o177); // born with mode 0600
  try {
    await listening(server, { path });
    chmodSync(path, 0o600);
  } finally {
    process.umask(before);
  }
  return {
    address: path,
    close() {
      server.close();
      if (existsSync(path)) unlinkSync(path);
    },
  };
}

/** Listens for edges with TLS; only those come in whose certificate one of `ca` has signed. */
export async function listenEdgesSecurely(
  address: string,
  identity: () => LinkIdentity,
  accept: (pipe: Pipe) => void,
): Promise<BoundListener> {
  const options = () => {
    const pem = identity();
    createSecureContext(pem); // what does not fit together is found here, before it is used
    return { ...pem, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const;
  };
  const server = createSecureServer(options(), (socket) => {
    if (socket.authorized) accept(new SocketPipe(socket));
    else socket.destroy();
  });
  server.on('tlsClientError', () => {});
  await listening(server, listenOptions(address));
  const at = server.address();
  const where = typeof at === 'object' && at !== null ? hostAndPort(plainHost(at.address), at.port) : address;
  return {
    address: where,
    close: () => server.close(),
    // links that are there go on; who comes from now on sees the new certificate and is judged by the new authorities
    reload: () => server.setSecureContext(options()),
  };
}

function listening(server: Server, options: Parameters<Server['listen']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
