import { Turns } from '../exclusive.ts';
import type {
  Account,
  AccountStore,
  Entry,
  KeyCount,
  KeyedStore,
  ListStore,
  MetaStore,
  Stores,
  Transfer,
} from '../stores.ts';
import { type Contents, MemoryTransfer, made } from './memory-transfer.ts';

/** The stores of a node that forgets everything when it stops: for tests, and the measure of what the ports ask. */
export class MemoryStores implements Stores {
  readonly #contents: Contents = {
    accounts: new Map(),
    kinds: new Map(),
    lists: new Map(),
    meta: new Map(),
    last: 0,
  };
  readonly accounts: AccountStore = new MemoryAccounts(this.#contents.accounts, (name) => this.#forget(name));
  readonly meta: MetaStore = new MemoryMeta(this.#contents.meta);
  readonly transfer: Transfer = new MemoryTransfer(this.#contents);
  readonly #turns = new Turns();

  keyed<T>(kind: string): KeyedStore<T> {
    return new MemoryKeyed<T>(made(this.#contents.kinds, kind, () => new Map()));
  }

  list(kind: string): ListStore {
    return new MemoryList(
      made(this.#contents.lists, kind, () => new Map()),
      this.#contents,
    );
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
    for (const owners of this.#contents.kinds.values()) owners.delete(owner);
    for (const owners of this.#contents.lists.values()) owners.delete(owner);
  }
}

class MemoryAccounts implements AccountStore {
  readonly #accounts: Map<string, Account>;
  readonly #forget: (name: string) => void;

  constructor(accounts: Map<string, Account>, forget: (name: string) => void) {
    this.#accounts = accounts;
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
    made(this.#owners, owner, () => new Map<string, string>()).set(key, JSON.stringify(value));
  }

  async delete(owner: string, key: string): Promise<void> {
    this.#owners.get(owner)?.delete(key);
  }

  async owners(): Promise<string[]> {
    return [...this.#owners].flatMap(([owner, values]) => (values.size > 0 ? [owner] : [])).sort();
  }
}

class MemoryList implements ListStore {
  readonly #owners: Map<string, Entry[]>;
  readonly #numbers: { last: number };

  constructor(owners: Map<string, Entry[]>, numbers: { last: number }) {
    this.#owners = owners;
    this.#numbers = numbers;
  }

  async append(owner: string, at: number, data: string, most: number): Promise<number | undefined> {
    const entries = made(this.#owners, owner, () => []);
    if (entries.length >= most) return undefined;
    const id = ++this.#numbers.last;
    entries.push({ id, at, data });
    return id;
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
  readonly #values: Map<string, string>;

  constructor(values: Map<string, string>) {
    this.#values = values;
  }

  async get(name: string): Promise<string | undefined> {
    return this.#values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.#values.set(name, value);
  }
}
