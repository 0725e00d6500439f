import type { Bytes } from '../xml/chars.ts';

/**
 * What the server keeps, behind ports that SQLite and memory serve alike. Every promise of a writing call resolves when
 * what it wrote would survive a power cut, and rejects when it would not; a reading call sees what was written before
 * it was called, durable or not. A failure of the storage is a StorageError.
 */
export interface Stores {
  readonly accounts: AccountStore;
  /** values by owner and key; T must survive JSON */
  keyed<T>(kind: string): KeyedStore<T>;
  /** entries by owner in the order of their appending */
  list(kind: string): ListStore;
  /** one value a name for the whole domain, such as secrets */
  readonly meta: MetaStore;
  /**
   * Runs the work while no other work of that name runs, on any node that shares the storage. Work must not ask for
   * exclusive work itself: it might wait for its own end. Where others share the storage it is rejected with a
   * StorageError when it can't begin in time, and when the exclusion did not hold to the end.
   */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** everything at once, for who moves it elsewhere */
  readonly transfer: Transfer;
  /** bytes on disk, 0 in memory */
  bytes(): number;
  /** what is damaged, one sentence each; empty when all is well */
  check(): Promise<string[]>;
  close(): Promise<void>;
}

export interface KeyMaterial {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

export interface KeyCount {
  readonly mechanism: string;
  readonly iterations: number;
  readonly accounts: number;
}

export interface Account {
  /** the localpart, prepared */
  readonly name: string;
  readonly state: 'active' | 'suspended';
  /** milliseconds since the epoch, as all times here */
  readonly createdAt: number;
  readonly lastSeenAt: number | null;
  /** SCRAM keys by mechanism */
  readonly keys: Readonly<Record<string, KeyMaterial>>;
}

export interface AccountStore {
  get(name: string): Promise<Account | undefined>;
  /** false when the name is taken, and then nothing is changed */
  add(account: Account): Promise<boolean>;
  /** false when there is no such account */
  update(name: string, change: Partial<Omit<Account, 'name'>>): Promise<boolean>;
  /** removes the account and all that is kept for its owner; false when there is none */
  remove(name: string): Promise<boolean>;
  /** in the order of their names, those after `after` whose name contains `search` */
  page(options: { readonly after: string; readonly search: string; readonly limit: number }): Promise<Account[]>;
  count(): Promise<number>;
  /** what keys there are: how many accounts have them of that mechanism with so many iterations; reads every account */
  keyCounts(): Promise<KeyCount[]>;
  /** notes when accounts were last seen; names that no longer exist are passed over */
  seen(times: ReadonlyMap<string, number>): Promise<void>;
}

export interface KeyedStore<T> {
  get(owner: string, key: string): Promise<T | undefined>;
  all(owner: string): Promise<Map<string, T>>;
  set(owner: string, key: string, value: T): Promise<void>;
  delete(owner: string, key: string): Promise<void>;
  /** Whose values there are. It looks through all: for a start, not for a chat. */
  owners(): Promise<string[]>;
}

export interface Entry {
  readonly id: number;
  readonly at: number;
  readonly data: Bytes;
}

export interface ListStore {
  /** undefined when the owner has `most` entries already, and then nothing is appended */
  append(owner: string, at: number, data: Bytes, most: number): Promise<number | undefined>;
  all(owner: string): Promise<Entry[]>;
  /** removes the entries up to and with that id */
  removeUpTo(owner: string, id: number): Promise<void>;
  /** removes one entry */
  remove(owner: string, id: number): Promise<void>;
  count(owner: string): Promise<number>;
}

export interface MetaStore {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
}

/** Anything that is stored, as every storage knows it. */
export type StoredRow =
  | { readonly table: 'account'; readonly account: Account }
  | {
      readonly table: 'keyed';
      readonly owner: string;
      readonly kind: string;
      readonly key: string;
      readonly value: unknown;
    }
  | {
      readonly table: 'list';
      readonly owner: string;
      readonly kind: string;
      readonly id: number;
      readonly at: number;
      readonly data: Bytes;
    }
  | { readonly table: 'meta'; readonly name: string; readonly value: string }
  /** the last number that an entry of a list was given, there or gone: none is given twice */
  | { readonly table: 'numbered'; readonly last: number };

/** A whole storage, to be copied into another; nobody else writes meanwhile. */
export interface Transfer {
  /** Everything, in portions: table by table in the order above, each in the order of its key, bytewise. */
  read(): AsyncIterable<readonly StoredRow[]>;
  /** Adds rows that are not there yet; numbers and times of entries stay as they are. */
  write(rows: readonly StoredRow[]): Promise<void>;
  /** Removes everything. */
  clear(): Promise<void>;
}

/**
 * The storage could not do what was asked: a full disk, a damaged file. `full`: there may be room later. `unavailable`: a
 * database that other programs run can't be reached now, or has no time for us; it may be there again any moment.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly full: boolean;
  readonly unavailable: boolean;

  constructor(message: string, full: boolean, options: ErrorOptions & { readonly unavailable?: boolean } = {}) {
    super(message, options);
    this.full = full;
    this.unavailable = options.unavailable ?? false;
  }
}
