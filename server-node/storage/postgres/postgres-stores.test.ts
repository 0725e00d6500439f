import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import pg from 'pg';
import { PrivatePostgres, skipPostgres } from '../../../e2e/hosts/postgres.ts';
import { leasesContract } from '../leases.contract.ts';
import { storesContract } from '../stores.contract.ts';
import { type Account, StorageError, type Stores } from '../stores.ts';
import { clientConfig, type PostgresOptions, schemaOf } from './connection.ts';
import { PostgresLeases } from './leases.ts';
import { migrate } from './migrate.ts';
import { openPostgresStores } from './postgres-stores.ts';
import { POSTGRES_MIGRATIONS } from './schema.ts';

// What every storage does, and what several nodes, or several domains, do to each other on one PostgreSQL.

const skip = skipPostgres;
const server = skip === false ? PrivatePostgres.start({ sync: false }) : undefined;
after(() => server?.remove());
let domains = 0;
const fresh = () => ({ url: server?.url ?? '', domain: `s${++domains}.example` });
const create = (options: PostgresOptions) => openPostgresStores(options, { create: true });

async function two(work: (here: Stores, there: Stores, options: ReturnType<typeof fresh>) => Promise<void>) {
  const options = fresh();
  const [here, there] = [await create(options), await openPostgresStores(options)];
  try {
    await work(here, there, options);
  } finally {
    await here.close();
    await there.close();
  }
}

/** A connection of the test's own to a domain's tables. */
async function beside(options: PostgresOptions): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(options));
  await client.connect();
  return client;
}

const account = (name: string): Account => ({ name, state: 'active', createdAt: 1, lastSeenAt: null, keys: {} });
const unavailable = (error: unknown) => error instanceof StorageError && error.unavailable && !error.full;

if (skip === false) {
  storesContract('postgres', () => create(fresh()));
  leasesContract('postgres', async () => {
    const options = fresh();
    await (await create(options)).close();
    return [new PostgresLeases(options), new PostgresLeases(options)];
  });
}

test('what one node wrote the other reads', { skip }, () =>
  two(async (here, there) => {
    await here.accounts.add(account('anna'));
    await here.keyed<number>('k').set('anna', 'a', 1);
    await here.list('offline').append('anna', 1, 'ÿ\0<', 10);
    assert.deepEqual(await there.accounts.get('anna'), account('anna'));
    assert.equal(await there.keyed<number>('k').get('anna', 'a'), 1);
    assert.equal((await there.list('offline').all('anna'))[0]?.data, 'ÿ\0<');
  }),
);

test('of two nodes that add the same name at once, one succeeds', { skip }, () =>
  two(async (here, there) => {
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    const added = await Promise.all(
      [here, there].map(({ accounts }) => Promise.all(names.map((name) => accounts.add(account(name))))),
    );
    assert.deepEqual(
      names.map((_, i) => Number(added[0]?.[i]) + Number(added[1]?.[i])),
      names.map(() => 1),
    );
  }),
);

test('two domains in one database know nothing of each other', { skip }, async () => {
  const [a, b] = [await create(fresh()), await create(fresh())];
  await a.accounts.add(account('anna'));
  await a.meta.set('secret', 'of a');
  assert.equal(await b.accounts.count(), 0);
  assert.equal(await b.meta.get('secret'), undefined);
  await a.close();
  await b.close();
});

test('names of domains that read alike have schemas of their own', () => {
  assert.notEqual(schemaOf('a-b.example'), schemaOf('a.b.example'));
  assert.ok(schemaOf(`${'x'.repeat(200)}.example`).length <= 63);
});

