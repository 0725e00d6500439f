import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { missingMigrations } from '../migrations.ts';
import { storesContract } from '../stores.contract.ts';
import { StorageError } from '../stores.ts';
import { openDatabase } from './driver.ts';
import { openSqliteStores } from './sqlite-stores.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-stores-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const fresh = () => join(folder, `${++files}.db`);

const create = (path: string) => openSqliteStores(path, { create: true });

storesContract('sqlite', () => create(fresh()));

test('what was promised is there after the process was lost', async () => {
  const path = fresh();
  const stores = await create(path);
  await stores.keyed('kind').set('anna', 'a', 1);
  // never closed: another opens what lies on disk
  const again = await openSqliteStores(path);
  assert.equal(await again.keyed('kind').get('anna', 'a'), 1);
  await again.close();
  await stores.close();
});

test('a database of a newer parleyd is refused and left alone', async () => {
  const path = fresh();
  await (await create(path)).close();
  const db = openDatabase(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await assert.rejects(
    openSqliteStores(path),
    (error: unknown) => error instanceof StorageError && /version 99/.test(error.message),
  );
});

test('a database that is gone is no empty one', async () => {
  await assert.rejects(
    openSqliteStores(fresh()),
    (error: unknown) => error instanceof StorageError && /there is no database/.test(error.message),
  );
});

test('a file that is no database is refused in words', async () => {
  const path = fresh();
  writeFileSync(path, 'this is no database, and long enough to be looked at as one'.repeat(20));
  await assert.rejects(openSqliteStores(path), StorageError);
});

test('a transaction that fails tells everybody who waited for it, and the next one works', async () => {
  const path = fresh();
  const stores = await create(path);
  const holder = openDatabase(path);
  holder.exec('PRAGMA busy_timeout = 0; BEGIN IMMEDIATE');
  const refused = stores.keyed('kind').set('anna', 'a', 1);
  await assert.rejects(refused, StorageError);
  holder.exec('ROLLBACK');
  holder.close();
  await stores.keyed('kind').set('anna', 'a', 2);
  assert.equal(await stores.keyed('kind').get('anna', 'a'), 2);
  await stores.close();
});

test('migrations are numbered without gaps', () => {
  const step = (number: number) => ({ number, what: '', sql: '' });
  assert.throws(() => missingMigrations([step(2)], 0), /stands at place 1/);
  assert.deepEqual(missingMigrations([step(1), step(2)], 1), [step(2)]);
  assert.equal(typeof missingMigrations([step(1)], 2), 'string');
});
