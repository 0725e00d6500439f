import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { StorageError } from '../storage/stores.ts';
import { conditionOf, DOMAIN, World } from '../world.fixture.ts';

/** Who is there in each row: resources of bert with their priorities; none: he is away. */
type Presence = 'none' | 'one' | 'two' | 'negative' | 'mixed' | 'negatives' | 'silent';
const RESOURCES: Readonly<Record<Presence, readonly (readonly [string, string])[]>> = {
  none: [],
  one: [['phone', '<presence/>']],
  two: [
    ['phone', '<presence><priority>5</priority></presence>'],
    ['desk', '<presence/>'],
  ],
  negative: [['phone', '<presence><priority>-1</priority></presence>']],
  mixed: [
    ['phone', '<presence><priority>-1</priority></presence>'],
    ['desk', '<presence/>'],
  ],
  negatives: [
    ['phone', '<presence><priority>-1</priority></presence>'],
    ['desk', '<presence><priority>-128</priority></presence>'],
  ],
  silent: [['phone', '']],
};

/** RFC 6121 §8: [clause, type, to, presence, who gets it or what comes of it] */
const ROWS: readonly (readonly [string, string, 'bare' | 'full' | 'gone', Presence, string])[] = [
  ['§8.5.2.1.1', 'chat', 'bare', 'one', 'phone'],
  ['§8.5.2.1.1', 'normal', 'bare', 'one', 'phone'],
  ['§8.5.2.1.1', '', 'bare', 'two', 'phone desk'],
  ['§8.5.2.1.1', 'chat', 'bare', 'two', 'phone desk'],
  ['§8.5.2.1.1', 'headline', 'bare', 'two', 'phone desk'],
  ['§8.5.2.1.1', 'groupchat', 'bare', 'one', '! service-unavailable'],
  ['§8.5.2.1.1', 'error', 'bare', 'one', ''],
  ['§8.5.2.1.1', 'chat', 'bare', 'negative', 'kept'],
  ['§8.5.2.1.1', 'headline', 'bare', 'negative', ''],
  ['§8.5.2.1.1', 'chat', 'bare', 'mixed', 'desk'],
  ['§8.5.2.1.1', 'normal', 'bare', 'mixed', 'desk'],
  ['§8.5.2.1.1', 'headline', 'bare', 'mixed', 'desk'],
  ['§8.5.2.1.1', 'groupchat', 'bare', 'mixed', '! service-unavailable'],
  ['§8.5.2.1.1', 'error', 'bare', 'mixed', ''],
  ['§8.5.2.1.1', 'normal', 'bare', 'negative', 'kept'],
  ['§8.5.2.1.1', 'groupchat', 'bare', 'negative', '! service-unavailable'],
  ['§8.5.2.1.1', 'error', 'bare', 'negative', ''],
  ['§8.5.2.1.1', 'chat', 'bare', 'negatives', 'kept'],
  ['§8.5.2.1.1', 'headline', 'bare', 'negatives', ''],
  ['§8.5.2.1.1', 'chat', 'bare', 'silent', 'kept'],
  ['§8.5.2.1.1', 'headline', 'bare', 'silent', ''],
  ['§8.5.2.2.1', 'chat', 'bare', 'none', 'kept'],
  ['§8.5.2.2.1', 'normal', 'bare', 'none', 'kept'],
  ['§8.5.2.2.1', 'groupchat', 'bare', 'none', '! service-unavailable'],
  ['§8.5.2.2.1', 'headline', 'bare', 'none', ''],
  ['§8.5.2.2.1', 'error', 'bare', 'none', ''],
  ['§8.5.3.1', 'chat', 'full', 'one', 'phone'],
  ['§8.5.3.1', 'groupchat', 'full', 'one', 'phone'],
  ['§8.5.3.1', 'error', 'full', 'one', 'phone'],
  ['§8.5.3.1', 'headline', 'full', 'negative', 'phone'],
  ['§8.5.3.1', 'chat', 'full', 'silent', 'phone'],
  ['§8.5.3.1', 'chat', 'full', 'negative', 'phone'],
  ['§8.5.3.1', 'normal', 'full', 'mixed', 'phone'],
  ['§8.5.3.1', 'headline', 'full', 'one', 'phone'],
  ['§8.5.3.1', 'error', 'full', 'silent', 'phone'],
  ['§8.5.3.2.1', 'chat', 'gone', 'mixed', 'desk'],
  ['§8.5.3.2.1', 'chat', 'gone', 'negative', 'kept'],
  ['§8.5.3.2.1', 'chat', 'gone', 'silent', 'kept'],
  ['§8.5.3.2.1', 'normal', 'gone', 'none', '! service-unavailable'],
  ['§8.5.3.2.1', 'groupchat', 'gone', 'none', '! service-unavailable'],
  ['§8.5.3.2.1', 'headline', 'gone', 'none', ''],
  ['§8.5.3.2.1', 'error', 'gone', 'none', ''],
  ['§8.5.3.2.1', 'error', 'gone', 'negative', ''],
  ['§8.5.3.2.1', 'chat', 'gone', 'two', 'phone desk'],
  ['§8.5.3.2.1', 'chat', 'gone', 'none', 'kept'],
  ['§8.5.3.2.1', 'normal', 'gone', 'one', '! service-unavailable'],
  ['§8.5.3.2.1', 'groupchat', 'gone', 'one', '! service-unavailable'],
  ['§8.5.3.2.1', 'headline', 'gone', 'one', ''],
  ['§8.5.3.2.1', 'error', 'gone', 'one', ''],
];

