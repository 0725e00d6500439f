import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, Stores } from './stores.ts';

const account = (name: string, more: Partial<Account> = {}): Account => ({
  name,
  state: 'active',
  createdAt: 1000,
  lastSeenAt: null,
  keys: { 'SCRAM-SHA-256': { salt: 's', iterations: 4096, storedKey: 'k', serverKey: 'v' } },
  ...more,
});

/** What every kind of storage must do alike. `open` gives an empty one. */
export function storesContract(kind: string, open: () => Promise<Stores>): void {
  const check = (what: string, work: (stores: Stores) => Promise<void>) =>
    test(`${kind}: ${what}`, async () => {
      const stores = await open();
      try {
        await work(stores);
      } finally {
        await stores.close();
      }
    });

  check('an account is added once, changed, and found', async ({ accounts }) => {
    assert.equal(await accounts.add(account('anna')), true);
    assert.equal(await accounts.add(account('anna', { state: 'suspended' })), false);
    assert.deepEqual(await accounts.get('anna'), account('anna'));
    assert.equal(await accounts.get('Anna'), undefined);
    assert.equal(await accounts.update('anna', { state: 'suspended', lastSeenAt: 2000 }), true);
    assert.deepEqual(await accounts.get('anna'), account('anna', { state: 'suspended', lastSeenAt: 2000 }));
    assert.equal(await accounts.update('nobody', { state: 'active' }), false);
    assert.equal(await accounts.count(), 1);
  });

  check('keys are counted by mechanism and iterations', async ({ accounts }) => {
    assert.deepEqual(await accounts.keyCounts(), []);
    const keys = (iterations: number) => ({ salt: 's', iterations, storedKey: 'k', serverKey: 'k' });
    await accounts.add(account('anna', { keys: { 'SCRAM-SHA-256': keys(4096), 'SCRAM-SHA-1': keys(4096) } }));
    await accounts.add(account('bert', { keys: { 'SCRAM-SHA-256': keys(10_000) } }));
    await accounts.add(account('carl', { keys: { 'SCRAM-SHA-256': keys(10_000) } }));
    assert.deepEqual(await accounts.keyCounts(), [
      { mechanism: 'SCRAM-SHA-1', iterations: 4096, accounts: 1 },
      { mechanism: 'SCRAM-SHA-256', iterations: 4096, accounts: 1 },
      { mechanism: 'SCRAM-SHA-256', iterations: 10_000, accounts: 2 },
    ]);
  });

  check('of two that add the same name at once, one succeeds', async ({ accounts }) => {
    const outcomes = await Promise.all([accounts.add(account('x')), accounts.add(account('x'))]);
    assert.deepEqual(outcomes.sort(), [false, true]);
  });

  check('accounts are paged in the order of their names', async ({ accounts }) => {
    for (const name of ['dora', 'anna', 'carl', 'bert', 'a%b', 'ünal']) await accounts.add(account(name));
    const names = async (after: string, search: string, limit: number) =>
      (await accounts.page({ after, search, limit })).map((a) => a.name);
    assert.deepEqual(await names('', '', 3), ['a%b', 'anna', 'bert']);
    assert.deepEqual(await names('bert', '', 10), ['carl', 'dora', 'ünal']);
    assert.deepEqual(await names('', 'nn', 10), ['anna']);
    assert.deepEqual(await names('', '%', 10), ['a%b'], 'a search is no pattern');
  });

  check('times of last visits are noted, and names that are gone passed over', async ({ accounts }) => {
    await accounts.add(account('anna'));
    await accounts.seen(
      new Map([
        ['anna', 5000],
        ['gone', 6000],
      ]),
    );
    assert.equal((await accounts.get('anna'))?.lastSeenAt, 5000);
    await accounts.seen(new Map());
  });

  check('removing an account removes what is kept for it, and nothing else', async (stores) => {
    for (const name of ['anna', 'bert']) {
      await stores.accounts.add(account(name));
      await stores.keyed('roster').set(name, 'k', 1);
      await stores.list('offline').append(name, 1, 'x', 10);
    }
    assert.equal(await stores.accounts.remove('anna'), true);
    assert.equal(await stores.accounts.remove('anna'), false);
    assert.equal((await stores.keyed('roster').all('anna')).size, 0);
    assert.equal(await stores.list('offline').count('anna'), 0);
    assert.equal((await stores.keyed('roster').all('bert')).size, 1);
    assert.equal(await stores.list('offline').count('bert'), 1);
  });

  check('keyed values are set, replaced, found and deleted', async (stores) => {
    const store = stores.keyed<{ n: number; text: string }>('kind');
    await store.set('anna', 'b', { n: 2, text: "it's ü\0🎉" });
    await store.set('anna', 'a', { n: 1, text: '' });
    await store.set('anna', 'a', { n: 3, text: '' });
    await store.set('bert', 'a', { n: 4, text: '' });
    await stores.keyed('other').set('anna', 'a', 'another kind');
    assert.deepEqual(await store.get('anna', 'b'), { n: 2, text: "it's ü\0🎉" });
    assert.deepEqual(
      [...(await store.all('anna'))],
      [
        ['a', { n: 3, text: '' }],
        ['b', { n: 2, text: "it's ü\0🎉" }],
      ],
    );
    await store.delete('anna', 'a');
    await store.delete('anna', 'never there');
    assert.equal(await store.get('anna', 'a'), undefined);
    assert.equal((await store.get('bert', 'a'))?.n, 4);
    assert.deepEqual(await store.owners(), ['anna', 'bert']);
    await store.delete('bert', 'a');
    assert.deepEqual(await store.owners(), ['anna']);
    assert.deepEqual(await stores.keyed('none').owners(), []);
  });

  check("a value that was read is nobody else's", async (stores) => {
    const store = stores.keyed<{ list: number[] }>('kind');
    await store.set('anna', 'a', { list: [1] });
    (await store.get('anna', 'a'))?.list.push(2);
    assert.deepEqual(await store.get('anna', 'a'), { list: [1] });
  });

  check('list entries keep their order and their bytes, and stop at the most', async (stores) => {
    const list = stores.list('offline');
    const every = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
    const ids = [
      await list.append('anna', 10, every, 3),
      await list.append('anna', 20, '2', 3),
      await list.append('anna', 30, '3', 3),
    ];
    assert.equal(await list.append('anna', 40, '4', 3), undefined);
    assert.equal(await list.count('anna'), 3);
    assert.deepEqual(
      (await list.all('anna')).map(({ at, data }) => [at, data]),
      [
        [10, every],
        [20, '2'],
        [30, '3'],
      ],
    );
    await list.removeUpTo('anna', ids[1] ?? 0);
    assert.deepEqual(
      (await list.all('anna')).map(({ data }) => data),
      ['3'],
    );
    assert.equal(await list.count('bert'), 0);
    await list.append('anna', 40, '4', 10);
    await list.remove('anna', ids[2] ?? 0);
    await list.remove('bert', ids[2] ?? 0);
    assert.deepEqual(
      (await list.all('anna')).map(({ data }) => data),
      ['4'],
    );
  });

  check('what was written is seen at once, before it is durable', async (stores) => {
    const store = stores.keyed<number>('kind');
    const written = store.set('anna', 'a', 1);
    assert.equal(await store.get('anna', 'a'), 1);
    await written;
  });

  check('many writers at once', async (stores) => {
    const list = stores.list('offline');
    await Promise.all(Array.from({ length: 500 }, (_, i) => list.append(`u${i % 5}`, i, String(i), 1000)));
    assert.deepEqual(
      (await list.all('u3')).map(({ at }) => at),
      Array.from({ length: 100 }, (_, i) => i * 5 + 3),
    );
  });

  check('secrets of the domain', async ({ meta }) => {
    assert.equal(await meta.get('a'), undefined);
    await meta.set('a', '1');
    await meta.set('a', '2');
    assert.equal(await meta.get('a'), '2');
  });

  check('exclusive work of one name is done one at a time, in the order it was asked for', async (stores) => {
    const heard: string[] = [];
    const work = (what: string, end: Promise<unknown>) => async () => {
      heard.push(`${what} begins`);
      await end;
      heard.push(`${what} ends`);
      return what;
    };
    const gate = Promise.withResolvers<void>();
    const first = stores.exclusive('a', work('first', gate.promise));
    const second = stores.exclusive('a', work('second', Promise.resolve()));
    assert.equal(
      await stores.exclusive('b', work('other', Promise.resolve())),
      'other',
      'another name waits for nobody',
    );
    gate.resolve();
    assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
    const ofOne = heard.filter((line) => !line.startsWith('other'));
    assert.deepEqual(ofOne, ['first begins', 'first ends', 'second begins', 'second ends']);
  });

  check('exclusive work that fails tells its caller, and the next one begins', async (stores) => {
    const failing = stores.exclusive('a', async () => {
      throw new Error('as it may be');
    });
    const next = stores.exclusive('a', async () => 'done');
    await assert.rejects(failing, /as it may be/);
    assert.equal(await next, 'done');
  });

  check('everything can be read at once, cleared, and written again', async (stores) => {
    const names = ['zoe', 'anna', 'Ünal', 'ünal', '🎉', '\uffee'];
    for (const name of names) await stores.accounts.add(account(name, { lastSeenAt: name === 'zoe' ? 5 : null }));
    await Promise.all(
      Array.from({ length: 1200 }, (_, i) =>
        stores.keyed(`k${i % 3}`).set('anna', String(i), { i, '7': [null, 'ü\0'] }),
      ),
    );
    const list = stores.list('offline');
    for (const data of ['<1', '<ÿ\0']) await list.append('zoe', 7, data, 10);
    const gone = await list.append('anna', 8, '<gone', 10);
    await list.remove('anna', gone ?? 0);
    await stores.meta.set('secret', 's');
    const before = await Array.fromAsync(stores.transfer.read());
    const rows = before.flat();
    assert.deepEqual(
      rows.flatMap((row) => (row.table === 'account' ? [row.account.name] : [])),
      [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    assert.equal(rows.filter(({ table }) => table === 'keyed').length, 1200);
    assert.deepEqual(
      rows.flatMap((row) => (row.table === 'list' ? [[row.owner, row.at, row.data]] : [])),
      [
        ['zoe', 7, '<1'],
        ['zoe', 7, '<ÿ\0'],
      ],
    );
    await stores.transfer.clear();
    assert.deepEqual((await Array.fromAsync(stores.transfer.read())).flat(), [{ table: 'numbered', last: 0 }]);
    for (const portion of before) await stores.transfer.write(portion);
    assert.deepEqual((await Array.fromAsync(stores.transfer.read())).flat(), rows);
    const next = await list.append('zoe', 9, '<next', 10);
    assert.ok((next ?? 0) > (gone ?? 0), 'no number is given twice, not even that of an entry that is gone');
  });

  check('a sound storage has nothing to complain of', async (stores) => {
    await stores.accounts.add(account('anna'));
    assert.deepEqual(await stores.check(), []);
  });
}
