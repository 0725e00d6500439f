import type { KeyedStore, Stores } from '../../storage/stores.ts';
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
  /** the roster's version in which the item last looked different; absent in items from before versions were kept */
  readonly version?: number;
}

export const NEW_ITEM: Item = { ...NO_SUBSCRIPTION, name: '', groups: [], listed: false, request: '' };

export interface Contact {
  readonly jid: Jid;
  readonly item: Item;
}

/** What a roster's version was when it was written last (§2.6). */
interface Head {
  /** tells the roster from one of the same name that was removed */
  readonly epoch: string;
  readonly version: number;
  /** changes up to this one are not all known any more */
  readonly floor: number;
}

/** What one change was, for a push (§2.1.6): no item when the contact was removed. */
export interface Change {
  readonly jid: Jid;
  readonly item: Item | undefined;
  readonly version: number;
}

/** Removed contacts that a roster remembers; who was away for more gets the whole roster. */
const MOST_GONE = 200;
const HEAD = 'head';

/** Removed contacts stand beside the head, under their address with a sign before it that no address begins with. */
const goneKey = (contact: string): string => `/${contact}`;

/** The stores of rosters: contacts; and versions: of the roster, and in which one a contact was removed. */
export interface RosterStores {
  readonly items: KeyedStore<Item>;
  readonly versions: KeyedStore<Head | number>;
}

export const rosterStores = (stores: Stores): RosterStores => ({
  items: stores.keyed<Item>('roster'),
  versions: stores.keyed<Head | number>('roster-version'),
});

/** The roster of one account, in memory while somebody needs it. Every change goes to the stores before it is told. */
export class Roster {
  readonly #owner: string;
  readonly #stores: RosterStores;
  readonly #contacts = new Map<string, Contact>();
  readonly #gone = new Map<string, number>();
  #head: Head;

  private constructor(owner: string, stores: RosterStores, head: Head) {
    this.#owner = owner;
    this.#stores = stores;
    this.#head = head;
  }

  /** `epoch`: names the roster if it has no name yet; it is written with the first change. */
  static async load(owner: string, stores: RosterStores, epoch: string): Promise<Roster> {
    const [items, versions] = await Promise.all([stores.items.all(owner), stores.versions.all(owner)]);
    const head = versions.get(HEAD);
    const roster = new Roster(owner, stores, typeof head === 'object' ? head : { epoch, version: 0, floor: 0 });
    for (const [key, item] of items) {
      const jid = parseJid(key);
      if (jid !== undefined) roster.#contacts.set(key, { jid, item });
    }
    const gone = [...versions].filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    for (const [key, version] of gone.sort(([, a], [, b]) => a - b)) roster.#gone.set(key.slice(1), version);
    return roster;
  }

  get size(): number {
    return this.#contacts.size;
  }

  /** §2.6.1: opaque to clients; `at`: as it was after a change. */
  versionText(at = this.#head.version): string {
    return `${this.#head.epoch}-${at}`;
  }

  item(jid: Jid): Item {
    return this.#contacts.get(jid.toString())?.item ?? NEW_ITEM;
  }

  contacts(): Iterable<Contact> {
    return this.#contacts.values();
  }

  /** All that is known, as if it were new: contacts that are gone, and each that is there. */
  asChanges(): Change[] {
    const { version } = this.#head;
    const gone = [...this.#gone.keys()].map(parseJid).filter((jid) => jid !== undefined);
    const there = [...this.#contacts.values()].filter(({ item }) => item.listed);
    return [...gone.map((jid) => ({ jid, item: undefined, version })), ...there.map((one) => ({ ...one, version }))];
  }

  /**
   * What has changed since a version, in order (§2.6.3): undefined when that is not known, or is more than the roster.
   */
  changesSince(version: string): Change[] | undefined {
    const { epoch, version: now, floor } = this.#head;
    const since = version.startsWith(`${epoch}-`) ? Number(version.slice(epoch.length + 1)) : Number.NaN;
    if (!Number.isInteger(since) || since < floor || since > now) return undefined;
    const changes: Change[] = [];
    let listed = 0;
    for (const { jid, item } of this.#contacts.values()) {
      if (!item.listed) continue;
      listed++;
      if ((item.version ?? 0) > since) changes.push({ jid, item, version: item.version ?? 0 });
    }
    for (const [key, at] of this.#gone) {
      const jid = parseJid(key);
      if (at > since && jid !== undefined) changes.push({ jid, item: undefined, version: at });
    }
    return changes.length > listed ? undefined : changes.sort((a, b) => a.version - b.version);
  }

  /**
   * Keeps a contact's new state, or forgets a contact when there is none. In memory at once, on disk when the promise
   * resolves: with the change that clients see, if they see one.
   */
  async change(jid: Jid, after: Item | undefined): Promise<Change | undefined> {
    const key = jid.toString();
    const before = this.item(jid);
    const seen = look({ jid, item: before }) !== look({ jid, item: after ?? NEW_ITEM });
    const version = seen ? this.#head.version + 1 : before.version;
    const item = after === undefined ? undefined : { ...after, ...(version === undefined ? {} : { version }) };
    if (item === undefined) this.#contacts.delete(key);
    else this.#contacts.set(key, { jid, item });
    // begun in one turn, and so one transaction
    const { items } = this.#stores;
    const writes = [
      item === undefined ? items.delete(this.#owner, key) : items.set(this.#owner, key, item),
      ...(seen && version !== undefined ? this.#advance(key, version, item?.listed !== true) : []),
    ];
    await Promise.all(writes);
    return seen && version !== undefined ? { jid, item: item?.listed ? item : undefined, version } : undefined;
  }

  #advance(key: string, version: number, removed: boolean): Promise<void>[] {
    const { versions } = this.#stores;
    const writes: Promise<void>[] = [];
    const known = this.#gone.delete(key);
    if (removed) {
      this.#gone.set(key, version); // behind all others: the order is that of versions
      writes.push(versions.set(this.#owner, goneKey(key), version));
    } else if (known) writes.push(versions.delete(this.#owner, goneKey(key)));
    let { floor } = this.#head;
    for (const [oldest, at] of this.#gone) {
      if (this.#gone.size <= MOST_GONE) break;
      this.#gone.delete(oldest);
      floor = at;
      writes.push(versions.delete(this.#owner, goneKey(oldest)));
    }
    this.#head = { ...this.#head, version, floor };
    writes.push(versions.set(this.#owner, HEAD, this.#head));
    return writes;
  }
}

/** How clients see a contact, to tell two states apart. */
const look = (contact: Contact): string => (contact.item.listed ? itemElement(contact).serialize() : '');

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

/** The content of a roster push (§2.1.6): one item, and the version that it makes (§2.6.3). */
export function pushElement({ jid, item }: Change, version: string): Element {
  const shown =
    item === undefined
      ? el('item', NS.roster, { jid: jid.toString(), subscription: 'remove' })
      : itemElement({ jid, item });
  return el('query', NS.roster, { ver: version }, shown);
}
