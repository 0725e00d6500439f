import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import { NS } from '../../xmpp/namespaces.ts';

const ANNA = `anna@${DOMAIN}`;
const BERT = `bert@${DOMAIN}`;

/** Anna and bert see each other; carl knows nobody. */
async function world(): Promise<World> {
  const it = new World();
  await it.people('anna', 'bert', 'carl');
  await it.befriend('anna', 'bert');
  return it;
}

test('§4.3.2: a probe is answered for each resource, by its last presence', async () => {
  const it = await world();
  const bert = await it.come('bert/b');
  await it.come('anna/desk', '<presence><show>dnd</show><status>busy</status></presence>');
  await it.come('anna/phone');
  await it.come('anna/silent', '');
  bert.hears();
  await bert.says(`<presence to='${ANNA}' type='probe'/>`);
  const answers = bert.hears();
  assert.deepEqual(
    answers.map((e) => [e.attributes['from'], e.attributes['to'], e.child('show')?.text]),
    [
      [`${ANNA}/desk`, `${BERT}/b`, 'dnd'],
      [`${ANNA}/phone`, `${BERT}/b`, undefined],
    ],
  );
});

test('§4.3.2: a probe for who is away is answered with unavailable, for those alone who may see it', async () => {
  const it = await world();
  const [bert, carl] = [await it.come('bert/b'), await it.come('carl/c')];
  await bert.says(`<presence to='${ANNA}' type='probe'/>`);
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@ to=bert@/b type=unavailable']);
  await carl.says(`<presence to='${ANNA}' type='probe'/>`);
  await carl.says(`<presence to='nobody@${DOMAIN}' type='probe'/>`);
  assert.deepEqual(carl.hears(), [], 'unsubscribed, which carl had never asked for (§A.3.4)');
});

test("§4.3.2: one's own resources are shown to oneself", async () => {
  const it = await world();
  const [desk] = [await it.come('anna/desk'), await it.come('anna/phone')];
  desk.hears();
  await desk.says(`<presence to='${ANNA}' type='probe'/>`);
  assert.deepEqual(desk.hearsBriefly(), [
    'presence from=anna@/desk to=anna@/desk',
    'presence from=anna@/phone to=anna@/desk',
  ]);
});

test('§4.4.2: what follows the first presence is broadcast, and shows nobody anything else anew', async () => {
  const it = await world();
  const [bert, anna] = [await it.come('bert/b'), await it.come('anna/a')];
  for (const client of [bert, anna]) client.hears();
  await anna.says('<presence><show>xa</show><priority>7</priority></presence>');
  assert.deepEqual(anna.hearsBriefly(), ['presence from=anna@/a to=anna@']);
  const [seen, ...more] = bert.hears();
  assert.deepEqual([seen?.child('show')?.text, seen?.child('priority')?.text, more], ['xa', '7', []]);
});

test('§4.5.2: a subscriber who also got directed presence is told of the end once', async () => {
  const it = await world();
  const [bert, anna] = [await it.come('bert/b'), await it.come('anna/a')];
  await anna.says(`<presence to='${BERT}'/>`);
  bert.hears();
  await anna.says("<presence type='unavailable'><status>bye</status></presence>");
  const told = bert.hears();
  assert.deepEqual(
    told.map((e) => [e.attributes['type'], e.child('status')?.text]),
    [['unavailable', 'bye']],
  );
  await anna.leaves();
  assert.deepEqual(bert.hears(), [], 'nor again when the stream ends');
});

test('§4.6.3: presence that was only directed is withdrawn too, with the status given', async () => {
  const it = await world();
  const [carl, anna] = [await it.come('carl/c'), await it.come('anna/a', '')];
  await anna.says(`<presence to='carl@${DOMAIN}/c'/>`);
  await anna.says(`<presence to='${BERT}'/>`);
  carl.hears();
  await anna.says("<presence type='unavailable'><status>bye</status></presence>");
  const told = carl.hears();
  assert.deepEqual(
    told.map((e) => [e.attributes['from'], e.attributes['type'], e.child('status')?.text]),
    [[`${ANNA}/a`, 'unavailable', 'bye']],
  );
});

test('§4.6.4: who was told directly that somebody went is not told again', async () => {
  const it = await world();
  const [carl, anna] = [await it.come('carl/c'), await it.come('anna/a')];
  await anna.says(`<presence to='carl@${DOMAIN}/c'/>`);
  await anna.says(`<presence to='carl@${DOMAIN}/c' type='unavailable'/>`);
  assert.equal(carl.hears().length, 2);
  await anna.leaves();
  assert.deepEqual(carl.hears(), []);
});

