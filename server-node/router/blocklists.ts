import type { KeyedStore, Stores } from '../storage/stores.ts';
import type { Bytes } from '../xml/chars.ts';
import { encode } from '../xml/chars.ts';
import { escapeValue } from '../xml/entities.ts';
import { StanzaError } from '../xmpp/errors.ts';
import { type Jid, parseJid } from '../xmpp/jid.ts';

/** Whom one account blocks (XEP-0191). Never empty: an account that blocks nobody has none. */
export class Blocklist {
  readonly #items: ReadonlyMap<Bytes, Jid>;
  /** whole domains are among them: hardly any list has one */
  readonly #domains: boolean;

  constructor(items: readonly Jid[]) {
    this.#items = new Map(items.map((jid) => [jid.wire, jid]));
    this.#domains = items.some((jid) => jid.local === '');
  }

  get items(): readonly Jid[] {
    return [...this.#items.values()];
  }

  has(jid: Jid): boolean {
    return this.#items.has(jid.wire);
  }

  /** XEP-0191 §6: user@domain/resource, user@domain, domain/resource, domain. */
  matches(jid: Jid): boolean {
    if (this.#items.has(jid.wire) || this.#items.has(jid.bare.wire)) return true;
    if (!this.#domains) return false;
    const domain = escapeValue(encode(jid.domain));
    if (jid.resource !== '' && jid.local !== '' && this.#items.has(`${domain}/${escapeValue(encode(jid.resource))}`))
      return true;
    return this.#items.has(domain);
  }
}

/** Accounts that are away and whose list, or lack of one, stays in memory: the last that were asked for. */
const MOST_IDLE = 1000;

/**
 * The blocklists of the domain's accounts. Those of accounts with sessions are in memory, so that the path of messages
 * asks them in the same turn; the others are read when somebody wants something of an account that is away, and kept a
 * while.
 */
export class Blocklists {
  readonly #domain: string;
  readonly #most: number;
  readonly #store: KeyedStore<true>;
  readonly #lists = new Map<string, Blocklist>();
  /** of accounts that have sessions at other nodes, which say what is on them; never empty */
  readonly #elsewhere = new Map<string, Blocklist>();
  /** how many sessions, and openings of one, want an account's list in memory */
  readonly #holds = new Map<string, number>();
  /** the accounts whose list, or lack of one, is known */
  readonly #ready = new Set<string>();
  readonly #idle = new Map<string, Blocklist | undefined>();
  readonly #loading = new Map<string, Promise<void>>();

  /** `most`: items that one account may have */
  constructor(domain: string, stores: Stores, most: number) {
    this.#domain = domain;
    this.#most = most;
    this.#store = stores.keyed<true>('blocklist');
  }

  /** Nobody who is here blocks anybody: the usual case, told without a look-up. */
  get none(): boolean {
    return this.#lists.size === 0 && this.#elsewhere.size === 0;
  }

  /** What an account that is here blocks, as text: for the nodes that it is not at. */
  told(name: string): readonly string[] {
    return this.#lists.get(name)?.items.map(String) ?? [];
  }

  /** What an account blocks that has sessions at another node; nothing, when it has none any more. */
  learn(name: string, items: readonly string[]): void {
    const jids = items.map(parseJid).filter((jid) => jid !== undefined);
    if (jids.length === 0) this.#elsewhere.delete(name);
    else this.#elsewhere.set(name, new Blocklist(jids));
    this.#idle.delete(name);
    if (this.#ready.has(name)) this.#keep(name, jids.length === 0 ? undefined : new Blocklist(jids));
  }

  /** An account has no sessions at other nodes any more. */
  unlearn(name: string): void {
    if (this.#elsewhere.size > 0) this.#elsewhere.delete(name);
  }

  /** Whether an account that is here blocks an address. */
  blocks(name: string, other: Jid): boolean {
    const list = this.#lists.get(name) ?? this.#elsewhere.get(name);
    return list !== undefined && this.#foreign(name, other) && list.matches(other);
  }

  /** The same for any account of ours. */
  async blocksAnyway(name: string, other: Jid): Promise<boolean> {
    if (this.#ready.has(name)) return this.blocks(name, other);
    return this.#foreign(name, other) && ((await this.of(name))?.matches(other) ?? false);
  }

  /** Whether either end of a stanza is an account that is here and blocks the other. */
  between(from: Jid, to: Jid): boolean {
    return (
      (from.domain === this.#domain && this.blocks(from.local, to)) ||
      (to.domain === this.#domain && this.blocks(to.local, from))
    );
  }

  async of(name: string): Promise<Blocklist | undefined> {
    if (this.#ready.has(name)) return this.#lists.get(name);
    if (this.#idle.has(name)) return this.#idle.get(name);
    const list = await this.#read(name);
    if (!this.#ready.has(name)) this.#rest(name, list);
    return list;
  }

  /** Brings an account's list into memory, where it stays until `release` was called as often. */
  async hold(name: string): Promise<void> {
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    if (this.#ready.has(name)) return;
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      loading = this.of(name)
        .then((list) => {
          this.#idle.delete(name);
          this.#ready.add(name);
          this.#keep(name, list);
        })
        .finally(() => this.#loading.delete(name));
      this.#loading.set(name, loading);
    }
    try {
      await loading;
    } catch (error) {
      this.release(name);
      throw error;
    }
  }

  release(name: string): void {
    const holds = (this.#holds.get(name) ?? 0) - 1;
    if (holds > 0) this.#holds.set(name, holds);
    else {
      if (this.#ready.has(name)) this.#rest(name, this.#lists.get(name));
      this.#holds.delete(name);
      this.#ready.delete(name);
      this.#lists.delete(name);
    }
  }

  /** Other nodes may have changed lists without our hearing of it. */
  async refresh(): Promise<void> {
    this.#idle.clear();
    for (const name of [...this.#ready]) {
      const list = await this.#read(name);
      if (this.#ready.has(name)) this.#keep(name, list);
    }
  }

  /** An account is removed: who comes by its name next is somebody else. */
  forget(name: string): void {
    this.#idle.delete(name);
  }

  /** Changes an account's list; `announce` is called when it is on disk, before it has effect. @throws StanzaError resource-constraint */
  async change(
    name: string,
    { add = [], remove = [] }: { readonly add?: readonly Jid[]; readonly remove?: readonly Jid[] },
    announce: () => Promise<unknown> = async () => {},
  ): Promise<void> {
    const items = new Map((await this.of(name))?.items.map((jid) => [jid.wire, jid]));
    for (const jid of add) items.set(jid.wire, jid);
    if (add.length > 0 && items.size > this.#most)
      throw new StanzaError('resource-constraint', `at most ${this.#most} addresses can be blocked`);
    // begun in one turn, and so one transaction
    await Promise.all([
      ...add.map((jid) => this.#store.set(name, jid.toString(), true)),
      ...remove.map((jid) => this.#store.delete(name, jid.toString())),
    ]);
    await announce();
    if (!this.#ready.has(name)) return;
    const now = new Map(this.#lists.get(name)?.items.map((jid) => [jid.wire, jid])); // another session may have changed it too
    for (const jid of add) now.set(jid.wire, jid);
    for (const jid of remove) now.delete(jid.wire);
    this.#keep(name, new Blocklist([...now.values()]));
  }

  /** Nobody blocks themselves, another resource of theirs, or the server that they speak through (XEP-0191 §5). */
  #foreign(name: string, other: Jid): boolean {
    return other.domain !== this.#domain || (other.local !== name && other.local !== '');
  }

  #keep(name: string, list: Blocklist | undefined): void {
    if (list === undefined || list.items.length === 0) this.#lists.delete(name);
    else this.#lists.set(name, list);
  }

  /** Keeps what is known of an account that is away. */
  #rest(name: string, list: Blocklist | undefined): void {
    this.#idle.delete(name);
    this.#idle.set(name, list);
    for (const oldest of this.#idle.keys()) {
      if (this.#idle.size <= MOST_IDLE) break;
      this.#idle.delete(oldest);
    }
  }

  async #read(name: string): Promise<Blocklist | undefined> {
    const items = [...(await this.#store.all(name)).keys()].map(parseJid).filter((jid) => jid !== undefined);
    return items.length === 0 ? undefined : new Blocklist(items);
  }
}
