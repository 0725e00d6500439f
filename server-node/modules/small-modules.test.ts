import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conditionOf, DOMAIN, World } from '../world.fixture.ts';
import { encode } from '../xml/chars.ts';
import { parseElement } from '../xml/element.ts';
import { delayed } from '../xmpp/delay.ts';
import { below } from './below.ts';
import { doap } from './doap.ts';
import { modules } from './index.ts';
import { xepTable } from './table.ts';

const get = (payload: string, to = DOMAIN) => `<iq type='get' id='q' to='${to}'>${payload}</iq>`;

async function one() {
  const world = new World();
  await world.people('anna', 'bert');
  return { world, anna: await world.come('anna/a') };
}

test('XEP-0199: the server and an account answer pings', async () => {
  const { anna } = await one();
  for (const to of [DOMAIN, `anna@${DOMAIN}`]) {
    const answer = await anna.asks(get("<ping xmlns='urn:xmpp:ping'/>", to));
    assert.deepEqual(
      [answer.attributes['type'], answer.attributes['from'], answer.attributes['id']],
      ['result', to, 'q'],
    );
  }
});

test('XEP-0092: name and version', async () => {
  const { anna } = await one();
  const query = (await anna.asks(get("<query xmlns='jabber:iq:version'/>"))).child('query', 'jabber:iq:version');
  assert.deepEqual(
    query?.elements.map((e) => `${e.name} ${e.text}`),
    ['name parleyd', 'version 1.2.3'],
  );
});

test('XEP-0202: the time in UTC', async () => {
  const { anna } = await one();
  const time = (await anna.asks(get("<time xmlns='urn:xmpp:time'/>"))).child('time', 'urn:xmpp:time');
  assert.deepEqual(
    time?.elements.map((e) => e.text),
    ['+00:00', '2026-11-24T12:00:00Z'],
  );
});

test('XEP-0030: what modules say is what disco says, for the domain and for an account', async () => {
  const { anna } = await one();
  const features = async (to: string) => {
    const query = (await anna.asks(get("<query xmlns='http://jabber.org/protocol/disco#info'/>", to))).child(
      'query',
      'http://jabber.org/protocol/disco#info',
    );
    const { category, type } = query?.child('identity')?.attributes ?? {};
    return [`${category}/${type}`, ...(query?.all('feature').map((e) => e.attributes['var'] ?? '') ?? [])];
  };
  assert.deepEqual(await features(DOMAIN), ['server/im', ...new Set(modules.flatMap((m) => m.features ?? []).sort())]);
  assert.deepEqual(await features(`anna@${DOMAIN}`), [
    'account/registered',
    ...new Set(modules.flatMap((m) => m.accountFeatures ?? []).sort()),
  ]);
  const items = await anna.asks(get("<query xmlns='http://jabber.org/protocol/disco#items'/>"));
  assert.equal(items.child('query', 'http://jabber.org/protocol/disco#items')?.elements.length, 0);
  assert.equal(
    conditionOf(await anna.asks(get("<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>"))),
    'item-not-found',
  );
});

test('what is offered after login: RFC 3921 session, pre-approval (RFC 6121 §3.4)', async () => {
  const { world } = await one();
  const offered = parseElement(`<f>${world.router.streamFeatures()}</f>`, '').elements;
  for (const wanted of [
    'session urn:ietf:params:xml:ns:xmpp-session',
    'ver urn:xmpp:features:rosterver',
    'sub urn:xmpp:features:pre-approval',
  ])
    assert.ok(offered.map(({ name, ns }) => `${name} ${ns}`).includes(wanted), wanted);
});

test('every module says what it implements, and a XEP its version', () => {
  for (const module of [...modules, ...below]) {
    assert.match(module.specification, /^(RFC \d{4}|XEP-\d{4})$/);
    assert.equal(module.version !== undefined, module.specification.startsWith('XEP'), module.name);
  }
});

