import type { Migration } from '../migrations.ts';

export const SQLITE_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    what: 'accounts, keyed values, lists and secrets',
    sql: `
      CREATE TABLE account (
        name TEXT PRIMARY KEY, state TEXT NOT NULL, created_at INTEGER NOT NULL, last_seen_at INTEGER, keys TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE keyed (
        kind TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (owner, kind, key)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE list (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, owner TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL
      ) STRICT;
      CREATE INDEX list_by_owner ON list (owner, kind, id);
      CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
];
