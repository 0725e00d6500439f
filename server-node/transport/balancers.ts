import { BlockList, isIPv6, type Socket } from 'node:net';
import { plainHost } from './address.ts';
import { setPeer } from './peer.ts';
import { readProxyHeader } from './proxy-header.ts';

/** how long a balancer may take to say whom it connects, milliseconds */
const HEADER_MS = 5000;

/** Who may say for others that they are connected: balancers, by their networks. */
export class Balancers {
  readonly #networks = new BlockList();
  readonly #any: boolean;
  /** told of a balancer that did not say it */
  readonly #refused: () => void;

  /** `networks`: such as 192.0.2.0/24 */
  constructor(networks: readonly string[], refused: () => void = () => {}) {
    this.#any = networks.length > 0;
    this.#refused = refused;
    for (const network of networks) {
      const [address = '', prefix = ''] = network.split('/');
      this.#networks.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  trusts(host: string): boolean {
    return this.#any && host !== '' && this.#networks.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
  }

  /** Passes a socket on; that of a balancer once it is known whom it is for. */
  receive(socket: Socket, take: (socket: Socket) => void): void {
    if (!this.trusts(plainHost(socket.remoteAddress ?? ''))) {
      take(socket);
      return;
    }
    let heard: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(), HEADER_MS);
    const gone = () => clearTimeout(timer);
    const failed = () => socket.destroy();
    const onData = (data: Buffer) => {
      heard = heard.length === 0 ? data : Buffer.concat([heard, data]);
      const header = readProxyHeader(heard);
      if (header === 'short') return;
      if (header === 'wrong') {
        this.#refused();
        socket.destroy();
        return;
      }
      socket.off('data', onData);
      socket.off('close', gone);
      socket.off('error', failed);
      clearTimeout(timer);
      socket.pause();
      if (header.peer !== undefined) setPeer(socket, header.peer);
      if (heard.length > header.length) socket.unshift(heard.subarray(header.length));
      take(socket);
      socket.resume();
    };
    socket.on('data', onData);
    socket.once('close', gone);
    socket.once('error', failed);
  }
}

/** Nobody may. */
export const NO_BALANCERS = new Balancers([]);
