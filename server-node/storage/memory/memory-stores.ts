import { Turns } from '../exclusive.ts';
import type { Account, AccountStore, Entry, KeyCount, KeyedStore, ListStore, MetaStore, Stores } from '../stores.ts';

/** The stores of a node that forgets everything when it stops: for tests, and the measure of what the ports ask. */
export class MemoryStores implements Stores {
  readonly #kinds = new Map<string, Map<string, Map<string, string>>>();
  readonly #lists = new Map<string, Map<string, Entry[]>>();
  readonly accounts: AccountStore = new MemoryAccounts((name) => this.#forget(name));
  readonly meta: MetaStore = new MemoryMeta();
  readonly #turns = new Turns();

  keyed<T>(kind: string): KeyedStore<T> {
    return new MemoryKeyed<T>(entryOf(this.#kinds, kind, () => new Map()));
  }

  list(kind: string): ListStore {
    return new MemoryList(entryOf(this.#lists, kind, () => new Map()));
  }

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(name, work);
  }

  bytes(): number {
    return 0;
  }

  async check(): Promise<string[]> {
    return [];
  }

  async close(): Promise<void> {}

  #forget(owner: string): void {
    for (const owners of this.#kinds.values()) owners.delete(owner);
    for (const owners of this.#lists.values()) owners.delete(owner);
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

class MemoryAccounts implements AccountStore {
  readonly #accounts = new Map<string, Account>();
  readonly #forget: (name: string) => void;

  constructor(forget: (name: string) => void) {
    this.#forget = forget;
  }

  async get(name: string): Promise<Account | undefined> {
    return this.#accounts.get(name);
  }

  async add(account: Account): Promise<boolean> {
    if (this.#accounts.has(account.name)) return false;
    this.#accounts.set(account.name, account);
    return true;
  }

  async update(name: string, change: Partial<Omit<Account, 'name'>>): Promise<boolean> {
    const account = this.#accounts.get(name);
    if (account !== undefined) this.#accounts.set(name, { ...account, ...change });
    return account !== undefined;
  }

  async remove(name: string): Promise<boolean> {
    this.#forget(name);
    return this.#accounts.delete(name);
  }

  async page(options: { after: string; search: string; limit: number }): Promise<Account[]> {
    return [...this.#accounts.values()]
      .filter((account) => account.name > options.after && account.name.includes(options.search))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, options.limit);
  }

  async keyCounts(): Promise<KeyCount[]> {
    const counts = new Map<string, KeyCount>();
    for (const { keys } of this.#accounts.values()) {
      for (const [mechanism, { iterations }] of Object.entries(keys)) {
        const accounts = (counts.get(`${mechanism} ${iterations}`)?.accounts ?? 0) + 1;
        counts.set(`${mechanism} ${iterations}`, { mechanism, iterations, accounts });
      }
    }
    const order = (a: KeyCount, b: KeyCount) =>
      a.mechanism < b.mechanism ? -1 : a.mechanism > b.mechanism ? 1 : a.iterations - b.iterations;
    return [...counts.values()].sort(order);
  }

  async count(): Promise<number> {
    return this.#accounts.size;
  }

  async seen(times: ReadonlyMap<string, number>): Promise<void> {
    for (const [name, lastSeenAt] of times) await this.update(name, { lastSeenAt });
  }
}

class MemoryKeyed<T> implements KeyedStore<T> {
  readonly #owners: Map<string, Map<string, string>>;

  constructor(owners: Map<string, Map<string, string>>) {
    this.#owners = owners;
  }

  async get(owner: string, key: string): Promise<T | undefined> {
    const text = this.#owners.get(owner)?.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  async all(owner: string): Promise<Map<string, T>> {
    const entries = [...(this.#owners.get(owner) ?? [])];
    return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => [key, JSON.parse(text) as T]));
  }

  async set(owner: string, key: string, value: T): Promise<void> {
    entryOf(this.#owners, owner, () => new Map<string, string>()).set(key, JSON.stringify(value));
  }

  async delete(owner: string, key: string): Promise<void> {
    this.#owners.get(owner)?.delete(key);
  }
}

class MemoryList implements ListStore {
  readonly #owners: Map<string, Entry[]>;
  #next = 1;

  constructor(owners: Map<string, Entry[]>) {
    this.#owners = owners;
  }

  async append(owner: string, at: number, data: string, most: number): Promise<number | undefined> {
    const entries = entryOf(this.#owners, owner, () => []);
    if (entries.length >= most) return undefined;
    entries.push({ id: this.#next, at, data });
    return this.#next++;
  }

  async all(owner: string): Promise<Entry[]> {
    return [...(this.#owners.get(owner) ?? [])];
  }

  async removeUpTo(owner: string, id: number): Promise<void> {
    const entries = this.#owners.get(owner);
    if (entries !== undefined)
      this.#owners.set(
        owner,
        entries.filter((entry) => entry.id > id),
      );
  }

  async remove(owner: string, id: number): Promise<void> {
    const entries = this.#owners.get(owner);
    if (entries !== undefined)
      this.#owners.set(
        owner,
        entries.filter((entry) => entry.id !== id),
      );
  }

  async count(owner: string): Promise<number> {
    return this.#owners.get(owner)?.length ?? 0;
  }
}

class MemoryMeta implements MetaStore {
  readonly #values = new Map<string, string>();

  async get(name: string): Promise<string | undefined> {
    return this.#values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.#values.set(name, value);
  }
}
