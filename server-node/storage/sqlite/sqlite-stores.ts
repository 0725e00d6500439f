import { copyFileSync, existsSync, statSync } from 'node:fs';
import { Turns } from '../exclusive.ts';
import { missingMigrations } from '../migrations.ts';
import {
  type AccountStore,
  type KeyedStore,
  type ListStore,
  type MetaStore,
  StorageError,
  type Stores,
  type Transfer,
} from '../stores.ts';
import { SqliteAccounts } from './accounts.ts';
import { findDamage } from './damage.ts';
import { type Database, openDatabase } from './driver.ts';
import { SqliteKeyed, SqliteList, SqliteMeta } from './kinds.ts';
import { SQLITE_MIGRATIONS } from './schema.ts';
import { SqliteTransfer } from './transfer.ts';
import { storageError, Writer } from './writer.ts';

/**
 * Opens the node's database in WAL mode with a sync at every commit, and brings its schema up to date; a copy is left
 * beside it before a schema that holds data is changed. A database that is gone is an error, never an empty domain: only
 * `create` makes one.
 * @throws StorageError when it is damaged, locked, read-only, or made by a newer parleyd
 */
export async function openSqliteStores(path: string, { create = false } = {}): Promise<Stores> {
  if (!create && !existsSync(path))
    throw new StorageError(`there is no database at ${path}: restore it from a backup`, false);
  let db: Database;
  try {
    db = openDatabase(path);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -4000');
    migrate(db, path);
    // SQLite opens a file that it can't write as well, and would not see that it can again
    db.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${SQLITE_MIGRATIONS.length}; ROLLBACK`);
  } catch (error) {
    throw error instanceof StorageError ? error : storageError(error);
  }
  return new SqliteStores(db, path);
}

function migrate(db: Database, path: string): void {
  const row = db.prepare('PRAGMA user_version').get() as { user_version: number };
  const missing = missingMigrations(SQLITE_MIGRATIONS, row.user_version);
  if (typeof missing === 'string') throw new StorageError(`${path} can't be opened: ${missing}`, false);
  if (missing.length === 0) return;
  if (row.user_version > 0) {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    copyFileSync(path, `${path}.before-version-${SQLITE_MIGRATIONS.length}`);
  }
  db.exec('BEGIN IMMEDIATE');
  for (const migration of missing) db.exec(migration.sql);
  db.exec(`PRAGMA user_version = ${SQLITE_MIGRATIONS.length}`);
  db.exec('COMMIT');
}

class SqliteStores implements Stores {
  readonly #db: Database;
  readonly #path: string;
  readonly #writer: Writer;
  readonly accounts: AccountStore;
  readonly meta: MetaStore;
  readonly transfer: Transfer;
  readonly #turns = new Turns();

  constructor(db: Database, path: string) {
    this.#db = db;
    this.#path = path;
    this.#writer = new Writer(db);
    this.accounts = new SqliteAccounts(db, this.#writer);
    this.meta = new SqliteMeta(db, this.#writer);
    this.transfer = new SqliteTransfer(db, this.#writer);
  }

  keyed<T>(kind: string): KeyedStore<T> {
    return new SqliteKeyed<T>(this.#db, this.#writer, kind);
  }

  list(kind: string): ListStore {
    return new SqliteList(this.#db, this.#writer, kind);
  }

  /** The node is the only one that serves from this file. */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(name, work);
  }

  bytes(): number {
    return ['', '-wal', '-shm'].reduce(
      (sum, end) => sum + (existsSync(this.#path + end) ? statSync(this.#path + end).size : 0),
      0,
    );
  }

  async check(): Promise<string[]> {
    this.#writer.flush();
    return findDamage(this.#db);
  }

  async close(): Promise<void> {
    this.#writer.flush();
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }
}
