import type { Stores } from '../storage/stores.ts';

/** Work that only one node may do at a time, which this one does or waits for. */
export interface Work {
  /** what the others would wait for: `roster/anna`, `adopt/RUN` */
  readonly name: string;
  /** it has the lock; else another has it */
  readonly holds: boolean;
  /** for how long it has had it, or waited; milliseconds */
  readonly forMs: number;
}

/** told to others with a beat: what takes longer than a moment */
const TOLD_MS = 100;
const MOST_TOLD = 5;

interface Entry {
  readonly name: string;
  holds: boolean;
  since: number;
}

/** `Stores.exclusive`, and who asks what this node is at. */
export class Works {
  readonly #stores: Pick<Stores, 'exclusive'>;
  readonly #clock: () => number;
  readonly #entries = new Set<Entry>();
  /** since the start: locks it has had, and those that it did not get or lost on the way */
  readonly counts = { had: 0, failed: 0 };

  constructor(stores: Pick<Stores, 'exclusive'>, clock: () => number) {
    this.#stores = stores;
    this.#clock = clock;
  }

  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const entry: Entry = { name, holds: false, since: this.#clock() };
    this.#entries.add(entry);
    let failed = false; // by the work itself, which is no fault of the lock
    try {
      return await this.#stores.exclusive(name, async () => {
        entry.holds = true;
        entry.since = this.#clock();
        this.counts.had++;
        try {
          return await work();
        } catch (error) {
          failed = true;
          throw error;
        }
      });
    } catch (error) {
      if (!failed) this.counts.failed++;
      throw error;
    } finally {
      this.#entries.delete(entry);
    }
  }

  /** The longest first. */
  now(): Work[] {
    const now = this.#clock();
    const works = [...this.#entries].map(({ name, holds, since }) => ({ name, holds, forMs: Math.round(now - since) }));
    return works.sort((a, b) => b.forMs - a.forMs);
  }

  /** What others are told. */
  told(): Work[] {
    return this.now()
      .filter(({ forMs }) => forMs >= TOLD_MS)
      .slice(0, MOST_TOLD);
  }
}
