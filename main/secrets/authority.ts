import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const DAY = 86_400_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function library() {
  await import('reflect-metadata'); // what the library's dependency injection needs
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(globalThis.crypto as never);
  return x509;
}

const newKeys = () => globalThis.crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
const serialNumber = () =>
  Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16)).with(0, 0x4f)).toString('hex');

function validFor(years: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(Math.floor((Date.now() - DAY) / 1000) * 1000); // clocks differ
  return { notBefore, notAfter: new Date(notBefore.getTime() + years * 365 * DAY) };
}

/** An authority of one domain, for the servers between its nodes and for nothing else. */
export async function newAuthority(name: string): Promise<Pair> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: serialNumber(), name: `CN=${name.slice(0, 64)}`, ...validFor(20) },
    ...{ signingAlgorithm: ALGORITHM, keys },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
}

/** A server's certificate by an authority, good for the addresses it is reached at; and as a client's among its like. */
export async function certify(authority: Pair, name: string, addresses: readonly string[]): Promise<Pair> {
  const x509 = await library();
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const signingKey = await globalThis.crypto.subtle.importKey('pkcs8', derOf(authority.key), ALGORITHM, false, [
    'sign',
  ]);
  const certificate = await x509.X509CertificateGenerator.create({
    ...{ serialNumber: serialNumber(), subject: `CN=${name.slice(0, 64)}`, issuer: issuer.subject, ...validFor(10) },
    ...{ signingAlgorithm: ALGORITHM, publicKey: keys.publicKey, signingKey },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      new x509.SubjectAlternativeNameExtension(addresses.map(nameOf)),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
}

/** What clients of a domain are shown when nobody gave a certificate: one for all of its nodes. */
export async function selfSigned(domain: string): Promise<Pair> {
  const x509 = await library();
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: serialNumber(), name: `CN=${domain.slice(0, 64)}`, ...validFor(10) },
    ...{ signingAlgorithm: ALGORITHM, keys },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: domain },
        { type: 'dns', value: `*.${domain}` },
      ]),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await pemOf(keys.privateKey) };
}

/** Whether a certificate is good for all of these addresses, and for a while yet. */
export function covers(pem: string, addresses: readonly string[]): boolean {
  const certificate = new X509Certificate(pem);
  const lasts = Date.parse(certificate.validTo) - Date.now() > 30 * DAY;
  return (
    lasts && addresses.every((it) => (isIP(it) ? certificate.checkIP(it) : certificate.checkHost(it)) !== undefined)
  );
}

const nameOf = (address: string) => ({ type: isIP(address) ? ('ip' as const) : ('dns' as const), value: address });

const derOf = (pem: string) => Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');

async function pemOf(key: Awaited<ReturnType<typeof newKeys>>['privateKey']): Promise<string> {
  const der = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', key));
  const body = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}