test('a smaller number never comes to light after a larger one, so that nothing is removed unread', { skip }, () =>
  two(async (here, there, options) => {
    // an append of a third node has its number, and is not committed yet
    const third = await beside(options);
    await third.query('BEGIN');
    const slow = await third.query(
      `SELECT * FROM list_append_1('{offline}', '{anna}', '{1}', '{slow}'::bytea[], '{1000}')`,
    );
    const quick = here.list('offline').append('anna', 2, 'quick', 1000);
    const waits = async () => {
      const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
      while ((await third.query(waiting)).rowCount === 0);
      return 'it waits';
    };
    assert.equal(await Promise.race([quick, waits()]), 'it waits');
    assert.deepEqual(await there.list('offline').all('anna'), []);
    await third.query('COMMIT');
    const id = await quick;
    assert.ok((id ?? 0) > Number(slow.rows[0].id));
    assert.deepEqual(
      (await there.list('offline').all('anna')).map(({ data }) => data),
      ['slow', 'quick'],
    );
    await third.end();
  }),
);

test('two nodes that append while a third reads and removes lose nothing and double nothing', { skip }, () =>
  two(async (here, there, options) => {
    const reader = await openPostgresStores(options);
    const each = 400;
    const owners = ['anna', 'bert', 'carl'];
    const write = (stores: Stores, who: string) =>
      Promise.all(
        Array.from({ length: each }, async (_, i) => {
          if (i % 7 === 0) await new Promise((done) => setTimeout(done, i / 4));
          await stores.list('offline').append(owners[i % 3] ?? '', i, `${who}${i}`, 100_000);
        }),
      );
    const got: string[] = [];
    let over = false;
    const read = async () => {
      for (let last = false; !last; ) {
        last = over;
        for (const owner of owners) {
          const entries = await reader.list('offline').all(owner);
          got.push(...entries.map(({ data }) => data));
          const id = entries.at(-1)?.id;
          if (id !== undefined) await reader.list('offline').removeUpTo(owner, id);
        }
      }
    };
    const reading = read();
    await Promise.all([write(here, 'h'), write(there, 't')]);
    over = true;
    await reading;
    await reader.close();
    assert.equal(got.length, 2 * each);
    assert.equal(new Set(got).size, 2 * each);
  }),
);

test('two nodes that append to a list with little room fill it to the last place and not further', { skip }, () =>
  two(async (here, there) => {
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 ? here : there).list('offline').append('anna', i, String(i), 10)),
    );
    assert.equal(ids.filter((id) => id !== undefined).length, 10);
    assert.equal(await here.list('offline').count('anna'), 10);
  }),
);

test('many values of the same people from two nodes in different orders', { skip }, () =>
  two(async (here, there) => {
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    const write = (stores: Stores, order: readonly string[]) =>
      Promise.all(
        order.flatMap((key) => [stores.keyed('k').set('anna', key, key), stores.keyed('k').delete('bert', key)]),
      );
    await Promise.all([write(here, keys), write(there, [...keys].reverse())]);
    assert.equal((await here.keyed('k').all('anna')).size, 200);
  }),
);

test("an owner's writes of one turn keep their order, whatever they are", { skip }, async () => {
  const stores = await create(fresh());
  const values = stores.keyed<number>('k');
  const asked = [
    stores.accounts.add(account('anna')),
    values.delete('anna', 'a'),
    values.set('anna', 'a', 1),
    stores.accounts.update('anna', { state: 'suspended' }),
    stores.accounts.update('anna', { lastSeenAt: 7 }),
    stores.list('offline').append('anna', 1, 'gone', 10),
    stores.accounts.remove('anna'),
    stores.accounts.remove('anna'),
    values.set('anna', 'a', 2),
    stores.accounts.add({ ...account('anna'), createdAt: 2 }),
    stores.accounts.update('bert', { state: 'active' }),
    stores.accounts.add(account('bert')),
  ] as const;
  const [added, , , suspended, seen, , removed, again, , anew, nobody, bert] = await Promise.all(asked);
  assert.deepEqual(
    [added, suspended, seen, removed, again, anew, nobody, bert],
    [true, true, true, true, false, true, false, true],
  );
  assert.deepEqual(await stores.accounts.get('anna'), { ...account('anna'), createdAt: 2 });
  assert.equal(await values.get('anna', 'a'), 2);
  assert.equal(await stores.list('offline').count('anna'), 0);
  await stores.close();
});

