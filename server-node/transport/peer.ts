import type { Socket } from 'node:net';
import { plainHost } from './address.ts';

/** Where a client is: without the IPv6 disguise that IPv4 wears; '' when it is gone already. */
export interface Peer {
  readonly host: string;
  readonly port: number;
}

/** what a balancer has said of its connections */
const said = new WeakMap<object, Peer>();

/** A balancer says who is at the other end of its connection. */
export function setPeer(socket: object, peer: Peer): void {
  said.set(socket, peer);
}

/** One socket stands for another, as TLS over it does. */
export function samePeer(from: object, to: object): void {
  const peer = said.get(from);
  if (peer !== undefined) said.set(to, peer);
}

export function peerOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): Peer {
  return said.get(socket) ?? { host: plainHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
}
