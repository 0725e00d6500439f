import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { clientsOf } from './clients.ts';

const DAY_MS = 86_400_000;
const agent = (id: string) => ({ id, software: 'Tester', device: 'Phone' });
const asks = { mechanism: 'SCRAM-SHA-256', request: 'HT-SHA-256-NONE' as const, invalidate: false };
const comes = { mechanism: 'HT-SHA-256-NONE', request: undefined, invalidate: false };
const byPassword = { name: 'anna', proof: 'key' };

function scene() {
  let now = 1_000_000;
  const clients = clientsOf({ 'auth.token_days': 30 }, new MemoryStores(), () => now);
  const later = (ms: number) => {
    now += ms;
  };
  const ids = async (id: string) => (await clients.tokens('anna', id)).map((token) => token.id);
  return { clients, later, ids };
}

test('a token is given to who asks, and to who says which client it is', async () => {
  const { clients, ids } = scene();
  assert.equal(await clients.loggedIn(byPassword, undefined, asks), undefined);
  assert.equal(await clients.loggedIn(byPassword, agent('a'), { ...asks, request: undefined }), undefined);
  assert.deepEqual(await ids('a'), []);
  const given = await clients.loggedIn(byPassword, agent('a'), asks);
  const [token] = await clients.tokens('anna', 'a');
  assert.deepEqual([given?.token, given?.expiresAt], [token?.secret, 1_000_000 + 30 * DAY_MS]);
  assert.deepEqual(await clients.tokens('bert', 'a'), []);
  assert.deepEqual(await clients.tokens('anna', 'b'), []);
});

test('XEP-0484 §5: a token that is due is replaced; the one before stays until its successor is used', async () => {
  const { clients, later, ids } = scene();
  await clients.loggedIn(byPassword, agent('a'), asks);
  const [first = ''] = await ids('a');
  assert.equal(await clients.loggedIn({ ...byPassword, token: first }, agent('a'), comes), undefined, 'not due');
  later(2 * DAY_MS);
  assert.ok(await clients.loggedIn({ ...byPassword, token: first }, agent('a'), comes));
  const both = await ids('a');
  assert.deepEqual([both.length, both[1]], [2, first]);
  await clients.loggedIn({ ...byPassword, token: both[0] ?? '' }, agent('a'), comes);
  assert.deepEqual(await ids('a'), [both[0]]);
});

test('a new password, a revocation and a logout take tokens', async () => {
  const { clients, ids } = scene();
  for (const id of ['a', 'b', 'c']) await clients.loggedIn(byPassword, agent(id), asks);
  const [token = ''] = await ids('a');
  await clients.loggedIn({ ...byPassword, token }, agent('a'), { ...comes, invalidate: true });
  assert.deepEqual(await ids('a'), []);
  assert.equal(await clients.revoke('anna', clients.idOf('b')), true);
  assert.equal(await clients.revoke('anna', clients.idOf('b')), false);
  assert.equal((await ids('c')).length, 1);
  await clients.revokeAll('anna');
  assert.deepEqual(await ids('c'), []);
});

test('clients are remembered up to a number: who was away for longest makes room', async () => {
  const { clients, later } = scene();
  for (let i = 0; i < 51; i++) {
    await clients.loggedIn(byPassword, agent(`client ${i}`), asks);
    later(1000);
  }
  const known = await clients.list('anna');
  assert.equal(known.size, 50);
  assert.equal(known.has(clients.idOf('client 0')), false);
});