test('a look-up waits for what was written before it, however long that takes', { skip }, async () => {
  const options = fresh();
  const stores = await create(options);
  const values = stores.keyed<number>('k');
  await values.get('anna', 'a'); // connections are there
  const holder = await beside(options);
  await holder.query('BEGIN; LOCK TABLE keyed, account IN SHARE ROW EXCLUSIVE MODE'); // others may read and not write
  const written = [values.set('anna', 'a', 1), stores.accounts.add(account('anna'))];
  const seen: string[] = [];
  const asked = Promise.all([
    values.get('anna', 'a').then((value) => void seen.push(`value ${value}`)),
    values.all('anna').then(({ size }) => void seen.push(`${size} values`)),
    stores.accounts.get('anna').then((one) => void seen.push(`account ${one?.name}`)),
    stores.accounts.count().then((n) => void seen.push(`${n} accounts`)),
  ]);
  assert.equal(await values.get('bert', 'a'), undefined, 'others do not wait');
  assert.equal(await values.get('bert', 'b'), undefined);
  await holder.query('COMMIT');
  await Promise.all([...written, asked]);
  assert.deepEqual(seen.sort(), ['1 accounts', '1 values', 'account anna', 'value 1']);
  await holder.end();
  await stores.close();
});

test('what the database can not take is refused to its sender, and to nobody else', { skip }, async () => {
  const stores = await create(fresh());
  const values = stores.keyed<number>('k');
  const written = [
    values.set('anna', 'a', 1),
    values.set('bert', 'a\0b', 2),
    stores.list('offline').append('carl', 1, '<', 9),
  ];
  const [anna, bert, carl] = await Promise.allSettled(written);
  assert.deepEqual([anna?.status, bert?.status, carl?.status], ['fulfilled', 'rejected', 'fulfilled']);
  const read = await Promise.allSettled([
    values.get('anna', 'a'),
    values.get('bert', 'a\0b'),
    stores.list('offline').count('carl'),
  ]);
  assert.deepEqual(
    read.map((one) => (one.status === 'fulfilled' ? one.value : one.status)),
    [1, 'rejected', 1],
  );
  await stores.close();
});

test('what is written in one turn is one transaction, whoever it is for', { skip }, async () => {
  const options = fresh();
  const stores = await create(options);
  const client = await beside(options);
  const values = stores.keyed<number>('k');
  await Promise.all([values.set('', 'old', 1), values.set('anna', 'old', 1)]);
  await Promise.all([
    stores.accounts.add(account('anna')),
    values.set('', 'a', 1),
    values.delete('', 'old'),
    values.set('', 'b', 1),
    values.set('anna', 'a', 1),
    values.delete('anna', 'old'),
    values.set('anna', 'a', 2),
    stores.list('offline').append('bert', 1, '<', 9),
    stores.meta.set('m', '1'),
  ]);
  const tables = ['account', 'keyed', 'list', 'meta'].map((table) => `SELECT xmin::text FROM ${table}`);
  const transactions = await client.query(tables.join(' UNION '));
  assert.equal(transactions.rowCount, 1);
  assert.deepEqual(
    [...(await values.all(''))],
    [
      ['a', 1],
      ['b', 1],
    ],
  );
  assert.deepEqual([...(await values.all('anna'))], [['a', 2]]);
  await client.end();
  await stores.close();
});

test('exclusive work of two nodes is done one at a time', { skip }, () =>
  two(async (here, there) => {
    let inside = 0;
    let most = 0;
    const done = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (i % 2 ? here : there).exclusive('a name', async () => {
          most = Math.max(most, ++inside);
          await new Promise((done) => setImmediate(done));
          inside--;
          return i;
        }),
      ),
    );
    assert.deepEqual(
      done,
      Array.from({ length: 30 }, (_, i) => i),
    );
    assert.equal(most, 1);
  }),
);

