import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Transport } from '../../edge/connection.ts';
import type { Edge } from '../../edge/edge.ts';
import { messageFraming, standingAlone } from '../../stream/framing.ts';
import type { Bytes } from '../../xml/chars.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { acceptOf, CLOSE_CODES, closeFrame, FrameReader, frame } from './frames.ts';
import type { Visitor } from './visitor.ts';

/** pongs wait in no more than this, bytes */
const MOST_PONGS = 65_536;

/** a client that does not answer our closing is not waited for longer than this */
const LINGER_MS = 5000;

/** A socket that has become a WebSocket, as the edge sees it: what it writes are frames already. */
class WebSocketTransport implements Transport {
  readonly #socket: Duplex;
  #closing = CLOSE_CODES.normal as number;

  constructor(socket: Duplex) {
    this.#socket = socket;
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

  /** the code that the farewell will carry */
  set closing(code: number) {
    this.#closing = code;
  }

  end(): void {
    const socket = this.#socket;
    if (socket.writable) socket.end(closeFrame(this.#closing), 'latin1');
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  startTls(): void {} // it was there before, or never will be: `tcp` alone is offered it
}

/** What a request must have to become a WebSocket for XMPP (RFC 6455 §4.2.1, RFC 7395 §3.1); or why it can't. */
export function refusedUpgrade(request: IncomingMessage): string | undefined {
  const { headers } = request;
  const key = headers['sec-websocket-key'];
  if (headers.upgrade?.toLowerCase() !== 'websocket' || typeof key !== 'string') return '400 Bad Request';
  if (headers['sec-websocket-version'] !== '13') return '426 Upgrade Required';
  return protocolsOf(request).includes('xmpp') ? undefined : '400 Bad Request';
}

const protocolsOf = ({ headers }: IncomingMessage): string[] =>
  String(headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim());

/** Makes a request's socket a client of the edge. */
export function takeWebSocket<S extends { readonly jid: Jid }>(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  visitor: Visitor,
  edge: Edge<S>,
): void {
  const transport = new WebSocketTransport(socket);
  const messages = {
    transport: 'websocket' as const,
    framing: messageFraming,
    seal: (bytes: Bytes) => frame(standingAlone(bytes)),
  };
  const { address, host, loopback, secured } = visitor;
  const { connection, lost } = edge.accept(host, transport, { address, loopback, direct: false, secured, messages });
  const reader = new FrameReader(edge.limits.before.stanzaBytes, {
    message: (bytes) => {
      connection.message(bytes);
      reader.most = connection.bound ? edge.limits.after.stanzaBytes : edge.limits.before.stanzaBytes;
    },
    pong: (bytes) => {
      connection.took(bytes.length); // who pings by the thousand is slowed like who talks by the thousand
      if (transport.queued < MOST_PONGS) transport.write(bytes); // and who reads no answers gets no more
    },
    closed: (code) => {
      if (code !== CLOSE_CODES.normal) edge.refusals.add('web_socket');
      transport.closing = code;
      transport.end();
      lost(); // without a farewell of XMPP the session may wait for its client
    },
  });
  socket.on('data', (data: Buffer) => reader.feed(data));
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.on('close', lost);
  const accept = acceptOf(String(request.headers['sec-websocket-key']));
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n`,
  );
  if (head.length > 0) reader.feed(head);
}
