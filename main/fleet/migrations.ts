import { copyFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { ParleyError } from '../../shared/errors.ts';

/** Each brings the database from its place in the list to the next. What has been released is never edited. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE host (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL CHECK (kind IN ('ssh', 'local')),
     user TEXT NOT NULL,
     address TEXT NOT NULL,
     port INTEGER NOT NULL,
     auth TEXT NOT NULL,
     added_at INTEGER NOT NULL,
     last_seen_at INTEGER,
     system TEXT,
     UNIQUE (kind, user, address, port)
   ) STRICT;
   CREATE TABLE host_key (
     host_id TEXT PRIMARY KEY REFERENCES host (id) ON DELETE CASCADE,
     algorithm TEXT NOT NULL,
     fingerprint TEXT NOT NULL,
     trusted_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE domain (
     name TEXT PRIMARY KEY,
     host_id TEXT NOT NULL REFERENCES host (id),
     spec TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     connection TEXT,
     last_seen_at INTEGER,
     last_status TEXT
   ) STRICT;
   CREATE TABLE run (
     id TEXT PRIMARY KEY,
     domain TEXT NOT NULL,
     host_id TEXT NOT NULL,
     started_at INTEGER NOT NULL,
     -- the process that leads it: when that is gone, so is the run
     pid INTEGER NOT NULL,
     record TEXT NOT NULL
   ) STRICT;
   CREATE INDEX run_by_domain ON run (domain, started_at);`,
  // a domain's hosts, where it has several; one that has none of these runs on its own host alone
  `CREATE TABLE node (
     domain TEXT NOT NULL REFERENCES domain (name) ON DELETE CASCADE,
     host_id TEXT NOT NULL REFERENCES host (id),
     added_at INTEGER NOT NULL,
     last_seen_at INTEGER,
     last_status TEXT,
     PRIMARY KEY (domain, host_id)
   ) STRICT;`,
];

/**
 * Brings a database up to date, in one transaction, after copying its file to `FILE.before-N`.
 * @throws ParleyError `fleet-newer` when a later Parley has written it; nothing is touched then
 */
export function migrate(db: Database.Database, path: string, migrations: readonly string[] = MIGRATIONS): void {
  const at = versionOf(db);
  if (at > migrations.length) throw newer(path, at, migrations.length);
  if (at === migrations.length) return;
  if (at > 0) {
    db.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(path, `${path}.before-${migrations.length}`);
  }
  // The window and the command line may both be the first to open it: the second finds it done.
  db.transaction(() => {
    for (const sql of migrations.slice(versionOf(db))) db.exec(sql);
    db.pragma(`user_version = ${migrations.length}`);
  }).immediate();
}

const versionOf = (db: Database.Database) => db.pragma('user_version', { simple: true }) as number;

const newer = (path: string, found: number, known: number) =>
  new ParleyError({
    code: 'fleet-newer',
    what: 'The fleet was last opened by a newer Parley.',
    why: `${path} has format ${found}; this one knows formats up to ${known}.`,
    todo: 'Update Parley, or use the newer one. Nothing has been changed.',
  });
