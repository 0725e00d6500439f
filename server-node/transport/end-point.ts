import { createHash } from 'node:crypto';

/** The hash of a signature algorithm, by its object identifier in DER (RFC 5929 §4.1: MD5 and SHA-1 become SHA-256). */
const HASHES: Readonly<Record<string, string>> = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** Where a DER value begins and ends, or undefined when it is cut off. */
function value(der: Uint8Array, at: number): { readonly from: number; readonly to: number } | undefined {
  const first = der[at + 1];
  if (first === undefined) return undefined;
  let length = first;
  let from = at + 2;
  if (first >= 0x80) {
    length = 0;
    for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (der[from++] ?? 0);
  }
  return from + length <= der.length ? { from, to: from + length } : undefined;
}

/**
 * The channel binding of a server's certificate, tls-server-end-point (RFC 5929 §4). `der`: the certificate. Undefined
 * where the RFC defines none: a signature without one hash, such as Ed25519.
 */
export function endPointBinding(der: Uint8Array): Buffer | undefined {
  const certificate = value(der, 0);
  const signed = certificate && value(der, certificate.from);
  const algorithm = signed && value(der, signed.to);
  const identifier = algorithm && value(der, algorithm.from);
  if (identifier === undefined) return undefined;
  const hash = HASHES[Buffer.from(der.subarray(identifier.from, identifier.to)).toString('hex')];
  return hash === undefined ? undefined : createHash(hash).update(der).digest();
}
