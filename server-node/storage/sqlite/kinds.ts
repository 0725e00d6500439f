import type { Entry, KeyedStore, ListStore, MetaStore } from '../stores.ts';
import type { Database, Statement } from './driver.ts';
import type { Writer } from './writer.ts';

export class SqliteKeyed<T> implements KeyedStore<T> {
  readonly #writer: Writer;
  readonly #kind: string;
  readonly #get: Statement;
  readonly #all: Statement;
  readonly #set: Statement;
  readonly #delete: Statement;
  readonly #owners: Statement;

  constructor(db: Database, writer: Writer, kind: string) {
    this.#writer = writer;
    this.#kind = kind;
    this.#get = db.prepare('SELECT value FROM keyed WHERE owner = ? AND kind = ? AND key = ?');
    this.#all = db.prepare('SELECT key, value FROM keyed WHERE owner = ? AND kind = ? ORDER BY key');
    this.#set = db.prepare(
      'INSERT INTO keyed (owner, kind, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
    this.#delete = db.prepare('DELETE FROM keyed WHERE owner = ? AND kind = ? AND key = ?');
    this.#owners = db.prepare('SELECT DISTINCT owner FROM keyed WHERE kind = ? ORDER BY owner');
  }

  async get(owner: string, key: string): Promise<T | undefined> {
    const row = this.#get.get(owner, this.#kind, key) as { value: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as T);
  }

  async all(owner: string): Promise<Map<string, T>> {
    const rows = this.#all.all(owner, this.#kind) as { key: string; value: string }[];
    return new Map(rows.map((row) => [row.key, JSON.parse(row.value) as T]));
  }

  async owners(): Promise<string[]> {
    const rows = this.#owners.all(this.#kind) as { owner: string }[];
    return rows.map(({ owner }) => owner);
  }

  async set(owner: string, key: string, value: T): Promise<void> {
    await this.#writer.write(() => this.#set.run(owner, this.#kind, key, JSON.stringify(value)));
  }

  async delete(owner: string, key: string): Promise<void> {
    await this.#writer.write(() => this.#delete.run(owner, this.#kind, key));
  }
}

export class SqliteList implements ListStore {
  readonly #writer: Writer;
  readonly #kind: string;
  readonly #append: Statement;
  readonly #all: Statement;
  readonly #remove: Statement;
  readonly #removeOne: Statement;
  readonly #count: Statement;

  constructor(db: Database, writer: Writer, kind: string) {
    this.#writer = writer;
    this.#kind = kind;
    this.#append = db.prepare('INSERT INTO list (kind, owner, at, data) VALUES (?, ?, ?, ?)');
    this.#all = db.prepare('SELECT id, at, data FROM list WHERE owner = ? AND kind = ? ORDER BY id');
    this.#remove = db.prepare('DELETE FROM list WHERE owner = ? AND kind = ? AND id <= ?');
    this.#removeOne = db.prepare('DELETE FROM list WHERE owner = ? AND kind = ? AND id = ?');
    this.#count = db.prepare('SELECT count(*) AS n FROM list WHERE owner = ? AND kind = ?');
  }

  async append(owner: string, at: number, data: string, most: number): Promise<number | undefined> {
    return this.#writer.write(() => {
      if (this.#countNow(owner) >= most) return undefined;
      return Number(this.#append.run(this.#kind, owner, at, Buffer.from(data, 'latin1')).lastInsertRowid);
    });
  }

  async all(owner: string): Promise<Entry[]> {
    const rows = this.#all.all(owner, this.#kind) as { id: number; at: number; data: Uint8Array }[];
    return rows.map((row) => ({ id: row.id, at: row.at, data: Buffer.from(row.data).toString('latin1') }));
  }

  async removeUpTo(owner: string, id: number): Promise<void> {
    await this.#writer.write(() => this.#remove.run(owner, this.#kind, id));
  }

  async remove(owner: string, id: number): Promise<void> {
    await this.#writer.write(() => this.#removeOne.run(owner, this.#kind, id));
  }

  async count(owner: string): Promise<number> {
    return this.#countNow(owner);
  }

  #countNow(owner: string): number {
    return (this.#count.get(owner, this.#kind) as { n: number }).n;
  }
}

export class SqliteMeta implements MetaStore {
  readonly #writer: Writer;
  readonly #get: Statement;
  readonly #set: Statement;

  constructor(db: Database, writer: Writer) {
    this.#writer = writer;
    this.#get = db.prepare('SELECT value FROM meta WHERE name = ?');
    this.#set = db.prepare(
      'INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
  }

  async get(name: string): Promise<string | undefined> {
    return (this.#get.get(name) as { value: string } | undefined)?.value;
  }

  async set(name: string, value: string): Promise<void> {
    await this.#writer.write(() => this.#set.run(name, value));
  }
}
