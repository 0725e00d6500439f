import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParleyError } from '../../shared/errors.ts';
import { DOMAIN, World } from '../world.fixture.ts';
import { StoredCredentials } from './credentials.ts';
import { LastSeen } from './last-seen.ts';
import { Users } from './users.ts';

async function domain() {
  const world = new World();
  const users = new Users({
    clients: world.devices,
    domain: DOMAIN,
    stores: world.stores,
    iterations: 4096,
    router: world.router,
    now: () => world.now,
  });
  await users.add('Anna', 'secret');
  return { world, users };
}

const refused = (code: string) => (error: unknown) => error instanceof ParleyError && error.code === code;

test('a person is added once, under a name that can be one', async () => {
  const { users } = await domain();
  assert.deepEqual(
    (await users.list({ after: '', search: '', limit: 10 })).users.map((u) => u.name),
    ['anna'],
  );
  await assert.rejects(users.add('anna', 'x'), refused('user-exists'));
  await assert.rejects(users.add('a b', 'x'), refused('bad-name'));
  await assert.rejects(users.add('x', ''), refused('bad-password'));
  assert.equal(await users.add(`bert@${DOMAIN}`, 'x'), `bert@${DOMAIN}`);
  await assert.rejects(users.suspend('nobody'), refused('no-such-user'));
});

test('suspending ends the sessions at once and bars the account until it is activated', async () => {
  const { world, users } = await domain();
  const [one, two] = [await world.come('anna/1'), await world.come('anna/2')];
  assert.equal(await users.suspend('anna'), 2);
  assert.deepEqual([one.ended, two.ended, world.router.sessions.size], [['policy-violation'], ['policy-violation'], 0]);
  const credentials = await StoredCredentials.open(world.stores, 4096);
  assert.equal(await credentials.state('anna'), 'suspended');
  await users.activate('anna');
  assert.equal(await credentials.state('anna'), 'active');
});

test('a login that was not bound yet does not outlive suspension, removal or a new password', async () => {
  const { world, users } = await domain();
  const credentials = await StoredCredentials.open(world.stores, 4096);
  const keyNow = async () => (await world.stores.accounts.get('anna'))?.keys['SCRAM-SHA-256']?.storedKey ?? '';
  const key = await keyNow();
  assert.equal(await credentials.stands('anna', key), true);
  await users.suspend('anna');
  assert.equal(await credentials.stands('anna', key), false);
  await users.activate('anna');
  await users.password('anna', 'another');
  assert.deepEqual(
    [await credentials.stands('anna', key), await credentials.stands('anna', await keyNow())],
    [false, true],
  );
  assert.equal(await credentials.stands('nobody', key), false);
});

test('a new password ends the sessions and changes the keys', async () => {
  const { world, users } = await domain();
  const before = (await world.stores.accounts.get('anna'))?.keys;
  await world.come('anna/1');
  assert.equal(await users.password('anna', 'another'), 1);
  assert.notDeepEqual((await world.stores.accounts.get('anna'))?.keys, before);
});

test('who is removed is gone with roster and messages', async () => {
  const { world, users } = await domain();
  await world.stores.list('offline').append('anna', 1, '<message/>', 10);
  const one = await world.come('anna/1');
  assert.equal(await users.remove('anna'), 1);
  assert.equal(one.ended.length, 1);
  assert.equal(await world.stores.accounts.get('anna'), undefined);
  assert.equal(await world.stores.list('offline').count('anna'), 0);
});

test('importing reports who could not be added', async () => {
  const { users } = await domain();
  const report = await users.import(
    [...'bcd']
      .map((name) => ({ name, password: 'x' }))
      .concat([
        { name: 'anna', password: 'x' },
        { name: 'e e', password: 'x' },
      ]),
  );
  assert.equal(report.added, 3);
  assert.deepEqual(report.skipped.map((s) => s.name).sort(), ['anna', 'e e']);
});

test('a login of a name that does not exist gets keys that look like any', async () => {
  const { world } = await domain();
  const credentials = await StoredCredentials.open(world.stores, 4096);
  const [real, decoy] = [
    await credentials.keys('SCRAM-SHA-256', 'anna'),
    await credentials.keys('SCRAM-SHA-256', 'nobody'),
  ];
  assert.deepEqual(
    [decoy.iterations, decoy.salt.length, decoy.storedKey.length],
    [real.iterations, real.salt.length, real.storedKey.length],
  );
  const again = await StoredCredentials.open(world.stores, 4096);
  assert.deepEqual(await again.keys('SCRAM-SHA-256', 'nobody'), decoy, 'also after a restart');
});

test('last visits are written together', async () => {
  const { world, users } = await domain();
  const lastSeen = new LastSeen(world.router, world.stores, () => world.now);
  const one = await world.come('anna/1');
  world.now += 60_000;
  await one.leaves();
  await lastSeen.write();
  assert.equal((await users.list({ after: '', search: '', limit: 1 })).users[0]?.lastSeenAt, world.now);
});
