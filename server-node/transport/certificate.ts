import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ClientAuthorities } from './client-certificate.ts';
import { endPointBinding } from './end-point.ts';

export interface CertificateInfo {
  readonly subject: string;
  readonly issuer: string;
  readonly names: string[];
  readonly fingerprint: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly selfSigned: boolean;
}

/** What a certificate in PEM says of itself; of a chain, its first. */
export function certificateInfo(pem: string): CertificateInfo {
  const certificate = new X509Certificate(pem);
  const line = (text: string) => text.split('\n').join(', ');
  return {
    subject: line(certificate.subject),
    issuer: line(certificate.issuer),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : [])),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    selfSigned: certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey),
  };
}

/** RFC 7590 §3: TLS 1.2 and newer. A resumed session needs the context's own mark where client certificates are asked for. */
const contextOf = (pem: { readonly cert: string; readonly key: string }, authorities: ClientAuthorities | undefined) =>
  createSecureContext({
    ...pem,
    minVersion: 'TLSv1.2',
    sessionIdContext: 'parleyd',
    ...(authorities === undefined ? {} : { ca: authorities.pem }),
  });

/** Which certificate a TLS handshake shows. */
export interface Identities {
  /** several: the name that a client asks for decides (RFC 6066 §3) */
  readonly several: boolean;
  of(name: string | undefined): Identity;
}

/** The certificates of several domains behind one door. */
export class DomainIdentities implements Identities {
  readonly several = true;
  readonly #first: Identity;
  readonly #byDomain: ReadonlyMap<string, Identity>;

  /** `first`: for who names no domain, or one that is not here */
  constructor(first: Identity, byDomain: ReadonlyMap<string, Identity>) {
    this.#first = first;
    this.#byDomain = byDomain;
  }

  of(name: string | undefined): Identity {
    return this.#byDomain.get(name?.toLowerCase() ?? '') ?? this.#first;
  }

  all(): Iterable<Identity> {
    return this.#byDomain.values();
  }

  /** Reads all again. Where one is unusable its old one stays, and it throws when all have been read. */
  reload(): void {
    const unusable: string[] = [];
    for (const [domain, identity] of this.#byDomain)
      try {
        identity.reload();
      } catch (error) {
        unusable.push(`${domain}: ${error instanceof Error ? error.message : error}`);
      }
    if (unusable.length > 0) throw new Error(unusable.join('; '));
  }
}

/** The node's certificate and key, as they lie on disk; they can be read again while the node runs. */
export class Identity implements Identities {
  readonly several = false;
  readonly #certificatePath: string;
  readonly #keyPath: string;
  readonly #authoritiesPath: string | undefined;
  #authorities: ClientAuthorities | undefined;
  #info: CertificateInfo;
  #context: SecureContext;
  #pem: { readonly cert: string; readonly key: string };
  #endPoint: Buffer | undefined;

  /** `authoritiesPath`: who may sign client certificates; undefined: none are asked for */
  constructor(certificatePath: string, keyPath: string, authoritiesPath?: string) {
    this.#certificatePath = certificatePath;
    this.#keyPath = keyPath;
    this.#authoritiesPath = authoritiesPath;
    this.#authorities = this.#readAuthorities();
    this.#pem = this.#read();
    this.#info = certificateInfo(this.#pem.cert);
    this.#context = contextOf(this.#pem, this.#authorities);
    this.#endPoint = endPointBinding(new X509Certificate(this.#pem.cert).raw);
  }

  of(): Identity {
    return this;
  }

  get info(): CertificateInfo {
    return this.#info;
  }

  get context(): SecureContext {
    return this.#context;
  }

  /** the channel binding tls-server-end-point of the certificate (RFC 5929 §4) */
  get endPoint(): Buffer | undefined {
    return this.#endPoint;
  }

  get authorities(): ClientAuthorities | undefined {
    return this.#authorities;
  }

  get pem(): { readonly cert: string; readonly key: string } {
    return this.#pem;
  }

  /** Reads both files again. When they don't fit together the old ones stay, and it throws. */
  reload(): void {
    const pem = this.#read();
    const info = certificateInfo(pem.cert);
    const authorities = this.#readAuthorities();
    this.#context = contextOf(pem, authorities);
    this.#authorities = authorities;
    this.#pem = pem;
    this.#info = info;
    this.#endPoint = endPointBinding(new X509Certificate(pem.cert).raw);
  }

  #readAuthorities(): ClientAuthorities | undefined {
    return this.#authoritiesPath === undefined ? undefined : new ClientAuthorities(this.#authoritiesPath);
  }

  #read(): { cert: string; key: string } {
    return { cert: readFileSync(this.#certificatePath, 'utf8'), key: readFileSync(this.#keyPath, 'utf8') };
  }
}
