import { StorageError } from '../stores.ts';
import type { Database } from './driver.ts';

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * Group commit: what is written within one turn of the event loop becomes one transaction, and so one sync of the
 * disk. A write is applied at once, so that reads see it, and its promise resolves after the commit.
 */
export class Writer {
  readonly #db: Database;
  #waiting: Waiter[] = [];
  #open = false;

  constructor(db: Database) {
    this.#db = db;
  }

  async write<T>(apply: () => T): Promise<T> {
    let value: T;
    try {
      this.#begin();
      value = apply();
    } catch (error) {
      this.#fail(storageError(error));
      throw storageError(error);
    }
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    return value;
  }

  /** Commits what is open. */
  flush(): void {
    if (!this.#open) return;
    const waiting = this.#waiting;
    try {
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#fail(storageError(error));
      return;
    }
    this.#open = false;
    this.#waiting = [];
    for (const waiter of waiting) waiter.resolve();
  }

  #begin(): void {
    if (this.#open) return;
    this.#db.exec('BEGIN IMMEDIATE');
    this.#open = true;
    setImmediate(() => this.flush());
  }

  /** Nothing of the transaction holds: whoever waits for it is told. */
  #fail(error: StorageError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#open) {
      this.#open = false;
      try {
        this.#db.exec('ROLLBACK');
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full
      }
    }
    for (const waiter of waiting) waiter.reject(error);
  }
}

export function storageError(error: unknown): StorageError {
  const words = error instanceof Error ? error.message : String(error);
  const full = /disk is full|database or disk|readonly database|disk I\/O/i.test(words);
  return error instanceof StorageError
    ? error
    : new StorageError(`the database said: ${words}`, full, { cause: error });
}
