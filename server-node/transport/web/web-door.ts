import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Secured } from '../../edge/connection.ts';
import type { Edge } from '../../edge/edge.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { hostAndPort, isLoopback } from '../address.ts';
import { peerOf } from '../peer.ts';
import { Bosh } from './bosh.ts';
import { hostMeta, hostMetaJson, waysIn } from './host-meta.ts';
import { Pacer } from './pacer.ts';
import type { Visitor } from './visitor.ts';
import { refusedUpgrade, takeWebSocket } from './web-socket.ts';

export interface WebOptions<S extends { readonly jid: Jid }> {
  readonly domain: string;
  readonly edge: Edge<S>;
  readonly metrics: () => string;
  /** where the world finds the door: https://host:port; undefined: nowhere, and no ways in are published */
  readonly publicBase: (host: string | undefined) => string | undefined;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly content: string;
}

const XML = 'text/xml; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';
const NOTHING: Answer = { status: 404, type: TEXT, content: 'There is nothing here.\n' };
/** web pages of any origin may use BOSH and read where the ways in are (XEP-0124 §19, XEP-0156 §6) */
const ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'Content-Type',
  'access-control-max-age': '86400',
};
/** what was refused is not read to its end: so long its answer has to leave, milliseconds */
const FAREWELL_MS = 500;
/** a socket on which nothing happens for longer is let go; BOSH answers within half of it */
const IDLE_MS = 120_000;

/** All that is said by HTTP: WebSocket, BOSH, host-meta, metrics. Takes sockets from whichever listener has them. */
export class WebDoor<S extends { readonly jid: Jid }> {
  readonly #options: WebOptions<S>;
  readonly #server: Server;
  readonly #bosh: Bosh<S>;
  readonly #channels = new WeakMap<object, Secured>();
  readonly #leaves = new WeakMap<Socket, string>();
  readonly #pacers = new WeakMap<Socket, Pacer>();
  readonly #open = new Set<Socket>();
  /** how many of them by network */
  readonly #networks = new Map<string, number>();

