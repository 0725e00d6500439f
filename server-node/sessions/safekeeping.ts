import { offlineKey } from '../router/session.ts';
import type { KeyedStore, ListStore, Stores } from '../storage/stores.ts';
import type { Kept, Safe, Unacknowledged } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';

/** A message as it lies on disk. */
interface Stored {
  readonly account: string;
  readonly at: number;
  readonly data: Bytes;
}

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
  #count = 0;

  constructor(stores: Stores, now: number, onFault: (error: unknown) => void) {
    this.#store = stores.keyed<Stored>('unacknowledged');
    this.#offline = stores.list('offline');
    this.#epoch = now.toString(36).padStart(9, '0');
    this.#onFault = onFault;
  }

  put(account: string, { bytes, at }: Unacknowledged): Kept {
    const key = `${this.#epoch}-${(++this.#count).toString(36).padStart(8, '0')}`;
    const stored = this.#store.set('', key, { account, at, data: bytes });
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
  async all(): Promise<Map<string, Unacknowledged & { readonly account: string }>> {
    const all = await this.#store.all('');
    return new Map([...all].map(([key, { account, at, data }]) => [key, { account, at, bytes: data }]));
  }

  async drop(key: string): Promise<void> {
    await this.#store.delete('', key);
  }

  #kept(key: string, stored: Promise<unknown>): Kept {
    return { key, stored, drop: () => void this.drop(key).catch(this.#onFault) };
  }
}
