import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';

const BERT = `bert@${DOMAIN}`;
const ANNA = `anna@${DOMAIN}`;

async function two(): Promise<{ world: World; anna: Client; bert: Client }> {
  const world = new World();
  await world.people('anna', 'bert');
  return { world, anna: await world.come('anna/a'), bert: await world.come('bert/b') };
}

async function roster(client: Client): Promise<string[]> {
  const answer = await client.asks("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  return (answer.child('query', 'jabber:iq:roster')?.elements ?? []).map((item) => {
    const { jid = '', subscription = '', ask = '', name = '', approved = '' } = item.attributes;
    return [jid.split('@')[0], subscription, ask, name, approved, ...item.elements.map((group) => group.text)]
      .filter((part) => part !== '')
      .join(' ');
  });
}

test('§2.3: a contact is added with name and groups, and every interested resource gets the push', async () => {
  const { world, anna } = await two();
  const other = await world.come('anna/other');
  const silent = await world.come('anna/silent', '');
  const answer = await anna.asks(
    `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='${BERT}' name='Bert'><group>Friends</group></item></query></iq>`,
  );
  assert.equal(answer.attributes['type'], 'result');
  assert.deepEqual(await roster(anna), ['bert none Bert Friends']);
  const [push] = other.hears();
  assert.equal(push?.attributes['type'], 'set');
  assert.equal(push?.attributes['from'], ANNA);
  assert.equal(push?.child('query', 'jabber:iq:roster')?.elements[0]?.attributes['name'], 'Bert');
  assert.deepEqual(silent.hears(), []);
});

test('§2.3.3: what a roster set must not be', async () => {
  const { anna } = await two();
  const set = async (content: string) =>
    conditionOf(await anna.asks(`<iq type='set' id='s'><query xmlns='jabber:iq:roster'>${content}</query></iq>`));
  assert.equal(await set(''), 'bad-request');
  assert.equal(await set("<item jid='a@x'/><item jid='b@x'/>"), 'bad-request');
  assert.equal(await set('<item/>'), 'bad-request');
  assert.equal(await set(`<item jid='${BERT}'><group/></item>`), 'not-acceptable');
  assert.equal(await set(`<item jid='${BERT}'><group>a</group><group>a</group></item>`), 'bad-request');
  assert.equal(await set(`<item jid='${BERT}' name='${'x'.repeat(1024)}'/>`), 'not-acceptable');
  assert.equal(await set(`<item jid='${BERT}' subscription='remove'/>`), 'item-not-found');
  for (let i = 0; i < 10; i++) assert.equal(await set(`<item jid='u${i}@x'/>`), '');
  assert.equal(await set("<item jid='u10@x'/>"), 'resource-constraint');
  const other = await anna.asks(`<iq type='get' id='r' to='${BERT}'><query xmlns='jabber:iq:roster'/></iq>`);
  assert.equal(conditionOf(other), 'service-unavailable', "nobody reads another's roster");
});

test('§3.1: asking, being approved, and seeing each other', async () => {
  const { anna, bert } = await two();
  await anna.says(`<presence to='${BERT}/ignored' type='subscribe' id='s1'><status>It is me</status></presence>`);
  const [request] = bert.hears();
  assert.deepEqual(
    [request?.attributes['from'], request?.attributes['to'], request?.child('status')?.text],
    [ANNA, BERT, 'It is me'],
  );
  assert.deepEqual(await roster(anna), ['bert none subscribe']);
  assert.deepEqual(await roster(bert), [], 'who only was asked shows nothing');
  anna.incoming.length = 0;
  await bert.says(`<presence to='${ANNA}' type='subscribed'/>`);
  assert.deepEqual(
    anna.hearsBriefly().map((line) => line.replace(/ id=\S+/, '')),
    [
      'presence from=bert@ to=anna@ type=subscribed',
      'iq from=anna@ to=anna@/a type=set',
      'presence from=bert@/b to=anna@',
    ],
  );
  assert.deepEqual(await roster(anna), ['bert to']);
  assert.deepEqual(await roster(bert), ['anna from']);
});

test('§3.1.3: a request waits for who is away, is shown at each login, and survives a restart', async () => {
  const { world, anna, bert } = await two();
  await bert.leaves();
  await anna.says(`<presence to='${BERT}' type='subscribe'><status>hello ü</status></presence>`);
  const again = new World(world.stores);
  for (let i = 0; i < 2; i++) {
    const late = await again.come('bert/late', '');
    await late.says('<presence/>');
    const requests = late.hears().filter((element) => element.attributes['type'] === 'subscribe');
    assert.deepEqual(
      requests.map((r) => [r.attributes['from'], r.child('status')?.text]),
      [[ANNA, 'hello ü']],
    );
    await late.leaves();
  }
});

test('§8.5.1: asking nobody is answered with nothing', async () => {
  const { anna } = await two();
  await anna.says(`<presence to='nobody@${DOMAIN}' type='subscribe'/>`);
  assert.equal(
    anna.hearsBriefly().some((line) => line.startsWith('presence')),
    false,
  );
});

test('§3.4: approved before being asked', async () => {
  const { anna, bert } = await two();
  await bert.says(`<presence to='${ANNA}' type='subscribed'/>`);
  assert.deepEqual(anna.hears(), []);
  assert.deepEqual(await roster(bert), ['anna none true']);
  bert.incoming.length = 0;
  await anna.says(`<presence to='${BERT}' type='subscribe'/>`);
  assert.deepEqual(await roster(anna), ['bert to']);
  assert.equal(
    bert.hears().some((element) => element.attributes['type'] === 'subscribe'),
    false,
  );
});