  constructor(options: WebOptions<S>) {
    this.#options = options;
    this.#bosh = new Bosh(options.edge, options.domain);
    this.#server = createServer();
    this.#server.on('request', (request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Whether one more socket is welcome: they share what the process can hold with those of XMPP. */
  admits(socket: Socket): boolean {
    const { host } = peerOf(socket);
    if (host === '') return false;
    const { edge } = this.#options;
    const loopback = isLoopback(host);
    const same = this.#networks.get(edge.networkOf(host, loopback) ?? '') ?? 0;
    return edge.admits(host, loopback, { all: this.#open.size, same });
  }

  /** Takes a socket whose first request is still to come; `secured`: TLS ends here. */
  take(socket: Socket, secured: Secured | undefined): void {
    if (secured !== undefined) this.#channels.set(socket, secured);
    this.#came(socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.setKeepAlive(true, 60_000); // a WebSocket whose client's network died must not stay
    inSlices(socket);
    this.#pacers.set(socket, new Pacer(socket, this.#options.edge, this.#leaves.get(socket) === ''));
    this.#server.emit('connection', socket);
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #came(socket: Socket): void {
    const { host } = peerOf(socket);
    const network = this.#options.edge.networkOf(host, isLoopback(host)) ?? '';
    this.#open.add(socket);
    this.#networks.set(network, (this.#networks.get(network) ?? 0) + 1);
    socket.once('close', () => this.#left(socket));
    this.#leaves.set(socket, network);
  }

  /** It is closed, or counts among the edge's from now on. */
  #left(socket: Socket): void {
    if (!this.#open.delete(socket)) return;
    const network = this.#leaves.get(socket) ?? '';
    const left = (this.#networks.get(network) ?? 1) - 1;
    if (left === 0) this.#networks.delete(network);
    else this.#networks.set(network, left);
  }

  #visitor(socket: Socket | Duplex): Visitor {
    const { host, port } = peerOf(socket as Socket);
    const secured = this.#channels.get(socket);
    return { host, address: hostAndPort(host, port), loopback: isLoopback(host), secured };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const pacer = this.#pacers.get(request.socket);
    if (pacer === undefined) this.#serve(request, response);
    else pacer.request(request, response, () => this.#serve(request, response));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (path === '/http-bind' || path === '/http-bind/') {
      this.#bind(request, response);
      return;
    }
    const { status, type, content } = request.method === 'GET' ? this.#page(path, request) : NOTHING;
    const open = path.startsWith('/.well-known/') ? ANY_ORIGIN : {};
    response.writeHead(status, { ...open, 'content-type': type });
    response.end(content);
  }

  #page(path: string, request: IncomingMessage): Answer {
    const base = this.#options.publicBase(request.headers.host);
    switch (path) {
      case '/metrics':
        return this.#visitor(request.socket).loopback
          ? { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', content: this.#options.metrics() }
          : { status: 403, type: TEXT, content: 'Metrics are for this machine alone.\n' };
      case '/.well-known/host-meta':
        if (base === undefined) return NOTHING;
        return { status: 200, type: 'application/xrd+xml; charset=utf-8', content: hostMeta(waysIn(base)) };
      case '/.well-known/host-meta.json':
        if (base === undefined) return NOTHING;
        return { status: 200, type: 'application/json; charset=utf-8', content: hostMetaJson(waysIn(base)) };
      case '/xmpp-websocket':
        return { status: 426, type: TEXT, content: 'This is for XMPP over a WebSocket (RFC 7395).\n' };
      default:
        return NOTHING;
    }
  }

  #bind(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, ANY_ORIGIN);
      response.end();
      return;
    }
    if (request.method !== 'POST') {
      response.writeHead(200, { ...ANY_ORIGIN, 'content-type': TEXT });
      response.end('This is for XMPP over BOSH (XEP-0206): a client posts here.\n');
      return;
    }
    let content = '';
    let refused = false;
    request.on('data', (data: Buffer) => {
      if (refused) return;
      content += data.toString('latin1');
      if (content.length <= this.#bosh.most) return;
      refused = true;
      this.#options.edge.refusals.add('web_request');
      content = '';
      response.writeHead(413, { ...ANY_ORIGIN, 'content-type': TEXT, connection: 'close' });
      response.end('This is more than a stanza may be.\n', () =>
        setTimeout(() => request.socket.destroy(), FAREWELL_MS),
      );
    });
    request.on('error', () => {});
    request.on('end', () => {
      if (refused) return;
      this.#bosh.take(content, this.#visitor(request.socket), (answer) => {
        if (response.destroyed) return;
        response.writeHead(200, { ...ANY_ORIGIN, 'content-type': XML, 'content-length': answer.length });
        response.end(answer, 'latin1');
      });
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? '').split('?')[0];
    const visitor = this.#visitor(socket);
    const known = path === '/xmpp-websocket' || path === '/ws' || path === '/xmpp-websocket/';
    const { edge } = this.#options;
    const refused = known ? refusedUpgrade(request) : '404 Not Found';
    if (refused !== undefined) {
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#left(socket as Socket);
    this.#pacers.get(socket as Socket)?.stop();
    (socket as Socket).setTimeout(0);
    if (edge.admits(visitor.host, visitor.loopback)) takeWebSocket(request, socket, head, visitor, edge);
    else {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      setTimeout(() => socket.destroy(), FAREWELL_MS);
    }
  }
}

/** bytes that an HTTP parser is given at a time */
const SLICE = 4096;

/**
 * The parser reads all that is there in one go, and makes objects for each request: half a megabyte of them would keep
 * everybody waiting for a second. In slices, a socket that was ended for having sent too many is read no further.
 */
function inSlices(socket: Socket): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean;
  socket.emit = ((event: string | symbol, ...args: unknown[]) => {
    const [data] = args;
    if (event !== 'data' || !Buffer.isBuffer(data) || data.length <= SLICE) return emit(event, ...args);
    for (let at = 0; at < data.length && !socket.destroyed; at += SLICE) emit('data', data.subarray(at, at + SLICE));
    return true;
  }) as typeof socket.emit;
}
