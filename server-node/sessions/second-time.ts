import type { Session } from '../router/session.ts';
import type { Stores } from '../storage/stores.ts';
import type { Kept } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import { decode } from '../xml/chars.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { parseJid } from '../xmpp/jid.ts';
import { Stanza } from '../xmpp/stanza.ts';
import type { Claims } from './claims.ts';

const MOST_HELD = 100_000;

/**
 * What came of the work of a core that was killed: messages that its edges hold, and that lie on disk. A stanza that an edge
 * sends again is looked for here, for it was handled if its message is there.
 */
export class SecondTime {
  readonly #stores: Stores;
  readonly #domain: string;
  readonly #online: (name: string) => boolean;
  /** messages that sessions of a dead core have not acknowledged */
  readonly #held = new Set<Bytes>();
  #claims: Claims | undefined;

  /** `online`: whether an account has sessions here already */
  constructor(stores: Stores, domain: string, online: (name: string) => boolean) {
    this.#online = online;
    this.#stores = stores;
    this.#domain = domain;
  }

  /** While edges may still come. */
  begin(claims: Claims): void {
    this.#claims = claims;
  }

  /** Edges have had their time. */
  end(): void {
    this.#claims = undefined;
    this.#held.clear();
  }

  /** A session that goes on holds it. */
  claim(account: string, bytes: Bytes): Kept | undefined {
    if (this.#held.size >= MOST_HELD) this.#held.clear();
    this.#held.add(bytes);
    return this.#claims?.claim(account, bytes);
  }

  /** Whether a session of a core that died holds it. */
  holds(bytes: Bytes): boolean {
    return this.#held.has(bytes);
  }

  /** Whether a message that a client sent has been where it was to go. */
  async was(session: Session, tag: Tag, raw: Bytes): Promise<boolean> {
    if (tag.name !== 'message') return false;
    const to = attribute(tag, 'to');
    const jid = to === undefined ? session.jid.bare : parseJid(decode(to));
    if (jid === undefined || jid.domain !== this.#domain) return false;
    const { wire } = Stanza.received(tag, raw, session.jid, jid);
    if (this.#held.has(wire)) return true;
    if (this.#claims?.has(jid.local, wire)) {
      // its recipient's edge may hold it and not have come yet. When it has come without it, it goes there now, and in its order
      if (!this.#online(jid.local)) return true;
      this.#claims.claim(jid.local, wire)?.drop();
      return false;
    }
    const waiting = await this.#stores.list('offline').all(jid.local);
    return waiting.some(({ data }) => data === wire);
  }
}