for (const [clause, type, to, presence, outcome] of ROWS) {
  test(`RFC 6121 ${clause}: ${type || 'untyped'} to a ${to} JID, ${presence}: ${outcome || 'nobody'}`, async () => {
    const world = new World();
    await world.people('anna', 'bert');
    const anna = await world.come('anna/a');
    const berts = new Map<string, Awaited<ReturnType<World['come']>>>();
    for (const [resource, first] of RESOURCES[presence])
      berts.set(resource, await world.come(`bert/${resource}`, first));
    const address = `bert@${DOMAIN}${to === 'bare' ? '' : to === 'full' ? '/phone' : '/gone'}`;
    await anna.says(
      `<message to='${address}' id='m1' ${type === '' ? '' : `type='${type}'`}><body>hi</body></message>`,
    );
    const got = [...berts].filter(([, client]) =>
      client
        .hearsBriefly()
        .includes(
          `message from=anna@/a to=${address.replace(`@${DOMAIN}`, '@')}${type === '' ? '' : ` type=${type}`} id=m1`,
        ),
    );
    const kept = await world.stores.list('offline').count('bert');
    const [answer] = anna.hears();
    const told = answer === undefined ? '' : `! ${conditionOf(answer)}`;
    assert.equal(kept > 0 ? 'kept' : told || got.map(([resource]) => resource).join(' '), outcome);
    assert.deepEqual(world.faults, []);
  });
}

test('RFC 6121 §8.5.1: a message or a request to nobody is refused, presence and answers are not', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a');
  await anna.says(`<message to='nobody@${DOMAIN}' id='m'><body>hi</body></message>`);
  assert.equal(conditionOf(anna.hears()[0]), 'service-unavailable');
  const answer = await anna.asks(`<iq to='nobody@${DOMAIN}' id='i' type='get'><query xmlns='jabber:iq:version'/></iq>`);
  assert.equal(conditionOf(answer), 'service-unavailable');
  await anna.says(`<iq to='nobody@${DOMAIN}' id='i' type='result'/>`);
  await anna.says(`<presence to='nobody@${DOMAIN}'/>`);
  assert.deepEqual(anna.hears(), []);
});

test('RFC 6120 §8.1.2.1: `from` is stamped, whatever the client claims, and the rest passes as it came', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  const content = `type="chat" xml:lang='de'><body>ü &amp;</body><x xmlns='urn:x' y='"'/></message>`;
  await anna.says(`<message from='evil@${DOMAIN}/x' to='bert@${DOMAIN}' ${content}`);
  const [raw = ''] = bert.incoming;
  assert.equal(
    Buffer.from(raw, 'latin1').toString(),
    `<message from='anna@${DOMAIN}/a' to='bert@${DOMAIN}' ${content}`,
  );
});

test('RFC 6121 §8.1: a message without `to` is for oneself', async () => {
  const world = new World();
  await world.people('anna');
  const [one, two] = [await world.come('anna/1'), await world.come('anna/2')];
  await one.says("<message id='m'><body>note</body></message>");
  assert.equal(two.hears()[0]?.child('body')?.text, 'note');
  assert.equal(one.hears()[0]?.child('body')?.text, 'note');
});

test('RFC 6120 §8.2.3 and §8.3: what is no request is told so', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a');
  const cases: readonly (readonly [string, string])[] = [
    [`<iq type='get' id='1' to='${DOMAIN}'/>`, 'bad-request'],
    [`<iq type='get' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`, 'bad-request'],
    [`<iq type='what' id='1' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`, 'bad-request'],
    [`<iq type='get' id='1' to='${DOMAIN}'><a xmlns='x'/><b xmlns='x'/></iq>`, 'bad-request'],
    [`<iq type='get' id='1' to='${DOMAIN}'><a xmlns='urn:unknown'/></iq>`, 'service-unavailable'],
    ["<iq type='get' id='1' to='a@b@c'><a xmlns='x'/></iq>", 'jid-malformed'],
    ["<iq type='get' id='1' to='other.example'><a xmlns='x'/></iq>", 'remote-server-not-found'],
  ];
  for (const [xml, condition] of cases) assert.equal(conditionOf(await anna.asks(xml)), condition, xml);
  await anna.says(`<iq type='result' id='1' to='${DOMAIN}'/>`);
  await anna.says(`<iq type='error' id='1' to='other.example'/>`);
  assert.deepEqual(anna.hears(), [], 'answers are never answered');
});

