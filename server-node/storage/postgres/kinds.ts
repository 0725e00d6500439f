import type { Pool } from 'pg';
import type { Entry, KeyedStore, ListStore, MetaStore } from '../stores.ts';
import { byPlace, type Look, Reader } from './reader.ts';
import type { Write, Writer } from './writer.ts';

interface Place {
  readonly owner: string;
  readonly kind: string;
}
interface Key extends Place {
  readonly key: string;
}
interface Valued extends Key {
  readonly value: string;
}
interface Numbered extends Place {
  readonly id: number;
}
interface Appended extends Place {
  readonly at: number;
  readonly data: string;
  readonly most: number;
}

/** The values of one property, as an array that a statement unnests. */
export const column = <T, K extends keyof T>(rows: readonly T[], name: K): T[K][] => rows.map((row) => row[name]);
const nothing = (ops: readonly unknown[]): undefined[] => ops.map(() => undefined);

/** Owner of the writes that are the domain's: no account can be called so. */
const DOMAIN = '\0domain';

// sorted where rows are locked: two nodes that lock them in different orders would wait for each other
const SET: Write<Valued, undefined> = {
  name: 'keyed-set-1',
  phase: 3,
  sql: `INSERT INTO keyed (owner, kind, key, value)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::json[]) AS g(owner, kind, key, value)
        ORDER BY owner COLLATE "C", kind COLLATE "C", key COLLATE "C"
        ON CONFLICT (owner, kind, key) DO UPDATE SET value = excluded.value`,
  values(ops) {
    const last = [...new Map(ops.map((op) => [`${op.owner}\0${op.kind}\0${op.key}`, op])).values()];
    return [column(last, 'owner'), column(last, 'kind'), column(last, 'key'), column(last, 'value')];
  },
  outcomes: nothing,
};
const DELETE: Write<Key, undefined> = {
  name: 'keyed-delete-1',
  phase: 4,
  sql: `DELETE FROM keyed AS k USING unnest($1::text[], $2::text[], $3::text[]) AS g(owner, kind, key)
        WHERE k.owner = g.owner AND k.kind = g.kind AND k.key = g.key`,
  values: (ops) => [column(ops, 'owner'), column(ops, 'kind'), column(ops, 'key')],
  outcomes: nothing,
};
const REMOVE_UP_TO: Write<Numbered, undefined> = {
  name: 'list-remove-up-to-1',
  phase: 5,
  sql: `DELETE FROM list AS l USING unnest($1::text[], $2::text[], $3::bigint[]) AS g(owner, kind, id)
        WHERE l.owner = g.owner AND l.kind = g.kind AND l.id <= g.id`,
  values: (ops) => [column(ops, 'owner'), column(ops, 'kind'), column(ops, 'id')],
  outcomes: nothing,
};
const REMOVE: Write<Numbered, undefined> = {
  ...REMOVE_UP_TO,
  name: 'list-remove-1',
  phase: 6,
  sql: `DELETE FROM list AS l USING unnest($1::text[], $2::text[], $3::bigint[]) AS g(owner, kind, id)
        WHERE l.owner = g.owner AND l.kind = g.kind AND l.id = g.id`,
};
const APPEND: Write<Appended, number | undefined> = {
  name: 'list-append-1',
  phase: 7,
  sql: 'SELECT ord AS place, id FROM list_append_1($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::int[])',
  values: (ops) => [
    column(ops, 'kind'),
    column(ops, 'owner'),
    column(ops, 'at'),
    ops.map(({ data }) => Buffer.from(data, 'latin1')),
    ops.map(({ most }) => Math.min(most, 2_147_483_647)),
  ],
  outcomes: (ops, rows) => byPlace<{ id: number }>(ops.length, rows).map(([row]) => row?.id),
};
const SET_META: Write<{ readonly name: string; readonly value: string }, undefined> = {
  name: 'meta-set-1',
  phase: 8,
  sql: `INSERT INTO meta (name, value) SELECT * FROM unnest($1::text[], $2::text[]) AS g(name, value)
        ORDER BY name COLLATE "C" ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
  values(ops) {
    const last = [...new Map(ops.map((op) => [op.name, op])).values()];
    return [column(last, 'name'), column(last, 'value')];
  },
  outcomes: nothing,
};

const GET: Look<Key, { readonly value: unknown } | undefined> = {
  name: 'keyed-get-1',
  sql: `SELECT g.place, k.value FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS g(owner, kind, key, place)
        JOIN keyed AS k ON k.owner = g.owner AND k.kind = g.kind AND k.key = g.key`,
  values: (asked) => [column(asked, 'owner'), column(asked, 'kind'), column(asked, 'key')],
  found: (asked, rows) => byPlace<{ value: unknown }>(asked.length, rows).map(([row]) => row),
};
const OWNERS: Look<string, { readonly owner: string }[]> = {
  name: 'keyed-owners-1',
  sql: `SELECT g.place, k.owner FROM unnest($1::text[]) WITH ORDINALITY AS g(kind, place)
        JOIN (SELECT DISTINCT kind, owner FROM keyed WHERE kind = ANY($1::text[])) AS k ON k.kind = g.kind
        ORDER BY g.place, k.owner`,
  values: (asked) => [asked],
  found: (asked, rows) => byPlace<{ owner: string }>(asked.length, rows),
};
interface KeyRow {
  readonly place: number;
  readonly key: string;
  readonly value: unknown;
}
const ALL: Look<Place, KeyRow[]> = {
  name: 'keyed-all-1',
  sql: `SELECT g.place, k.key, k.value FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g(owner, kind, place)
        JOIN keyed AS k ON k.owner = g.owner AND k.kind = g.kind ORDER BY g.place, k.key`,
  values: (asked) => [column(asked, 'owner'), column(asked, 'kind')],
  found: (asked, rows) => byPlace<KeyRow & Record<string, unknown>>(asked.length, rows),
};
const ENTRIES: Look<Place, Entry[]> = {
  name: 'list-all-1',
  sql: `SELECT g.place, l.id, l.at, l.data FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g(owner, kind, place)
        JOIN list AS l ON l.owner = g.owner AND l.kind = g.kind ORDER BY g.place, l.id`,
  values: ALL.values,
  found: (asked, rows) =>
    byPlace<{ id: number; at: number; data: Buffer }>(asked.length, rows).map((entries) =>
      entries.map(({ id, at, data }) => ({ id, at, data: data.toString('latin1') })),
    ),
};
const COUNT: Look<Place, number> = {
  name: 'list-count-1',
  sql: `SELECT g.place, (SELECT count(*) FROM list AS l WHERE l.owner = g.owner AND l.kind = g.kind) AS n
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS g(owner, kind, place)`,
  values: ALL.values,
  found: (asked, rows) => byPlace<{ n: number }>(asked.length, rows).map(([row]) => row?.n ?? 0),
};
const GET_META: Look<string, string | undefined> = {
  name: 'meta-get-1',
  sql: `SELECT g.place, m.value FROM unnest($1::text[]) WITH ORDINALITY AS g(name, place) JOIN meta AS m ON m.name = g.name`,
  values: (asked) => [asked],
  found: (asked, rows) => byPlace<{ value: string }>(asked.length, rows).map(([row]) => row?.value),
};

/** The look-ups and writes of all kinds: what is asked of different kinds in one turn goes together too. */
export class Kinds {
  readonly writer: Writer;
  readonly get: Reader<Key, { readonly value: unknown } | undefined>;
  readonly all: Reader<Place, KeyRow[]>;
  readonly owners: Reader<string, { readonly owner: string }[]>;
  readonly entries: Reader<Place, Entry[]>;
  readonly count: Reader<Place, number>;
  readonly meta: Reader<string, string | undefined>;

  constructor(pool: Pool, writer: Writer) {
    this.writer = writer;
    this.get = new Reader(pool, writer, GET);
    this.all = new Reader(pool, writer, ALL);
    this.owners = new Reader(pool, writer, OWNERS);
    this.entries = new Reader(pool, writer, ENTRIES);
    this.count = new Reader(pool, writer, COUNT);
    this.meta = new Reader(pool, writer, GET_META);
  }
}

export class PostgresKeyed<T> implements KeyedStore<T> {
  readonly #kinds: Kinds;
  readonly #kind: string;

  constructor(kinds: Kinds, kind: string) {
    this.#kinds = kinds;
    this.#kind = kind;
  }

  async get(owner: string, key: string): Promise<T | undefined> {
    return (await this.#kinds.get.ask(owner, { owner, kind: this.#kind, key }))?.value as T | undefined;
  }

  async all(owner: string): Promise<Map<string, T>> {
    const rows = await this.#kinds.all.ask(owner, { owner, kind: this.#kind });
    return new Map(rows.map(({ key, value }) => [key, value as T]));
  }

  async owners(): Promise<string[]> {
    return (await this.#kinds.owners.ask(DOMAIN, this.#kind)).map(({ owner }) => owner);
  }

  set(owner: string, key: string, value: T): Promise<void> {
    const op = { owner, kind: this.#kind, key, value: JSON.stringify(value) };
    return this.#kinds.writer.write(SET, owner, op, `${owner}\0${this.#kind}\0${key}`);
  }

  delete(owner: string, key: string): Promise<void> {
    return this.#kinds.writer.write(DELETE, owner, { owner, kind: this.#kind, key }, `${owner}\0${this.#kind}\0${key}`);
  }
}

