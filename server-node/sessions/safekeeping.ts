import { offlineKey } from '../router/session.ts';
import { type KeyedStore, type ListStore, StorageError, type Stores } from '../storage/stores.ts';
import type { Kept, Safe, Unacknowledged } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';

/** A message on disk that a process left which is over. */
export interface Unclaimed extends Unacknowledged {
  readonly key: string;
  readonly account: string;
  /** it was on its way to several devices of other nodes: its numbers there */
  readonly also?: readonly number[] | undefined;
}

/** A message as it lies on disk. */
interface Stored {
  readonly account: string;
  readonly at: number;
  readonly data: Bytes;
  /** it is on its way to several devices: its numbers there */
  readonly also?: readonly number[];
}

/**
 * While the database is away, what is no longer to lie on disk is removed again and again, every so many milliseconds; later than
 * what takes its place is tried again: in between it may be there twice, and must not be gone.
 */
const AGAIN_MS = 5000;

/** A key of a node's run begins with it; those of a node that has its storage for itself have none. */
const ownerOf = (key: string): string => (key.includes('!') ? key.slice(0, key.indexOf('!')) : '');

/**
 * Messages that a session was sent and has not acknowledged for a while: they lie on disk until it does, or until they
 * went where messages wait. What is found at a start was left by a process that was killed.
 */
export class Safekeeping implements Safe {
  readonly #store: KeyedStore<Stored>;
  readonly #offline: ListStore;
  readonly #onFault: (error: unknown) => void;
  /** keys sort in the order of their putting, also after a restart */
  readonly #epoch: string;
  /** whose they are, where several nodes share the storage: a run of a node */
  readonly #owner: string;
  #count = 0;

  constructor(stores: Stores, now: number, onFault: (error: unknown) => void, owner = '') {
    this.#owner = owner;
    this.#store = stores.keyed<Stored>('unacknowledged');
    this.#offline = stores.list('offline');
    this.#epoch = now.toString(36).padStart(9, '0');
    this.#onFault = onFault;
  }

  put(account: string, stanza: Unacknowledged, given?: string): Kept {
    return this.putShared(account, stanza, given, undefined);
  }

  /** The same, and under which numbers it is on its way to devices of other nodes. */
  putShared(
    account: string,
    { bytes, at }: Unacknowledged,
    given: string | undefined,
    also: readonly number[] | undefined,
  ): Kept {
    const count = (++this.#count).toString(36).padStart(8, '0');
    const key = given ?? `${this.#owner === '' ? '' : `${this.#owner}!k`}${this.#epoch}-${count}`;
    const stored = this.#store.set(this.#owner, key, { account, at, data: bytes, ...(also && { also }) });
    stored.catch(this.#onFault);
    return this.#kept(key, stored);
  }

  known(key: string): Kept {
    const waits = offlineKey.read(key);
    if (waits !== undefined) {
      const drop = () => void this.#offline.remove(waits.name, waits.id).catch(this.#onFault);
      return { key, stored: Promise.resolve(), drop };
    }
    return this.#kept(key, Promise.resolve());
  }

  /** What lies there, by its key, in the order of its putting. */
  async all(owner = this.#owner): Promise<Map<string, Omit<Unclaimed, 'key'>>> {
    const all = await this.#store.all(owner);
    return new Map(
      [...all].map(([key, { account, at, data, also }]) => [key, { account, at, bytes: data, ...(also && { also }) }]),
    );
  }

  /**
   * What a run left that is over lies here from now on: in one breath, so that whoever begins again, after whatever failed, finds it
   * in one of the two places.
   */
  async take({ key, account, bytes, at }: Unclaimed): Promise<Kept> {
    const kept = this.put(account, { bytes, at });
    await Promise.all([kept.stored, this.drop(key)]);
    return kept;
  }

  /** Whose there are. */
  owners(): Promise<string[]> {
    return this.#store.owners();
  }

  async drop(key: string): Promise<void> {
    await this.#store.delete(ownerOf(key), key);
  }

  #kept(key: string, stored: Promise<unknown>): Kept {
    return { key, stored, drop: () => this.#dropped(key) };
  }

  /** What stays would come a second time one day. */
  #dropped(key: string): void {
    this.drop(key).catch((error: unknown) => {
      if (!(error instanceof StorageError && (error.unavailable || error.full))) this.#onFault(error);
      else setTimeout(() => this.#dropped(key), AGAIN_MS).unref();
    });
  }
}
