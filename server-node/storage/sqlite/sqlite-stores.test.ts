import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const KEYS = { 'SCRAM-SHA-1': { salt: 's', iterations: 4096, storedKey: 'k', serverKey: 'k' } };

/** A database with people, some of whom are then harmed by these statements. */
async function harmed(...statements: readonly string[]): Promise<string[]> {
  const path = fresh();
  const stores = await create(path);
  for (const name of ['anna', 'bert'])
    await stores.accounts.add({ name, state: 'active', createdAt: 1, lastSeenAt: null, keys: KEYS });
  await stores.keyed('roster').set('anna', 'bert@x', { a: 1 });
  await stores.keyed('session').set('', 'one', { a: 1 });
  await stores.list('offline').append('anna', 1, '<message/>', 10);
  await stores.close();
  const db = openDatabase(path);
  for (const statement of statements) db.exec(statement);
  db.close();
  const again = await openSqliteStores(path);
  const damage = await again.check();
  await again.accounts.keyCounts(); // a start must not fail for one row
  await again.close();
  return damage;
}

const HARM: readonly (readonly [what: string, statement: string, words: RegExp])[] = [
  [
    'keys that are no JSON',
    "UPDATE account SET keys = '{' WHERE name = 'anna'",
    /keys are unreadable \(anna\): .*restore/,
  ],
  ['keys that are a list', "UPDATE account SET keys = '[1]' WHERE name = 'anna'", /keys are unreadable \(anna\)/],
  [
    'keys without a salt',
    `UPDATE account SET keys = '{"SCRAM-SHA-1":{"iterations":1}}' WHERE name = 'anna'`,
    /keys are incomplete \(anna\): .*parleyd user password/,
  ],
  ['a state that there is not', "UPDATE account SET state = 'x' WHERE name = 'bert'", /in a state .* \(bert\)/],
  ['a name that can be none', "UPDATE account SET name = 'a@b' WHERE name = 'bert'", /name can be none \(a@b\)/],
  [
    'a value that is no JSON',
    "UPDATE keyed SET value = 'x' WHERE kind = 'roster'",
    /unreadable \(roster of anna, bert@x\)/,
  ],
  [
    'an owner who is gone',
    "DELETE FROM account WHERE name = 'anna'",
    /values of accounts that are gone \(roster of anna\)/,
  ],
  ['a message that is none', "UPDATE list SET data = X'00'", /messages that are none \(offline of anna, number 1\)/],
];
for (const [what, statement, words] of HARM)
  test(`a check finds ${what}, and says what to do`, async () => {
    const damage = await harmed(statement);
    assert.ok(
      damage.some((one) => words.test(one)),
      damage.join('\n'),
    );
  });

test('a check of a sound database finds nothing', async () => assert.deepEqual(await harmed(), []));

test('a check finds pages that were overwritten, and a file that was cut', async () => {
  for (const harm of ['overwritten', 'cut']) {
    const path = fresh();
    const stores = await create(path);
    for (let i = 0; i < 500; i++) void stores.keyed('kind').set('anna', `key ${i}`, 'x'.repeat(200));
    await stores.keyed('kind').set('anna', 'last', 1);
    await stores.close();
    const bytes = readFileSync(path);
    if (harm === 'overwritten') bytes.fill(0xa5, 5 * 4096, 9 * 4096);
    writeFileSync(path, harm === 'cut' ? bytes.subarray(0, bytes.length - 6 * 4096) : bytes);
    const damage = await openSqliteStores(path).then(
      async (again) => {
        const found = await again.check();
        await again.close();
        return found;
      },
      (error: unknown) => [String(error)],
    );
    assert.ok(damage.length > 0, `a file that was ${harm} is called sound`);
    assert.match(damage.join(), /the file: .*restore the last backup|malformed/);
  }
});