export class PostgresList implements ListStore {
  readonly #kinds: Kinds;
  readonly #kind: string;

  constructor(kinds: Kinds, kind: string) {
    this.#kinds = kinds;
    this.#kind = kind;
  }

  append(owner: string, at: number, data: string, most: number): Promise<number | undefined> {
    return this.#kinds.writer.write(
      APPEND,
      owner,
      { owner, kind: this.#kind, at, data, most },
      `${owner}\0${this.#kind}`,
    );
  }

  all(owner: string): Promise<Entry[]> {
    return this.#kinds.entries.ask(owner, { owner, kind: this.#kind });
  }

  removeUpTo(owner: string, id: number): Promise<void> {
    return this.#kinds.writer.write(REMOVE_UP_TO, owner, { owner, kind: this.#kind, id }, `${owner}\0${this.#kind}`);
  }

  remove(owner: string, id: number): Promise<void> {
    return this.#kinds.writer.write(REMOVE, owner, { owner, kind: this.#kind, id }, `${owner}\0${this.#kind}`);
  }

  count(owner: string): Promise<number> {
    return this.#kinds.count.ask(owner, { owner, kind: this.#kind });
  }
}

export class PostgresMeta implements MetaStore {
  readonly #kinds: Kinds;

  constructor(kinds: Kinds) {
    this.#kinds = kinds;
  }

  get(name: string): Promise<string | undefined> {
    return this.#kinds.meta.ask(DOMAIN, name);
  }

  set(name: string, value: string): Promise<void> {
    return this.#kinds.writer.write(SET_META, DOMAIN, { name, value });
  }
}
