import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import { NS } from '../../xmpp/namespaces.ts';

const ANNA = `anna@${DOMAIN}`;

/** Anna and bert see each other, carl is a stranger. */
async function start(): Promise<{ world: World; bert: Client; carl: Client }> {
  const world = new World();
  await world.people('anna', 'bert', 'carl');
  await world.befriend('anna', 'bert');
  return { world, bert: await world.come('bert/b'), carl: await world.come('carl/c') };
}

async function ask(client: Client, to: string): Promise<string> {
  const answer = await client.asks(`<iq type='get' id='l' to='${to}'><query xmlns='${NS.last}'/></iq>`);
  const query = answer.child('query', NS.last);
  return conditionOf(answer) || `${query?.attributes['seconds']} ${query?.text}`.trim();
}

test('XEP-0012 §5: how long the server runs', async () => {
  const { world, carl } = await start();
  world.now += 61_500;
  assert.equal(await ask(carl, DOMAIN), '61');
});

test('XEP-0012 §3: since when somebody is away, and what they said, after a restart too', async () => {
  const { world, bert, carl } = await start();
  const anna = await world.come('anna/a');
  assert.equal(await ask(bert, ANNA), '0');
  await anna.says("<presence type='unavailable'><status>Heading Home</status></presence>");
  await anna.leaves();
  world.now += 903_000;
  assert.equal(await ask(bert, ANNA), '903 Heading Home');
  assert.equal(await ask(carl, ANNA), 'forbidden');
  const again = new World(world.stores);
  again.now = world.now + 1000;
  assert.equal(await ask(await again.come('bert/b'), ANNA), '904 Heading Home');
  const back = await again.come('anna/b', '');
  await back.says('<presence/>');
  await back.leaves();
  assert.equal(await ask(await again.come('bert/c'), ANNA), '0', 'the status is of the last time alone');
});

test('XEP-0012 §3: one may ask for oneself, and for nobody', async () => {
  const { world, bert, carl } = await start();
  world.now += 5000;
  assert.equal(await ask(carl, `carl@${DOMAIN}`), '0');
  assert.equal(await ask(bert, `nobody@${DOMAIN}`), 'service-unavailable');
});

test('XEP-0012 §4, §8: a resource is only asked by who may see it', async () => {
  const { world, bert, carl } = await start();
  const anna = await world.come('anna/a');
  const question = `<iq type='get' id='l' to='${ANNA}/a'><query xmlns='${NS.last}'/></iq>`;
  await carl.says(question);
  assert.deepEqual([conditionOf(carl.hears()[0]), anna.hears()], ['forbidden', []]);
  await bert.says(question);
  assert.equal(anna.hears().length, 1);
});

test('XEP-0012 §3: who was here again before a crash was last here then', async () => {
  const { world, bert } = await start();
  const anna = await world.come('anna/a');
  await anna.says("<presence type='unavailable'><status>old</status></presence>");
  await anna.leaves();
  world.now += 60_000;
  await world.stores.accounts.update('anna', { lastSeenAt: world.now });
  world.now += 5000;
  assert.equal(await ask(bert, ANNA), '5');
});
