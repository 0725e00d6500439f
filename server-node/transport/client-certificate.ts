import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Der, derAt, hexOf, within } from './der.ts';

const SUBJECT_ALT_NAME = '551d11'; // 2.5.29.17
const XMPP_ADDRESS = '2b06010505070805'; // id-on-xmppAddr, RFC 6120 §13.7.1.4
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const LONGEST_CHAIN = 5;

/** The XMPP addresses in a certificate's subjectAltName. `der`: the certificate. */
export function xmppAddresses(der: Uint8Array): string[] {
  const addresses: string[] = [];
  for (const name of alternativeNames(der)) {
    if (name.tag !== 0xa0) continue; // otherName: an identifier, and a value of its kind
    const [identifier, wrapped] = within(name);
    const [text] = within(wrapped);
    if (hexOf(identifier) === XMPP_ADDRESS && text !== undefined)
      addresses.push(Buffer.from(text.bytes.subarray(text.from, text.to)).toString('utf8'));
  }
  return addresses;
}

function* alternativeNames(der: Uint8Array): Iterable<Der> {
  const [signed] = within(derAt(der, 0));
  for (const field of within(signed)) {
    if (field.tag !== 0xa3) continue; // extensions
    const [list] = within(field);
    for (const extension of within(list)) {
      const parts = [...within(extension)];
      const content = parts.at(-1);
      if (hexOf(parts[0]) !== SUBJECT_ALT_NAME || content === undefined) continue;
      yield* within(derAt(content.bytes, content.from, content.to));
    }
  }
}

/** Those whose signature under a client certificate we take (XEP-0178 §2). */
export class ClientAuthorities {
  readonly pem: string;
  readonly #roots: readonly X509Certificate[];

  /** @throws when the file can't be read, or holds no certificate */
  constructor(path: string) {
    this.pem = readFileSync(path, 'utf8');
    const blocks = this.pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error(`${path} holds no certificate`);
    this.#roots = blocks.map((block) => new X509Certificate(block));
  }

  /** Whether one of them vouches for the first of the chain, now. The runtime's own verdict is not to be had everywhere. */
  vouchFor(chain: readonly X509Certificate[], now: number): boolean {
    let [subject] = chain;
    if (subject?.keyUsage !== undefined && !subject.keyUsage.includes(CLIENT_AUTH)) return false;
    for (let i = 0; i < LONGEST_CHAIN && subject !== undefined; i++) {
      if (now < Date.parse(subject.validFrom) || now > Date.parse(subject.validTo)) return false;
      const signedBy = (issuer: X509Certificate) => issuer.ca && signed(subject, issuer);
      const root = this.#roots.find(signedBy);
      if (root !== undefined) return now >= Date.parse(root.validFrom) && now <= Date.parse(root.validTo);
      subject = chain.slice(1).find((issuer) => issuer !== subject && signedBy(issuer));
    }
    return false;
  }
}

const signed = (subject: X509Certificate | undefined, issuer: X509Certificate): boolean =>
  subject?.checkIssued(issuer) === true && subject.verify(issuer.publicKey);