test('§4.2, §4.4, §4.5: presence goes to contacts and own resources, with its content, and ends', async () => {
  const world = new World();
  await world.people('anna', 'bert', 'carl');
  await world.befriend('anna', 'bert');
  const [bert, carl, desk] = [await world.come('bert/b'), await world.come('carl/c'), await world.come('anna/desk')];
  bert.incoming.length = 0;
  const phone = await world.come('anna/phone', '');
  await phone.says('<presence><show>away</show><status>späti</status></presence>');
  assert.deepEqual(phone.hearsBriefly(), [
    'presence from=anna@/phone to=anna@',
    'presence from=anna@/desk to=anna@/phone',
    'presence from=bert@/b to=anna@/phone',
  ]);
  assert.deepEqual(desk.hearsBriefly(), ['presence from=anna@/phone to=anna@']);
  const [seen] = bert.hears();
  assert.deepEqual(
    [seen?.attributes['from'], seen?.attributes['to'], seen?.child('show')?.text, seen?.child('status')?.text],
    [`${ANNA}/phone`, BERT, 'away', 'späti'],
  );
  assert.deepEqual(carl.hears(), []);
  await phone.says("<presence type='unavailable'><status>bye</status></presence>");
  const [gone] = bert.hears();
  assert.deepEqual([gone?.attributes['type'], gone?.child('status')?.text], ['unavailable', 'bye']);
  await phone.says("<presence type='unavailable'/>");
  assert.deepEqual(bert.hears(), [], 'said once');
  await desk.leaves();
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/desk to=bert@ type=unavailable']);
});

test('§4.6: directed presence reaches a stranger, and is withdrawn', async () => {
  const { anna, bert } = await two();
  await anna.says(`<presence to='${BERT}'/>`);
  await anna.says(`<presence to='${BERT}/b'/>`);
  assert.equal(bert.hears().length, 2);
  await anna.says(`<presence to='${BERT}/b' type='unavailable'/>`);
  bert.incoming.length = 0;
  await anna.leaves();
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/a to=bert@ type=unavailable']);
});

test('§4.6: it is withdrawn from a resource with signs in its name', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come("bert/Bert's & co")];
  await anna.says(`<presence to='${BERT}/Bert&apos;s &amp; co'/>`);
  assert.equal(bert.hears().length, 1);
  await anna.leaves();
  assert.equal(bert.hears()[0]?.attributes['type'], 'unavailable');
});

test('§4.3: a probe is answered for who may see, and refused for who may not', async () => {
  const world = new World();
  await world.people('anna', 'bert', 'carl');
  await world.befriend('anna', 'bert');
  const [, bert, carl] = [await world.come('anna/a'), await world.come('bert/b'), await world.come('carl/c')];
  bert.incoming.length = 0;
  await bert.says(`<presence to='${ANNA}' type='probe'/>`);
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/a to=bert@/b']);
  await carl.says(`<presence to='${ANNA}' type='probe'/>`);
  // the refusal is an `unsubscribed`, which changes nothing in carl's roster and so is not shown to him (§A.3.4)
  assert.deepEqual(carl.hears(), []);
});

test('§3.2, §3.3: taking leave of each other, from either side', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  await world.befriend('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  anna.incoming.length = 0;
  await anna.says(`<presence to='${BERT}' type='unsubscribed'/>`);
  assert.deepEqual(await roster(anna), ['bert to']);
  assert.deepEqual(
    bert.hearsBriefly().filter((line) => line.startsWith('presence')),
    ['presence from=anna@/a to=bert@ type=unavailable', 'presence from=anna@ to=bert@ type=unsubscribed'],
  );
  assert.deepEqual(await roster(bert), ['anna from']);
  await anna.says(`<presence to='${BERT}' type='unsubscribe'/>`);
  assert.deepEqual(await roster(anna), ['bert none']);
  assert.deepEqual(await roster(bert), ['anna none']);
});

test('§2.5: removing a contact ends both subscriptions', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  await world.befriend('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  bert.incoming.length = 0;
  await anna.says(
    `<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='${BERT}' subscription='remove'/></query></iq>`,
  );
  assert.deepEqual(await roster(anna), []);
  const told = bert.hearsBriefly().filter((line) => line.startsWith('presence'));
  for (const type of ['unsubscribe', 'unsubscribed', 'unavailable'])
    assert.equal(
      told.some((line) => line.endsWith(`type=${type}`)),
      true,
      type,
    );
  assert.deepEqual(await roster(bert), ['anna none']);
});

test('an account that is removed takes its leave', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  await world.befriend('anna', 'bert');
  const bert = await world.come('bert/b');
  await world.router.hooks.run('account-removed', { name: 'anna' });
  assert.deepEqual(await roster(bert), ['anna none']);
});

test('priorities are read, and what is none is 0 (§4.7.2.3)', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a', '');
  for (const [text, priority] of [
    ['5', 5],
    ['-1', -1],
    [' 127 ', 127],
    ['128', 127],
    ['-300', -128],
    ['high', 0],
    ['', 0],
  ] as const) {
    await anna.says(`<presence><priority>${text}</priority></presence>`);
    assert.equal(anna.session.priority, priority, text);
  }
});
