import type { Peer } from './peer.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED = 16;
/** addresses, and what a balancer adds of its own (TLVs), bytes */
const MOST = 4096;

/** A header, how long it is, and who it says is connected; undefined: the balancer itself (LOCAL), or no address of IP. */
export interface ProxyHeader {
  readonly length: number;
  readonly peer: Peer | undefined;
}

/**
 * Reads a header of the PROXY protocol, version 2 (haproxy, doc/proxy-protocol.txt §2.2). 'short': there is more to come;
 * 'wrong': what comes is none.
 */
export function readProxyHeader(data: Buffer): ProxyHeader | 'short' | 'wrong' {
  const begun = Math.min(data.length, SIGNATURE.length);
  if (!data.subarray(0, begun).equals(SIGNATURE.subarray(0, begun))) return 'wrong';
  if (data.length < FIXED) return 'short';
  const [versionAndCommand = 0, family = 0] = data.subarray(12, 14);
  const command = versionAndCommand & 0x0f;
  const length = FIXED + data.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || command > 1 || length > MOST) return 'wrong';
  if (data.length < length) return 'short';
  if (command === 0) return { length, peer: undefined };
  const addresses = data.subarray(FIXED, length);
  if (family === 0x11) {
    if (addresses.length < 12) return 'wrong';
    return { length, peer: { host: [...addresses.subarray(0, 4)].join('.'), port: addresses.readUInt16BE(8) } };
  }
  if (family === 0x21) {
    if (addresses.length < 36) return 'wrong';
    return { length, peer: { host: ipv6(addresses.subarray(0, 16)), port: addresses.readUInt16BE(32) } };
  }
  return { length, peer: undefined }; // UNSPEC and what is no TCP: the connection's own addresses are meant
}

/** RFC 5952 */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  const text = groups.join(':');
  if (text.startsWith('0:0:0:0:0:ffff:')) return [...bytes.subarray(12)].join('.');
  const zeros = [...text.matchAll(/(?:^|:)(?:0(?::0)+)(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (zeros === undefined) return text;
  const before = text.slice(0, zeros.index);
  const after = text.slice(zeros.index + zeros[0].length + 1);
  return `${before}::${after}`;
}
