/**
 * What counts as one place that connections come from: an IPv4 address, or an IPv6 /64, which is what one customer gets
 * at least (RFC 6177 §2). `host`: an address as sockets tell it, without a port.
 */
export function networkOf(host: string): string {
  const address = host.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('%')[0]?.split('::') ?? [];
  const groups = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'));
  const [head, tail] = [groups(before), groups(after)];
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  const prefix = all.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${prefix.join(':')}::/64`;
}

/** The same for an address with its port: `192.0.2.1:5`, `[2001:db8::1]:5`. */
export const networkOfPeer = (address: string): string => networkOf(address.replace(/:\d+$/, ''));
