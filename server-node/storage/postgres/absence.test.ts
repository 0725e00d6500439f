import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { PrivatePostgres, skipPostgres } from '../../../e2e/hosts/postgres.ts';
import { type Account, StorageError } from '../stores.ts';
import { clientConfig, type PostgresOptions } from './connection.ts';
import { PostgresLeases } from './leases.ts';
import { openPostgresStores } from './postgres-stores.ts';

// What comes of a PostgreSQL that is away, stands still, takes its time, or refuses.

const skip = skipPostgres;
const server = skip === false ? PrivatePostgres.start({ sync: false }) : undefined;
after(() => server?.remove());
let domains = 0;
const fresh = () => ({ url: server?.url ?? '', domain: `s${++domains}.example` });
const create = (options: PostgresOptions) => openPostgresStores(options, { create: true });

/** A connection of the test's own to a domain's tables. */
async function beside(options: PostgresOptions): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  await client.connect();
  return client;
}

const account = (name: string): Account => ({ name, state: 'active', createdAt: 1, lastSeenAt: null, keys: {} });
const unavailable = (error: unknown) => error instanceof StorageError && error.unavailable && !error.full;

test('what reads whole tables may take longer than what a chat waits for', { skip }, async () => {
  const options = { ...fresh(), statementMs: 500 };
  const stores = await create(options);
  const holder = await beside({ ...options, statementMs: 5000 });
  await holder.query('BEGIN; LOCK TABLE account IN ACCESS EXCLUSIVE MODE');
  const counted = stores.accounts.count();
  await assert.rejects(stores.accounts.get('anna'), unavailable);
  await new Promise((done) => setTimeout(done, 1200)); // longer than an answer to any other question is waited for
  await holder.query('COMMIT');
  assert.equal(await counted, 0);
  await holder.end();
  await stores.close();
});

test('a domain that is not there is no empty one', { skip }, async () => {
  await assert.rejects(
    openPostgresStores(fresh()),
    (error: unknown) =>
      error instanceof StorageError && !error.unavailable && /there is nothing of this domain/.test(error.message),
  );
});

test('a database that goes away: everything is refused as unavailable, and works again when it is back', {
  skip,
}, async () => {
  const options = fresh();
  const stores = await create(options);
  const leases = new PostgresLeases(options);
  await leases.join('a', 'a1', {});
  await stores.list('offline').append('anna', 1, 'kept', 10);
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const work = stores.exclusive('x', () => {
    begun.resolve();
    return end.promise;
  });
  await begun.promise;
  server?.down();
  const asked: (() => Promise<unknown>)[] = [
    () => stores.accounts.get('anna'),
    () => stores.accounts.add(account('anna')),
    () => stores.accounts.count(),
    () => stores.keyed('k').set('anna', 'a', 1),
    () => stores.keyed('k').all('anna'),
    () => stores.list('offline').append('anna', 1, 'refused', 10),
    () => stores.exclusive('y', async () => 1),
    () => stores.check(),
    () => leases.renew('a1', []),
  ];
  for (const ask of asked) await assert.rejects(ask(), unavailable);
  end.resolve();
  await assert.rejects(work, unavailable);
  server?.up();
  assert.deepEqual(
    (await stores.list('offline').all('anna')).map(({ data }) => data),
    ['kept'],
    'what was acknowledged is there, what was refused is not',
  );
  await stores.keyed('k').set('anna', 'a', 1);
  assert.equal(await stores.exclusive('y', async () => 1), 1);
  assert.equal((await leases.renew('a1', []))[0]?.renewals, 1);
  await leases.close();
  await stores.close();
});

test('a statement that takes too long is given up', { skip }, async () => {
  const options = { ...fresh(), statementMs: 1000 };
  const stores = await create(options);
  const leases = new PostgresLeases(options);
  await leases.join('a', 'a1', {});
  const holder = await beside(options);
  await holder.query('BEGIN; LOCK TABLE keyed, lease IN ACCESS EXCLUSIVE MODE');
  await Promise.all([
    assert.rejects(stores.keyed('k').set('anna', 'a', 1), unavailable),
    assert.rejects(leases.renew('a1', []), unavailable),
  ]);
  await holder.query('ROLLBACK');
  await holder.end();
  await stores.keyed('k').set('anna', 'a', 2);
  assert.equal(await stores.keyed('k').get('anna', 'a'), 2);
  assert.equal((await leases.renew('a1', []))[0]?.renewals, 1);
  await leases.close();
  await stores.close();
});

test('a server that stands still is given up, and used again when it moves', { skip }, async () => {
  const options = { ...fresh(), statementMs: 1000, connectMs: 1000 };
  const stores = await create(options);
  const leases = new PostgresLeases(options);
  await leases.join('a', 'a1', {});
  await stores.keyed('k').set('anna', 'a', 1);
  const thaw = server?.freeze();
  try {
    await Promise.all([
      assert.rejects(stores.keyed('k').set('anna', 'a', 2), unavailable),
      assert.rejects(stores.keyed('k').get('bert', 'a'), unavailable),
      assert.rejects(leases.renew('a1', []), unavailable),
    ]);
    await assert.rejects(stores.accounts.get('anna'), unavailable, 'a new connection gets no answer either');
  } finally {
    thaw?.();
  }
  await stores.keyed('k').set('anna', 'a', 3);
  assert.equal(await stores.keyed('k').get('anna', 'a'), 3);
  await leases.renew('a1', []);
  await leases.close();
  await stores.close();
});

test('a wrong password, a missing database and a missing right are named, and no waiting mends them', {
  skip,
}, async () => {
  const file = join(server?.folder ?? '', 'password');
  writeFileSync(file, 'wrong\n');
  server?.sql(`CREATE ROLE poor LOGIN PASSWORD 'right'`);
  const url = server?.url ?? '';
  const named = (words: RegExp) => (error: unknown) =>
    error instanceof StorageError && !error.unavailable && words.test(error.message);
  await assert.rejects(
    create({ url: url.replace(/\/postgres$/, '/nowhere'), domain: 'example.org' }),
    named(/"nowhere" does not exist: make the database first/),
  );
  await assert.rejects(
    create({ url: url.replace('//parley@', '//poor@'), domain: 'example.org' }),
    named(/permission denied.*GRANT CREATE ON DATABASE/),
  );
  await assert.rejects(create({ url: url.replace('/parley@', '/nobody@'), domain: 'example.org' }), named(/nobody/));
});