test('XEP-0160: messages wait in order, with their time, and are given once', async () => {
  const { world, anna } = await one();
  for (let i = 1; i <= 3; i++) {
    world.now += 1000;
    await anna.says(`<message to='bert@${DOMAIN}' id='m${i}' type='chat'><body>ü ${i}</body></message>`);
  }
  assert.equal(anna.holds.length, 3, 'nothing is answered before they are on disk');
  const shy = await world.come('bert/shy', '');
  await shy.says('<presence><priority>-1</priority></presence>');
  assert.deepEqual(
    shy.hears().filter((e) => e.name === 'message'),
    [],
  );
  await shy.says('<presence/>');
  const messages = shy.hears().filter((e) => e.name === 'message');
  assert.deepEqual(
    messages.map((m) => m.child('body')?.text),
    ['ü 1', 'ü 2', 'ü 3'],
  );
  assert.deepEqual(
    messages.map((m) => m.child('delay', 'urn:xmpp:delay')?.attributes['stamp']),
    ['2026-11-24T12:00:01.000Z', '2026-11-24T12:00:02.000Z', '2026-11-24T12:00:03.000Z'],
  );
  const late = await world.come('bert/late', '');
  await late.says('<presence/>');
  assert.deepEqual(
    late.hears().filter((e) => e.name === 'message'),
    [],
  );
});

test('XEP-0160: what is only true while it is typed does not wait, and a full store refuses', async () => {
  const { world, anna } = await one();
  const chatState = "<active xmlns='http://jabber.org/protocol/chatstates'/>";
  const kept: readonly (readonly [string, boolean])[] = [
    ['<body>hi</body>', true],
    [chatState, false],
    [`<thread>t</thread>${chatState}`, false],
    [`<body>hi</body>${chatState}`, true],
    ["<received xmlns='urn:xmpp:receipts' id='1'/>", true],
    ["<body>hi</body><no-store xmlns='urn:xmpp:hints'/>", false],
    ['', false],
  ];
  await anna.says(`<message to='bert@${DOMAIN}' type='unheard-of' id='x'><body>of type normal, then</body></message>`);
  let count = 1;
  for (const [content, waits] of kept) {
    await anna.says(`<message to='bert@${DOMAIN}' type='chat' id='x'>${content}</message>`);
    count += waits ? 1 : 0;
    assert.equal(await world.stores.list('offline').count('bert'), count, content);
  }
  assert.deepEqual(anna.hears(), []);
  for (let i = count; i < 5; i++) await anna.says(`<message to='bert@${DOMAIN}' id='x'><body>more</body></message>`);
  await anna.says(`<message to='bert@${DOMAIN}' id='x'><body>too much</body></message>`);
  assert.equal(conditionOf(anna.hears()[0]), 'service-unavailable');
});

test('XEP-0160: what has not left when the client goes waits on', async () => {
  const world = new World(undefined, { offlineMessages: 100 });
  await world.people('anna', 'bert');
  const anna = await world.come('anna/a');
  const body = 'x'.repeat(100_000);
  for (let i = 0; i < 7; i++) await anna.says(`<message to='bert@${DOMAIN}' id='m${i}'><body>${body}</body></message>`);
  const slow = await world.come('bert/slow', '');
  let portions = 0;
  slow.drained = async () => {
    portions++;
    if (portions === 2) await slow.leaves(); // the network dies before the second portion has left
  };
  await slow.says('<presence/>');
  assert.deepEqual([portions, await world.stores.list('offline').count('bert')], [2, 4]);
  const next = await world.come('bert/next', '');
  await next.says('<presence/>');
  assert.deepEqual(
    next
      .hears()
      .filter((e) => e.name === 'message')
      .map((m) => m.attributes['id']),
    ['m3', 'm4', 'm5', 'm6'],
  );
  assert.equal(await world.stores.list('offline').count('bert'), 0);
});

test('XEP-0160: a device that comes takes over from one that is stuck, and one that is left from one that went', async () => {
  const world = new World(undefined, { offlineMessages: 100 });
  await world.people('anna', 'bert');
  const anna = await world.come('anna/a');
  for (let i = 0; i < 7; i++)
    await anna.says(`<message to='bert@${DOMAIN}' id='m${i}'><body>${'x'.repeat(100_000)}</body></message>`);
  const bodies = (client: { hears(): { name: string }[] }) => client.hears().filter((e) => e.name === 'message').length;
  const stuck = await world.come('bert/stuck', '');
  let wake = () => {};
  stuck.drained = () =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const waiting = stuck.says('<presence/>');
  await new Promise((resolve) => setImmediate(resolve));
  const desk = await world.come('bert/desk', '');
  await desk.says('<presence/>');
  assert.equal(bodies(desk), 7);
  assert.equal(await world.stores.list('offline').count('bert'), 0);
  wake();
  await waiting;

  await stuck.leaves();
  await desk.leaves();
  for (let i = 0; i < 7; i++)
    await anna.says(`<message to='bert@${DOMAIN}' id='n${i}'><body>${'x'.repeat(100_000)}</body></message>`);
  const quiet = await world.come('bert/quiet', '');
  await quiet.says('<presence><priority>-1</priority></presence>');
  const dying = await world.come('bert/dying', '');
  dying.drained = async () => {
    await quiet.says('<presence type="unavailable"/>');
    quiet.session.priority = 0;
    quiet.session.presence = dying.session.presence;
    await dying.leaves();
  };
  await dying.says('<presence/>');
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(bodies(quiet), 7, 'who is left gets them without asking again');
});