test('§8.5.2.1.2, §8.5.3: directed presence goes to available resources, or to the one that is named', async () => {
  const it = await world();
  const carl = await it.come('carl/c');
  const [desk, phone, silent] = [
    await it.come('anna/desk'),
    await it.come('anna/phone'),
    await it.come('anna/silent', ''),
  ];
  const got = () =>
    [desk, phone, silent].map((client) =>
      client
        .hears()
        .map((e) => e.attributes['type'] ?? 'available')
        .join(),
    );
  for (const [to, type, expected] of [
    [ANNA, '', ['available', 'available', '']],
    [ANNA, 'unavailable', ['unavailable', 'unavailable', '']],
    [ANNA, 'error', ['', '', '']],
    [`${ANNA}/phone`, '', ['', 'available', '']],
    [`${ANNA}/phone`, 'error', ['', 'error', '']],
    [`${ANNA}/silent`, 'unavailable', ['', '', 'unavailable']],
    [`${ANNA}/gone`, '', ['', '', '']],
    [`${ANNA}/gone`, 'unavailable', ['', '', '']],
    [`${ANNA}/gone`, 'error', ['', '', '']],
    [`nobody@${DOMAIN}`, '', ['', '', '']],
    [`nobody@${DOMAIN}/x`, 'unavailable', ['', '', '']],
  ] as const) {
    got();
    await carl.says(`<presence to='${to}' ${type === '' ? '' : `type='${type}'`}/>`);
    assert.deepEqual(got(), expected, `${type} to ${to}`);
  }
  assert.deepEqual(carl.hears(), []);
});

test('§8.5.1: subscription stanzas to nobody are answered with nothing', async () => {
  const it = await world();
  const carl = await it.come('carl/c', '');
  for (const type of ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed', 'probe'])
    for (const to of [`nobody@${DOMAIN}`, `nobody@${DOMAIN}/x`])
      await carl.says(`<presence to='${to}' type='${type}'/>`);
  assert.deepEqual(carl.hears(), []);
});

test('§4.7.1: a type that nobody knows is refused where it is addressed, and reaches nobody', async () => {
  const it = await world();
  const [bert, anna] = [await it.come('bert/b'), await it.come('anna/a')];
  for (const client of [bert, anna]) client.hears();
  for (const xml of ["<presence type='subscribe'/>", "<presence type='what'/>", `<presence to='${BERT}' type='what'/>`])
    await anna.says(xml);
  const refused = anna.hears().map((heard) => [heard.attributes['type'], heard.attributes['from']]);
  assert.deepEqual([refused, bert.hears()], [[['error', BERT]], []]);
});

test("§2.1.5, §2.1.6: another's roster is not set, an odd `subscription` is ignored, an answer to a push is taken", async () => {
  const it = await world();
  const carl = await it.come('carl/c');
  const set = (to: string, item: string) =>
    `<iq type='set' id='s' ${to}><query xmlns='${NS.roster}'>${item}</query></iq>`;
  for (const item of ["<item jid='x@y'/>", "<item jid='x@y' subscription='remove'/>"])
    assert.equal(conditionOf(await carl.asks(set(`to='${ANNA}'`, item))), 'forbidden');
  for (const subscription of ['both', 'to', 'what'])
    assert.equal(
      (await carl.asks(set('', `<item jid='x@y' ask='subscribe' subscription='${subscription}'/>`))).attributes['type'],
      'result',
    );
  const roster = await carl.asks(`<iq type='get' id='g'><query xmlns='${NS.roster}'/></iq>`);
  const [item] = roster.child('query', NS.roster)?.elements ?? [];
  assert.deepEqual(item?.attributes, { jid: 'x@y', subscription: 'none' });
  for (const type of ['result', 'error']) await carl.says(`<iq type='${type}' id='push-1'/>`);
  assert.deepEqual([carl.hears(), it.faults], [[], []]);
});

test('§2.4.1: an item is replaced as it was given, name and groups', async () => {
  const it = await world();
  const carl = await it.come('carl/c');
  const steps = [
    "<item jid='x@y' name='X'><group>a</group></item>",
    "<item jid='x@y' name='X'><group>a</group><group>b</group></item>",
    "<item jid='x@y' name='Y'><group>b</group></item>",
    "<item jid='x@y'/>",
  ];
  for (const step of steps) {
    await carl.says(`<iq type='set' id='s'><query xmlns='${NS.roster}'>${step}</query></iq>`);
    const [push, result] = carl.hears();
    assert.deepEqual([push?.attributes['type'], result?.attributes['type']], ['set', 'result'], step);
    const got = push?.child('query', NS.roster)?.elements[0];
    const groups = got?.elements.map((e) => e.text).join() ?? '';
    assert.equal(
      `${got?.attributes['name'] ?? ''} ${groups}`,
      `${/name='(.)'/.exec(step)?.[1] ?? ''} ${[...step.matchAll(/<group>(.)/g)].map((m) => m[1]).join()}`,
    );
  }
});
