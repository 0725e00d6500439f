import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import { NS } from '../../xmpp/namespaces.ts';

async function start(): Promise<{ world: World; anna: Client }> {
  const world = new World();
  await world.users.add('anna', 'first secret');
  await world.people('bert');
  return { world, anna: await world.come('anna/a') };
}

const set = (content: string, to = '') =>
  `<iq type='set' id='r' ${to}><query xmlns='${NS.register}'>${content}</query></iq>`;
const password = (name: string, text: string) => `<username>${name}</username><password>${text}</password>`;

async function keys(world: World): Promise<unknown> {
  return (await world.stores.accounts.get('anna'))?.keys;
}

test('§3.1: who is logged in is told to be registered, and no password', async () => {
  const { anna } = await start();
  for (const to of ['', `to='${DOMAIN}'`, `to='anna@${DOMAIN}'`]) {
    const answer = await anna.asks(`<iq type='get' id='r' ${to}><query xmlns='${NS.register}'/></iq>`);
    assert.deepEqual(
      answer.child('query', NS.register)?.elements.map((e) => `${e.name} ${e.text}`.trim()),
      ['registered', 'username anna', 'password'],
    );
  }
});

test('§3.3: a new password holds, the sessions stay, and modules are told', async () => {
  const { world, anna } = await start();
  const desk = await world.come('anna/desk');
  const changed: string[] = [];
  world.router.hooks.on('password-changed', 'observe', ({ name }) => void changed.push(name));
  const before = await keys(world);
  const form = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  for (const content of [
    password('anna', 'pässword'),
    password(`ANNA@${DOMAIN}`, 'second'),
    `<x xmlns='jabber:x:data' type='submit'>${form('username', 'anna')}${form('password', 'third')}</x>`,
  ]) {
    const answer = await anna.asks(set(content, `to='${DOMAIN}'`));
    assert.equal(answer.attributes['type'], 'result', content);
    assert.equal(answer.elements.length, 0);
  }
  assert.notDeepEqual(await keys(world), before);
  const thrice = ['anna', 'anna', 'anna'];
  assert.deepEqual([changed, world.revoked, anna.ended, desk.ended], [thrice, thrice, [], []]);
});

test('§3.3: what is no password, or is for somebody else, changes nothing, and is not quoted back', async () => {
  const { world, anna } = await start();
  const before = await keys(world);
  for (const [content, condition] of [
    [password('anna', ''), 'not-acceptable'],
    ['<username>anna</username><password/>', 'not-acceptable'],
    [password('anna', 'a\u200bb'), 'not-acceptable'],
    ['<username>anna</username>', 'bad-request'],
    ['<password>x</password>', 'bad-request'],
    [password('bert', 'x'), 'not-allowed'],
    [password('new', 'x'), 'not-allowed'],
    ['', 'bad-request'],
    ['<remove/><username>anna</username>', 'bad-request'],
  ] as const) {
    const answer = await anna.asks(set(content));
    assert.deepEqual([conditionOf(answer), answer.child('query', NS.register)], [condition, undefined], content);
  }
  const other = await anna.asks(set('<remove/>', `to='bert@${DOMAIN}'`));
  assert.equal(conditionOf(other), 'service-unavailable');
  assert.deepEqual(await keys(world), before);
  assert.notEqual(await world.stores.accounts.get('bert'), undefined);
});

test('§3.2: an account that is removed answers, ends its streams, and leaves nothing', async () => {
  const { world, anna } = await start();
  await world.befriend('anna', 'bert');
  const [desk, bert] = [await world.come('anna/desk'), await world.come('bert/b')];
  await anna.says(`<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Anna</FN></vCard></iq>`);
  bert.hears();
  const order: string[] = [];
  anna.incoming.push = (raw) => order.push(raw.includes("id='r'") ? 'answer' : 'other');
  anna.ended.push = (condition) => order.push(condition);
  await anna.says(set('<remove/>'));
  assert.deepEqual(order.slice(-2), ['answer', 'not-authorized']);
  assert.deepEqual(desk.ended, ['not-authorized']);
  assert.equal(await world.stores.accounts.get('anna'), undefined);
  assert.equal(world.router.sessions.of('anna').length, 0);
  const types = bert
    .hears()
    .filter((e) => e.name === 'presence')
    .map((e) => e.attributes['type']);
  for (const type of ['unavailable', 'unsubscribe', 'unsubscribed']) assert.ok(types.includes(type), type);
  for (const kind of ['vcard', 'roster', 'roster-version', 'last-activity'])
    assert.equal((await world.stores.keyed(kind).all('anna')).size, 0, kind);
  assert.deepEqual(world.faults, []);
});
