import type { KeyedStore } from '../../storage/stores.ts';
import { type Element, el } from '../../xml/element.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { NO_SUBSCRIPTION, type Subscription } from './subscription.ts';

/** A contact as it is stored. */
export interface Item extends Subscription {
  readonly name: string;
  readonly groups: readonly string[];
  /** false: only a pending request that the account has not answered, which the roster does not show (§3.1.3) */
  readonly listed: boolean;
  /** the request that waits, as bytes, to be shown again at every login (§3.1.3) */
  readonly request: string;
}

export const NEW_ITEM: Item = { ...NO_SUBSCRIPTION, name: '', groups: [], listed: false, request: '' };

export interface Contact {
  readonly jid: Jid;
  readonly item: Item;
}

/** The roster of one account, in memory while somebody needs it. Every change goes to the store first. */
export class Roster {
  readonly #owner: string;
  readonly #store: KeyedStore<Item>;
  readonly #contacts: Map<string, Contact>;

  private constructor(owner: string, store: KeyedStore<Item>, contacts: Map<string, Contact>) {
    this.#owner = owner;
    this.#store = store;
    this.#contacts = contacts;
  }

  static async load(owner: string, store: KeyedStore<Item>): Promise<Roster> {
    const contacts = new Map<string, Contact>();
    for (const [key, item] of await store.all(owner)) {
      const jid = parseJid(key);
      if (jid !== undefined) contacts.set(key, { jid, item });
    }
    return new Roster(owner, store, contacts);
  }

  get size(): number {
    return this.#contacts.size;
  }

  item(jid: Jid): Item {
    return this.#contacts.get(jid.toString())?.item ?? NEW_ITEM;
  }

  contacts(): Iterable<Contact> {
    return this.#contacts.values();
  }

  /** In memory at once, on disk when the promise resolves. */
  async set(jid: Jid, item: Item): Promise<void> {
    const key = jid.toString();
    this.#contacts.set(key, { jid, item });
    await this.#store.set(this.#owner, key, item);
  }

  async remove(jid: Jid): Promise<void> {
    const key = jid.toString();
    this.#contacts.delete(key);
    await this.#store.delete(this.#owner, key);
  }
}

/** A contact as the roster shows it (§2.1.2). */
export function itemElement({ jid, item }: Contact): Element {
  return el(
    'item',
    NS.roster,
    {
      jid: jid.toString(),
      subscription: item.subscription,
      ...(item.name === '' ? {} : { name: item.name }),
      ...(item.pendingOut ? { ask: 'subscribe' } : {}),
      ...(item.approved ? { approved: 'true' } : {}),
    },
    ...item.groups.map((group) => el('group', NS.roster, {}, group)),
  );
}