test('exclusive work whose connection dies is told so, and the other node goes on', { skip }, () =>
  two(async (here, there, options) => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const mine = here.exclusive('a name', async () => {
      begun.resolve();
      await end.promise;
    });
    await begun.promise;
    const theirs = there.exclusive('a name', async () => 'theirs');
    const admin = await beside(options);
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_database.oid = database
       WHERE locktype = 'advisory' AND granted AND datname = current_database() AND pid <> pg_backend_pid()`,
    );
    assert.equal(await theirs, 'theirs');
    end.resolve();
    await assert.rejects(mine, unavailable);
    await admin.end();
  }),
);

test('more exclusive works than connections wait for each other, and the pool for none of them', { skip }, () =>
  two(async (here) => {
    const end = Promise.withResolvers<void>();
    const works = Array.from({ length: 12 }, (_, i) => here.exclusive(`name ${i}`, () => end.promise.then(() => i)));
    await here.keyed('k').set('anna', 'a', 1);
    assert.equal(await here.keyed('k').get('anna', 'a'), 1);
    end.resolve();
    assert.equal((await Promise.all(works)).length, 12);
  }),
);

test('many nodes that make the same domain at once', { skip }, async () => {
  const options = fresh();
  const nodes = await Promise.all(Array.from({ length: 6 }, () => create(options)));
  await nodes[0]?.meta.set('a', '1');
  assert.equal(await nodes[5]?.meta.get('a'), '1');
  for (const node of nodes) await node.close();
});

test('a schema of a newer parleyd is used if that one allows it, and refused with a reason if not', {
  skip,
}, async () => {
  const options = fresh();
  await (await create(options)).close();
  const client = await beside(options);
  const schema = schemaOf(options.domain);
  const next = POSTGRES_MIGRATIONS.length + 1;
  const expand = { number: next, oldestReader: 1, what: 'expand', sql: 'CREATE TABLE extra (n INT)' };
  const contract = { number: next + 1, oldestReader: next, what: 'contract', sql: 'DROP TABLE extra' };
  await migrate(client, schema, false, [...POSTGRES_MIGRATIONS, expand]);
  await (await openPostgresStores(options)).close();
  await migrate(client, schema, false, [...POSTGRES_MIGRATIONS, expand, contract]);
  await assert.rejects(
    openPostgresStores(options),
    (error: unknown) =>
      error instanceof StorageError &&
      new RegExp(`needs a parleyd that knows version ${next}.*run the newer parleyd`).test(error.message),
  );
  await client.end();
});

test('a step of the schema that fails leaves all as it was', { skip }, async () => {
  const options = fresh();
  await (await create(options)).close();
  const client = await beside(options);
  const broken = {
    number: POSTGRES_MIGRATIONS.length + 1,
    oldestReader: 1,
    what: 'x',
    sql: 'CREATE TABLE half (n INT); SELECT 1/0',
  };
  await assert.rejects(migrate(client, schemaOf(options.domain), false, [...POSTGRES_MIGRATIONS, broken]), /division/);
  assert.equal((await client.query(`SELECT to_regclass('half') AS there`)).rows[0].there, null);
  await client.end();
  await (await openPostgresStores(options)).close();
});

test('rows of runs that are over vanish an hour later, with the next renewal of anybody', { skip }, async () => {
  const options = fresh();
  await (await create(options)).close();
  const leases = new PostgresLeases(options);
  for (const node of ['fenced', 'left', 'live', 'lately']) await leases.join(node, node, {});
  await leases.fence('fenced', 0);
  await leases.leave('left');
  await leases.leave('lately');
  const client = await beside(options);
  await client.query(`UPDATE lease SET ended_at = ended_at - interval '61 minutes' WHERE node <> 'lately'`);
  assert.deepEqual(
    (await leases.renew('live', [])).map(({ node }) => node),
    ['lately', 'live'],
  );
  await client.end();
  await leases.close();
});
