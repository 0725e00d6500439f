import type { Client, PoolClient } from 'pg';
import { missingMigrations } from '../migrations.ts';
import { StorageError } from '../stores.ts';
import { POSTGRES_MIGRATIONS, type PostgresMigration } from './schema.ts';

const OLDEST_SERVER = 130_000;

/**
 * Brings a domain's schema up to date, in one transaction and one node at a time. A schema of a newer parleyd is used as
 * it is when that one said that ours can.
 * @throws StorageError when it is not there, too new, or the server too old
 */
export async function migrate(
  client: Client | PoolClient,
  schema: string,
  create: boolean,
  known: readonly PostgresMigration[] = POSTGRES_MIGRATIONS,
): Promise<void> {
  const server = await client.query<{ n: number; words: string }>(
    `SELECT current_setting('server_version_num')::int AS n, current_setting('server_version') AS words`,
  );
  const { n = 0, words = '' } = server.rows[0] ?? {};
  if (n < OLDEST_SERVER)
    throw new StorageError(`PostgreSQL ${words} is too old: parleyd needs PostgreSQL 13 or newer`, false);
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`parley schema ${schema}`]);
    const version = await versionOf(client, schema);
    if (version === undefined && !create)
      throw new StorageError(
        `there is nothing of this domain in the database (no schema ${schema}): restore it from a backup, or make it with parleyd init`,
        false,
      );
    if (version === undefined) await prepare(client, schema);
    const at = version?.number ?? 0;
    if (at > known.length) {
      if ((version?.oldestReader ?? 0) > known.length)
        throw new StorageError(
          `the schema ${schema} is of version ${at} and needs a parleyd that knows version ${version?.oldestReader}; this one knows ${known.length}: run the newer parleyd that made it`,
          false,
        );
    } else {
      const missing = missingMigrations(known, at);
      if (typeof missing === 'string') throw new StorageError(missing, false);
      for (const { number } of missing) await apply(client, known[number - 1] as PostgresMigration);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // the connection may be gone, and the transaction with it
    throw error;
  }
}

async function versionOf(
  client: Client | PoolClient,
  schema: string,
): Promise<{ readonly number: number; readonly oldestReader: number } | undefined> {
  const there = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
    `${schema}.migration`,
  ]);
  if (there.rows[0]?.there !== true) return undefined;
  const { rows } = await client.query<{ number: number | null; reader: number | null }>(
    'SELECT max(number) AS number, max(oldest_reader) AS reader FROM migration',
  );
  return { number: rows[0]?.number ?? 0, oldestReader: rows[0]?.reader ?? 0 };
}

async function prepare(client: Client | PoolClient, schema: string): Promise<void> {
  // a schema that an administrator made for a user who may make none
  const made = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]);
  if (made.rowCount === 0) await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(
    `CREATE TABLE migration (
       number INT PRIMARY KEY, what TEXT NOT NULL, oldest_reader INT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
     )`,
  );
}

async function apply(
  client: Client | PoolClient,
  { number, what, oldestReader, sql }: PostgresMigration,
): Promise<void> {
  await client.query(sql);
  await client.query('INSERT INTO migration (number, what, oldest_reader) VALUES ($1, $2, $3)', [
    number,
    what,
    oldestReader,
  ]);
}