test('a session of the same resource replaces the old one, and the most are the most', async () => {
  const world = new World();
  await world.people('anna');
  const old = await world.come('anna/a');
  const fresh = await world.come('anna/a');
  assert.deepEqual(old.ended, ['conflict']);
  assert.equal(world.router.sessions.size, 1);
  await old.leaves();
  assert.equal(
    world.router.sessions.get('anna', 'a'),
    fresh.session,
    'the old one leaving does not take the new one away',
  );
  await world.come('anna/b');
  await world.come('anna/c');
  await assert.rejects(world.come('anna/d'), /too many sessions/);
});

test('of several that come at once by the same resource one is left', async () => {
  const world = new World();
  await world.people('anna');
  await world.come('anna/a');
  await Promise.all([world.come('anna/a', ''), world.come('anna/a', ''), world.come('anna/a', '')]);
  assert.equal(world.router.sessions.size, 1);
  assert.equal(world.clients.filter((client) => client.ended.length === 0).length, 1);
});

test('a bug in a handler answers that stanza and touches nobody else', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  world.router.hooks.on('message-offline', 'filter', () => {
    throw new TypeError('a bug');
  });
  await anna.says(`<message to='bert@${DOMAIN}/gone' type='chat' id='1'><body>1</body></message>`);
  assert.equal(bert.hears().length, 1);
  await bert.leaves();
  await anna.says(`<message to='bert@${DOMAIN}' id='2'><body>2</body></message>`);
  assert.equal(conditionOf(anna.hears()[0]), 'internal-server-error');
  assert.deepEqual(world.faults, ['an offline message: a bug']);
  assert.equal(
    (await anna.asks(`<iq type='get' id='p' to='${DOMAIN}'><ping xmlns='urn:xmpp:ping'/></iq>`)).attributes['type'],
    'result',
  );
});

test('a session that ends while a message is delivered takes it from nobody else', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const anna = await world.come('anna/a');
  const [slow, two, three] = [await world.come('bert/1'), await world.come('bert/2'), await world.come('bert/3')];
  const push = slow.incoming.push.bind(slow.incoming);
  slow.incoming.push = (...bytes) => {
    void slow.leaves(); // as a connection does that has too much waiting
    return push(...bytes);
  };
  await anna.says(`<message to='bert@${DOMAIN}' id='m'><body>hi</body></message>`);
  assert.deepEqual([two.incoming.length > 0, three.incoming.length > 0], [true, true]);
});

/** RFC 6121 §8.5: [clause, payload, to, presence, the resource that gets it or who answers and what] */
const IQ_ROWS: readonly (readonly [string, string, string, Presence, string])[] = [
  ['§8.5.1', 'ping', `nobody@${DOMAIN}`, 'one', '! service-unavailable'],
  ['§8.5.1', 'ping', `nobody@${DOMAIN}/x`, 'one', '! service-unavailable'],
  ['§8.5.2.1.3', 'ping', `bert@${DOMAIN}`, 'two', 'result'],
  ['§8.5.2.1.3', 'unknown', `bert@${DOMAIN}`, 'two', '! service-unavailable'],
  ['§8.5.2.1.3', 'unknown', `bert@${DOMAIN}`, 'negative', '! service-unavailable'],
  ['§8.5.2.2.3', 'ping', `bert@${DOMAIN}`, 'none', 'result'],
  ['§8.5.2.2.3', 'unknown', `bert@${DOMAIN}`, 'none', '! service-unavailable'],
  ['§8.5.3.1', 'ping', `bert@${DOMAIN}/phone`, 'two', 'phone'],
  ['§8.5.3.1', 'unknown', `bert@${DOMAIN}/phone`, 'negative', 'phone'],
  ['§8.5.3.1', 'unknown', `bert@${DOMAIN}/phone`, 'silent', 'phone'],
  ['§8.5.3.2.3', 'ping', `bert@${DOMAIN}/gone`, 'two', '! service-unavailable'],
  ['§8.5.3.2.3', 'ping', `bert@${DOMAIN}/gone`, 'none', '! service-unavailable'],
  ['RFC 6120 §10.5.1', 'ping', DOMAIN, 'none', 'result'],
  ['RFC 6120 §10.5.1', 'unknown', DOMAIN, 'none', '! service-unavailable'],
  ['RFC 6120 §10.5.2', 'ping', `${DOMAIN}/x`, 'none', '! service-unavailable'],
];