test('XEP-0160: what a device was sent and has not acknowledged is not sent it again, whoever else comes or calls', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const anna = await world.come('anna/a');
  await anna.says(`<message to='bert@${DOMAIN}' id='m1'><body>1</body></message>`);
  const [desk, phone] = [await world.come('bert/desk', ''), await world.come('bert/phone', '')];
  const ids = (client: typeof desk) =>
    client.hears().flatMap((e) => (e.name === 'message' ? [e.attributes['id']] : []));
  let acknowledged = () => {};
  for (const client of [desk, phone]) {
    client.managed = true;
    client.drained = () =>
      new Promise((resolve) => {
        acknowledged = resolve;
      });
    await client.says('<presence/>');
  }
  await world.router.hooks.run('messages-waiting', { name: 'bert' });
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([ids(desk), ids(phone)], [['m1'], ['m1']]);
  // what is stored meanwhile comes at once, and does not wait for acknowledgements of what came before
  await world.stores.list('offline').append('bert', 1, `<message from='a@b/c' id='m2'><body>2</body></message>`, 10);
  await world.router.hooks.run('messages-waiting', { name: 'bert' });
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([ids(desk), ids(phone)], [['m2'], []]);
  assert.equal(await world.stores.list('offline').count('bert'), 2);
  for (const receipt of [...phone.receipts, ...desk.receipts]) receipt.taken();
  acknowledged();
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await world.stores.list('offline').count('bert'), 0);
});

test('XEP-0160: what is stored while others are given is not removed with them, whatever number it has', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const anna = await world.come('anna/a');
  await anna.says(`<message to='bert@${DOMAIN}' id='m1'><body>1</body></message>`);
  await anna.says(`<message to='bert@${DOMAIN}' id='m2'><body>2</body></message>`);
  const list = world.stores.list.bind(world.stores);
  const bert = await world.come('bert/b', '');
  // another node has taken the lower number first, and is done with it last
  world.stores.list = (kind) => {
    const store = list(kind);
    const all = store.all.bind(store);
    store.all = async (owner) => (await all(owner)).slice(1);
    return store;
  };
  await bert.says('<presence/>');
  assert.deepEqual(
    (await list('offline').all('bert')).map(({ data }) => / id='(m\d)'/.exec(data)?.[1]),
    ['m1'],
  );
});

test('the time stands within the message, whatever its closing tag looks like', () => {
  assert.match(
    delayed('<message><body/></message >', 0, 'd', 'Offline storage'),
    /<body\/><delay xmlns='urn:xmpp:delay' from='d' stamp='1970-01-01T00:00:00.000Z'>Offline storage<\/delay><\/message >$/,
  );
});

test('docs/xeps.md and parleyd.doap are what the modules say', () => {
  const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  assert.equal(read('docs/xeps.md'), xepTable([...modules, ...below]), 'run: npm run generate');
  assert.equal(read('parleyd.doap'), doap([...modules, ...below]), 'run: npm run generate');
});

test('the DOAP is well-formed, and names every specification once, with a version', () => {
  const xml = doap([...modules, ...below])
    .replace(/^<\?xml.*\?>\s*/, '')
    .replace(/<!--.*-->\s*/, '');
  const project = parseElement(encode(xml), '').elements[0];
  const nodes = project?.all('implements') ?? [];
  const xeps = nodes.flatMap((node) => node.elements);
  const ids = xeps.map((xep) =>
    /xep-\d{4}/.exec(Object.values(xep.child('xep')?.attributes ?? {}).join())?.[0]?.toUpperCase(),
  );
  const declared = [...modules, ...below].map((one) => one.specification);
  assert.equal(new Set(declared).size, declared.length, 'a specification is declared once');
  assert.deepEqual(ids, declared.filter((name) => name.startsWith('XEP')).sort());
  for (const xep of xeps) {
    assert.match(xep.child('version')?.text ?? '', /^\d+\.\d+/);
    assert.match(xep.child('status')?.text ?? '', /^(complete|partial)$/);
  }
});

