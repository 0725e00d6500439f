import { type Bytes, decode, encode, own } from '../xml/chars.ts';
import { escapeValue } from '../xml/entities.ts';
import { prepareDomain, prepareLocal, prepareResource } from './precis.ts';

/** An address (RFC 7622), its parts prepared, so that two are the same when their texts are. */
export class Jid {
  readonly local: string;
  readonly domain: string;
  readonly resource: string;
  /** as an attribute's value on the wire */
  readonly wire: Bytes;
  readonly #bare: Jid | undefined;

  constructor(local: string, domain: string, resource = '') {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    this.wire = escapeValue(encode(this.toString()));
    this.#bare = resource === '' ? undefined : new Jid(local, domain);
  }

  get bare(): Jid {
    return this.#bare ?? this;
  }

  equals(other: Jid): boolean {
    return this.wire === other.wire;
  }

  toString(): string {
    const bare = this.local === '' ? this.domain : `${this.local}@${this.domain}`;
    return this.resource === '' ? bare : `${bare}/${this.resource}`;
  }
}

/** The address a text is (RFC 7622 §3.1), or undefined. */
export function parseJid(text: string): Jid | undefined {
  const slash = text.indexOf('/');
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf('@');
  const local = at < 0 ? '' : prepareLocal(bare.slice(0, at));
  const domain = prepareDomain(at < 0 ? bare : bare.slice(at + 1));
  const resource = slash < 0 ? '' : prepareResource(text.slice(slash + 1));
  if (local === undefined || domain === undefined || resource === undefined) return undefined;
  if ((at >= 0 && local === '') || (slash >= 0 && resource === '')) return undefined;
  return new Jid(local, domain, resource);
}

const MOST_CACHED = 20_000;

/** Remembers the addresses that come by: people write to the same few over and over. */
export class JidCache {
  #known = new Map<Bytes, Jid>();

  /** The address that an attribute's value holds, or undefined. */
  parse(value: Bytes): Jid | undefined {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const jid = parseJid(decode(value));
    if (jid === undefined) return undefined;
    if (this.#known.size >= MOST_CACHED) this.#known.clear();
    // a key of its own: the value is a cutting of a network buffer that must not be kept alive
    this.#known.set(own(value), jid);
    return jid;
  }
}
