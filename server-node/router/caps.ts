import { el } from '../xml/element.ts';
import { capsText, featuresOf } from '../xmpp/caps.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { Session } from './session.ts';

/** Hash functions as XEP-0300 §3.1 names them. */
export type HashName = 'sha-1' | 'sha-256';
/** Base64 of a text's hash, of its UTF-8 form. */
export type Digest = (algorithm: HashName, text: string) => string;
export type Ask = (to: Jid, type: 'get', payload: ReturnType<typeof el>) => Promise<Stanza | undefined>;

export type Features = readonly string[];

/** Sets of features that are remembered, the last that were met; and how long the text of one may be, characters. */
const MOST = 1000;
const LONGEST = 20_000;

interface Claim {
  readonly node: string;
  readonly hash: string;
  readonly ver: string;
}

const HASHES: readonly string[] = ['sha-1', 'sha-256'] satisfies HashName[];

/** What the clients of this node can do, by what they say in their presence (XEP-0115): each `ver` is asked for once. */
export class Caps {
  readonly #digest: Digest;
  readonly #ask: Ask;
  readonly #known = new Map<string, Features>();
  readonly #asking = new Map<string, Promise<unknown>>();
  readonly #claims = new WeakMap<Session, Claim>();
  readonly #sessions = new WeakMap<Session, Features>();

  constructor(digest: Digest, ask: Ask) {
    this.#digest = digest;
    this.#ask = ask;
  }

  /** The features that a verified hash stands for, if it was met. */
  features(hash: string, ver: string): Features | undefined {
    const key = `${hash} ${ver}`;
    const features = this.#known.get(key);
    if (features === undefined) return undefined;
    this.#known.delete(key); // the last met is the last to be forgotten
    this.#known.set(key, features);
    return features;
  }

  /** What a session's client can do, if it has said so. */
  of(session: Session): Features | undefined {
    return this.#sessions.get(session);
  }

  /** Looks at a session's presence. Resolves with its client's features when they are new, else with undefined. */
  async seen(session: Session, stanza: Stanza): Promise<Features | undefined> {
    if (!stanza.rest.includes(NS.caps)) return undefined;
    const c = stanza.element.child('c', NS.caps)?.attributes;
    const claim = { node: c?.['node'] ?? '', hash: c?.['hash'] ?? '', ver: c?.['ver'] ?? '' };
    if (claim.ver === '' || claim.hash === '') return undefined; // §5.4, rule 1: the format from before 1.4
    const before = this.#claims.get(session);
    if (before?.hash === claim.hash && before.ver === claim.ver) return undefined;
    this.#claims.set(session, claim);
    const features = await this.#find(session, claim);
    if (features === undefined || session.closed || this.#claims.get(session) !== claim) return undefined;
    this.#sessions.set(session, features);
    return features;
  }

  async #find(session: Session, claim: Claim): Promise<Features | undefined> {
    const key = `${claim.hash} ${claim.ver}`;
    // somebody else who says the same is asked already: only if that one lied is this one asked too
    await this.#asking.get(key);
    const known = this.features(claim.hash, claim.ver);
    if (known !== undefined) return known;
    const asked = this.#interview(session.jid, claim, key);
    this.#asking.set(key, asked);
    try {
      return await asked;
    } finally {
      if (this.#asking.get(key) === asked) this.#asking.delete(key);
    }
  }

  /** §5.4: what is proven is believed of all who say it, anything else of the one who was asked. */
  async #interview(jid: Jid, { node, hash, ver }: Claim, key: string): Promise<Features | undefined> {
    const answer = await this.#ask(jid, 'get', el('query', NS.discoInfo, { node: `${node}#${ver}` }));
    const info = answer?.type === 'result' ? answer.element.child('query', NS.discoInfo)?.elements : undefined;
    if (info === undefined) return undefined;
    const features = featuresOf(info);
    const text = capsText(info);
    if (text === undefined || text.length > LONGEST) return undefined;
    if (!HASHES.includes(hash) || this.#digest(hash as HashName, text) !== ver) return features;
    this.#known.set(key, features);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
    return features;
  }
}