for (const [clause, payload, to, presence, outcome] of IQ_ROWS) {
  test(`RFC 6121 ${clause}: a request with ${payload} to ${to}, ${presence}: ${outcome}; its answers never come back`, async () => {
    const world = new World();
    await world.people('anna', 'bert');
    const anna = await world.come('anna/a');
    const berts = new Map<string, Awaited<ReturnType<World['come']>>>();
    for (const [resource, first] of RESOURCES[presence])
      berts.set(resource, await world.come(`bert/${resource}`, first));
    const got = () => [...berts].filter(([, client]) => client.hears().some((e) => e.name === 'iq'));
    for (const type of ['get', 'set']) {
      if (payload === 'ping' && type === 'set') continue;
      await anna.says(
        `<iq type='${type}' id='i' to='${to}'><x xmlns='urn:${payload === 'ping' ? 'xmpp:ping' : payload}'/></iq>`,
      );
      const [answer] = anna.hears();
      const condition = conditionOf(answer);
      const told = answer === undefined ? '' : condition === '' ? answer.attributes['type'] : `! ${condition}`;
      assert.equal(
        told ||
          got()
            .map(([resource]) => resource)
            .join(' '),
        outcome,
        type,
      );
    }
    for (const type of ['result', 'error']) {
      await anna.says(`<iq type='${type}' id='i' to='${to}'/>`);
      const taken = got().map(([resource]) => resource);
      assert.deepEqual([anna.hears(), taken], [[], outcome === 'phone' ? ['phone'] : []], type);
    }
  });
}

test('RFC 6120 §10.5.1: a message to the domain itself is refused, presence to it is taken', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a');
  await anna.says(`<message to='${DOMAIN}' id='m'><body>hi</body></message>`);
  assert.equal(conditionOf(anna.hears()[0]), 'service-unavailable');
  await anna.says(`<message to='${DOMAIN}' id='m' type='error'/>`);
  await anna.says(`<presence to='${DOMAIN}'/>`);
  assert.deepEqual(anna.hears(), []);
});

test('a device that is lost in the moment it is sent a message does not make it come twice to another', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const [first, second] = [await world.come('anna/a'), await world.come('anna/b')];
  const bert = await world.come('bert/b');
  const send = first.session.outlet.send.bind(first.session.outlet);
  Object.assign(first.session.outlet, {
    send: (bytes: string, receipt?: { lost(): boolean; original: string }) => {
      send(bytes);
      if (receipt?.lost() === true)
        void world.router.undelivered(first.session.jid, [{ bytes: receipt.original, at: 0 }]);
      return undefined;
    },
  });
  await bert.says(`<message to='anna@${DOMAIN}' type='chat'><body>once</body></message>`);
  assert.equal(second.hears().length, 1);
});

test('a storage that is away: who waits for it is refused for now, and who is here chats on (RFC 6120 §8.3.3.18)', async () => {
  const stores = new MemoryStores();
  let away = false;
  const refusing = <T extends object>(store: T): T =>
    new Proxy(store, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) =>
          away
            ? Promise.reject(new StorageError('PostgreSQL does not answer', false, { unavailable: true }))
            : value.apply(target, args);
      },
    });
  const world = new World({
    accounts: refusing(stores.accounts),
    meta: refusing(stores.meta),
    transfer: stores.transfer,
    keyed: <T>(kind: string) => refusing(stores.keyed<T>(kind)),
    list: (kind) => refusing(stores.list(kind)),
    exclusive: (name, work) => stores.exclusive(name, work),
    bytes: () => 0,
    check: async () => [],
    close: async () => {},
  });
  await world.people('anna', 'bert', 'carl');
  await world.befriend('anna', 'bert');
  const [anna, bert] = [await world.come('anna/phone'), await world.come('bert/phone')];
  anna.hears();
  away = true;
  await anna.says(`<message to='bert@${DOMAIN}' type='chat'><body>hello</body></message>`);
  await anna.says('<presence><show>away</show></presence>');
  assert.deepEqual(
    bert.hears().map(({ name, elements }) => `${name} ${elements[0]?.text}`),
    ['message hello', 'presence away'],
  );
  anna.hears();
  await anna.says(`<message to='carl@${DOMAIN}' type='chat' id='m'><body>later</body></message>`);
  const [refusal] = anna.hears();
  assert.equal(refusal?.attributes['type'], 'error');
  assert.equal(refusal?.child('error')?.attributes['type'], 'wait');
  assert.equal(conditionOf(refusal), 'resource-constraint');
  away = false;
  await anna.says(`<message to='carl@${DOMAIN}' type='chat'><body>now</body></message>`);
  assert.deepEqual(anna.hears(), []);
  assert.equal(await stores.list('offline').count('carl'), 1);
});
