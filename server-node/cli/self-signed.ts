const YEARS = 10;

/**
 * A certificate of the node's own making, for clients that are shown its fingerprint: ECDSA P-256, for the domain and
 * the services below it. The library is loaded only here; a running node needs none of it.
 */
export async function selfSigned(domain: string): Promise<{ readonly certificate: string; readonly key: string }> {
  await import('reflect-metadata'); // what the library's dependency injection needs
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(globalThis.crypto as never);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await globalThis.crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const day = 86_400_000;
  const notBefore = new Date(Math.floor((Date.now() - day) / 1000) * 1000); // clocks differ
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16)).with(0, 0x4f)).toString('hex'),
    name: `CN=${domain.slice(0, 64)}`,
    notBefore,
    notAfter: new Date(notBefore.getTime() + YEARS * 365 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: domain },
        { type: 'dns', value: `*.${domain}` },
      ]),
    ],
  });
  const pkcs8 = await globalThis.crypto.subtle.exportKey('pkcs8', keys.privateKey);
  const body = Buffer.from(pkcs8).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
  };
}
