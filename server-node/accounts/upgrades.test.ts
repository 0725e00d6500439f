import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRing } from '../sasl/scram-keys.ts';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { StoredCredentials } from './credentials.ts';
import { KeyUpgrades } from './upgrades.ts';

const RING = await keyRing('pencil', 4096);
const { 'SCRAM-SHA-1': old, ...newer } = RING;
const account = (name: string, keys: Partial<typeof RING>) => ({
  ...{ name, state: 'active' as const, createdAt: 0, lastSeenAt: null },
  keys,
});

async function domain() {
  const stores = new MemoryStores();
  await stores.accounts.add(account('anna', RING));
  await stores.accounts.add(account('bert', { 'SCRAM-SHA-1': old }));
  return { stores, upgrades: await KeyUpgrades.open(stores, 4096) };
}

test('a mechanism is offered to everybody once everybody can use it', async () => {
  const { stores, upgrades } = await domain();
  assert.deepEqual(upgrades.offered, ['SCRAM-SHA-1']);
  assert.deepEqual(upgrades.missing, ['SCRAM-SHA-512', 'SCRAM-SHA-256']);
  assert.deepEqual(await upgrades.lacks('anna'), []);
  assert.deepEqual(await upgrades.lacks('bert'), ['SCRAM-SHA-512', 'SCRAM-SHA-256']);
  await upgrades.store('bert', 'SCRAM-SHA-256', newer['SCRAM-SHA-256']);
  assert.deepEqual(upgrades.offered, ['SCRAM-SHA-256', 'SCRAM-SHA-1']);
  assert.deepEqual(Object.keys((await stores.accounts.get('bert'))?.keys ?? {}), ['SCRAM-SHA-1', 'SCRAM-SHA-256']);
});

test('keys that are there are not replaced, and nobody gets an account by handing in keys', async () => {
  const { stores, upgrades } = await domain();
  await upgrades.store('anna', 'SCRAM-SHA-512', { ...RING['SCRAM-SHA-512'], salt: 'other' });
  await upgrades.store('nobody', 'SCRAM-SHA-512', RING['SCRAM-SHA-512']);
  assert.deepEqual((await stores.accounts.get('anna'))?.keys, RING);
  assert.equal(await stores.accounts.get('nobody'), undefined);
});

test('a password is checked against whichever keys there are', async () => {
  const { stores } = await domain();
  const credentials = await StoredCredentials.open(stores, 4096);
  for (const name of ['anna', 'bert']) {
    const proof = await credentials.check(name, 'pencil');
    assert.ok(proof !== undefined && (await credentials.stands(name, proof)), name);
    assert.equal(await credentials.check(name, 'wrong'), undefined);
    assert.equal(await credentials.check(name, ''), undefined);
  }
  assert.equal(await credentials.check('nobody', 'pencil'), undefined);
  assert.ok(await credentials.stands('bert', (await credentials.proof('bert')) ?? ''));
  assert.equal(await credentials.proof('nobody'), undefined);
});

test('the resource of an installation is its own, stays, and tells nothing', async () => {
  const { stores } = await domain();
  const [once, again] = [await StoredCredentials.open(stores, 4096), await StoredCredentials.open(stores, 4096)];
  assert.equal(once.stableId('anna', 'agent'), again.stableId('anna', 'agent'));
  assert.notEqual(once.stableId('anna', 'agent'), once.stableId('bert', 'agent'));
  assert.match(once.stableId('anna', 'agent'), /^[\w-]{12}$/);
});
