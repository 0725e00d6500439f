import type { ListenOptions } from 'node:net';

/** Where to listen for an address of the configuration: `*:5222`, `127.0.0.1:5222`, `[::1]:5222`. */
export function listenOptions(address: string): ListenOptions {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  return host === '*' ? { port, host: '::', ipv6Only: false } : { port, host };
}

/** An address as people write it, without the IPv6 disguise that IPv4 wears on a socket for both. */
export const plainHost = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

export const hostAndPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const isLoopback = (host: string): boolean => host === '::1' || /^127\./.test(plainHost(host));