test('XEP-0049: private data is kept by namespace, for its owner alone', async () => {
  const { world, anna } = await one();
  const ask = (type: string, content: string, to = '') =>
    anna.asks(`<iq type='${type}' id='p' ${to}><query xmlns='jabber:iq:private'>${content}</query></iq>`);
  assert.equal(
    (await ask('get', "<storage xmlns='storage:bookmarks'/>")).child('query', 'jabber:iq:private')?.elements[0]
      ?.children.length,
    0,
  );
  await ask('set', "<storage xmlns='storage:bookmarks'><conference jid='ü@x'/></storage>");
  const desk = await world.come('anna/desk');
  const kept = await desk.asks(
    "<iq type='get' id='p'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query></iq>",
  );
  assert.equal(
    kept.child('query', 'jabber:iq:private')?.child('storage', 'storage:bookmarks')?.child('conference')?.attributes[
      'jid'
    ],
    'ü@x',
  );
  assert.equal(conditionOf(await ask('get', '')), 'bad-request');
  assert.equal(conditionOf(await ask('set', '<x/>')), 'not-acceptable');
  assert.equal(
    conditionOf(await ask('get', "<storage xmlns='storage:bookmarks'/>", `to='bert@${DOMAIN}'`)),
    'service-unavailable',
  );
  assert.equal(conditionOf(await ask('set', `<x xmlns='urn:x'>${'y'.repeat(70_000)}</x>`)), 'resource-constraint');
});

test('XEP-0054: a vCard is set by its owner, read by all, and absent ones look like absent people', async () => {
  const { anna } = await one();
  const ask = (type: string, content: string, to = '') =>
    anna.asks(`<iq type='${type}' id='v' ${to}><vCard xmlns='vcard-temp'>${content}</vCard></iq>`);
  assert.equal((await ask('get', '')).child('vCard', 'vcard-temp')?.children.length, 0);
  await ask('set', '<FN>Anna Ü</FN>');
  for (const to of ['', `to='anna@${DOMAIN}'`])
    assert.equal((await ask('get', '', to)).child('vCard', 'vcard-temp')?.child('FN')?.text, 'Anna Ü');
  const absent = await ask('get', '', `to='bert@${DOMAIN}'`);
  const nobody = await ask('get', '', `to='nobody@${DOMAIN}'`);
  assert.deepEqual([conditionOf(absent), conditionOf(nobody)], ['service-unavailable', 'service-unavailable']);
  assert.equal(conditionOf(await ask('set', '<FN>x</FN>', `to='bert@${DOMAIN}'`)), 'forbidden');
});

test('XEP-0157: whom to write to, as far as the configuration says so', async () => {
  const world = new World(undefined, {}, { abuse: ['mailto:abuse@example.org', 'xmpp:abuse@example.org'], sales: [] });
  await world.people('anna');
  const anna = await world.come('anna/a');
  const info = await anna.asks(get("<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  const form = info.child('query', 'http://jabber.org/protocol/disco#info')?.child('x', 'jabber:x:data');
  assert.deepEqual(
    form?.elements.map((field) => [field.attributes['var'], field.elements.map((value) => value.text)]),
    [
      ['FORM_TYPE', ['http://jabber.org/network/serverinfo']],
      ['abuse-addresses', ['mailto:abuse@example.org', 'xmpp:abuse@example.org']],
    ],
  );
});

test('XEP-0030 §8: an account is there only for who may see it', async () => {
  const { world, anna } = await one();
  const question = get("<query xmlns='http://jabber.org/protocol/disco#info'/>", `bert@${DOMAIN}`);
  assert.equal(conditionOf(await anna.asks(question)), 'service-unavailable');
  const items = question.replace('#info', '#items');
  for (const asked of [items, items.replace('/>', " node='x'/>")])
    for (const name of ['bert', 'nobody']) {
      const answer = await anna.asks(asked.replace(`bert@${DOMAIN}`, `${name}@${DOMAIN}`));
      assert.deepEqual([answer.attributes['type'], answer.elements[0]?.elements.length], ['result', 0], name);
    }
  await anna.leaves();
  await world.befriend('anna', 'bert');
  const friend = await world.come('anna/friend');
  assert.equal((await friend.asks(question)).attributes['type'], 'result');
});
