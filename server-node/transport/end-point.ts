import { createHash } from 'node:crypto';
import { derAt, hexOf, within } from './der.ts';

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

/**
 * The channel binding of a server's certificate, tls-server-end-point (RFC 5929 §4). `der`: the certificate. Undefined
 * where the RFC defines none: a signature without one hash, such as Ed25519.
 */
export function endPointBinding(der: Uint8Array): Buffer | undefined {
  const [, algorithm] = within(derAt(der, 0)); // what is signed, and how
  const [identifier] = within(algorithm);
  const hash = HASHES[hexOf(identifier)];
  return hash === undefined ? undefined : createHash(hash).update(der).digest();
}
