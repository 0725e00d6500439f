import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, World } from '../../world.fixture.ts';
import type { Element } from '../../xml/element.ts';

const CAM = 'urn:xmpp:cam:0';
const LIST = `<iq type='get' id='l'><list xmlns='${CAM}'/></iq>`;
const revoke = (id: string) => `<iq type='set' id='r'><revoke xmlns='${CAM}' id='${id}'/></iq>`;
const login = { name: 'anna', proof: 'key' };
const agent = (id: string) => ({ id, software: 'Tester', device: 'Phone' });
const wish = { mechanism: 'HT-SHA-256-NONE', request: undefined, invalidate: false };

/** Who has access, in a line each. */
async function access(client: { asks(xml: string): Promise<Element> }) {
  const answer = await client.asks(LIST);
  if (answer.attributes['type'] !== 'result') throw new Error(answer.serialize());
  const list = answer.child('clients', CAM)?.all('client') ?? [];
  return list.map((one) => ({
    id: one.attributes['id'] ?? '',
    text: [
      one.attributes['connected'],
      one.child('user-agent')?.child('software')?.text ?? '?',
      one.child('first-seen')?.text,
      ...(one.child('auth')?.elements.map(({ name }) => name) ?? []),
      one.child('permission')?.attributes['status'],
    ].join(' '),
  }));
}

test('XEP-0494 §4.1: the clients that have access, what they came with, and who is here', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/desk');
  await world.devices.loggedIn(login, agent('one'), { ...wish, request: 'HT-SHA-256-NONE' });
  assert.deepEqual(
    (await access(anna)).map(({ text }) => text),
    [
      'false Tester 2026-11-24T12:00:00Z password fast unrestricted',
      'true ? 2026-11-24T12:00:00Z password unrestricted',
    ],
  );
});

test('§4.2: access is taken from a client that has a token alone; one that knows the password needs a new one', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const anna = await world.come('anna/desk');
  const given = await world.devices.loggedIn(login, agent('one'), { ...wish, request: 'HT-SHA-256-NONE' });
  assert.ok(given);
  const [phone] = await access(anna);
  assert.ok(phone);
  const refused = await anna.asks(revoke(phone.id));
  assert.equal(conditionOf(refused), 'service-unavailable');
  assert.ok(refused.child('error')?.child('password-reset-required', CAM));
  assert.equal(conditionOf(await anna.asks(revoke('nonsense'))), 'item-not-found');
  assert.equal(conditionOf(await anna.asks(`<iq type='set' id='r'><revoke xmlns='${CAM}'/></iq>`)), 'bad-request');
  const bert = await world.come('bert/x');
  assert.deepEqual(
    (await access(bert)).map(({ id }) => id),
    ['session/x'],
    'nobody sees those of others',
  );
});

test('an operator takes the tokens of any client, and ends its sessions', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/desk');
  await world.devices.loggedIn(login, agent('one'), { ...wish, request: 'HT-SHA-256-NONE' });
  const id = world.devices.idOf('one');
  anna.session.peer = { ...anna.session.peer, client: id };
  assert.deepEqual(
    (await world.users.clients('anna')).map(({ connected, token }) => [connected, token]),
    [[true, true]],
  );
  assert.equal(await world.users.revoke('anna', id), 1);
  assert.deepEqual([anna.ended, await world.devices.tokens('anna', 'one')], [['policy-violation'], []]);
  await assert.rejects(world.users.revoke('anna', id), /has no client/);
});
