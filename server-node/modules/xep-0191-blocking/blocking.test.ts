import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import { NS } from '../../xmpp/namespaces.ts';

const ANNA = `anna@${DOMAIN}`;
const BERT = `bert@${DOMAIN}`;

async function friends(): Promise<{ world: World; anna: Client; bert: Client }> {
  const world = new World();
  await world.people('anna', 'bert', 'carl');
  await world.befriend('anna', 'bert');
  return { world, anna: await world.come('anna/a'), bert: await world.come('bert/b') };
}

const command = (name: string, ...jids: string[]) =>
  `<iq type='set' id='c'><${name} xmlns='${NS.blocking}'>${jids.map((jid) => `<item jid='${jid}'/>`).join('')}</${name}></iq>`;

async function block(client: Client, ...jids: string[]): Promise<string> {
  return conditionOf(await client.asks(command('block', ...jids)));
}

async function listed(client: Client): Promise<string[]> {
  const answer = await client.asks(`<iq type='get' id='l'><blocklist xmlns='${NS.blocking}'/></iq>`);
  return answer.child('blocklist', NS.blocking)?.elements.map((item) => item.attributes['jid'] ?? '') ?? ['none'];
}

const message = (to: string, type = 'chat') => `<message to='${to}' type='${type}' id='m'><body>hi</body></message>`;

test('§3.2 to §3.5: the list, its changes, and pushes to those alone who asked for it', async () => {
  const { world, anna } = await friends();
  const [desk, deaf] = [await world.come('anna/desk'), await world.come('anna/deaf')];
  assert.deepEqual([await listed(anna), await listed(desk)], [[], []]);
  const pushed = (client: Client) =>
    client
      .hears()
      .flatMap((iq) =>
        iq.elements.map(
          (e) => `${iq.attributes['type']} ${e.name} ${e.elements.map((i) => i.attributes['jid']).join(' ')}`,
        ),
      );
  assert.equal(await block(anna, BERT, 'Spam.example'), '');
  assert.deepEqual([pushed(desk), pushed(deaf)], [[`set block ${BERT} spam.example`], []]);
  assert.equal(await block(anna, BERT), '');
  assert.deepEqual(pushed(desk), [], 'no change, no push');
  assert.deepEqual(await listed(desk), [BERT, 'spam.example']);
  await anna.asks(command('unblock', BERT));
  await anna.asks(command('unblock', 'unknown.example'));
  assert.deepEqual(pushed(desk), [`set unblock ${BERT}`]);
  await anna.asks(command('unblock'));
  assert.deepEqual(pushed(desk), ['set unblock ']);
  assert.deepEqual(await listed(anna), []);
});

test('§3.3: what a command must not be', async () => {
  const { anna } = await friends();
  assert.equal(await block(anna), 'bad-request');
  assert.equal(await block(anna, 'a@b@c'), 'jid-malformed');
  assert.equal(await block(anna, `${ANNA}/phone`), 'not-allowed');
  assert.equal(conditionOf(await anna.asks(command('blockade'))), 'bad-request');
  assert.equal(await block(anna, 'a.x', 'b.x', 'c.x', 'd.x', 'e.x', 'f.x'), 'resource-constraint');
  assert.deepEqual(await listed(anna), []);
  const others = await anna.asks(`<iq type='get' id='l' to='${BERT}'><blocklist xmlns='${NS.blocking}'/></iq>`);
  assert.equal(conditionOf(others), 'service-unavailable', "nobody reads another's list");
});

test('§3.3: what a blocked person sends looks as if nobody were there', async () => {
  const { world, anna, bert } = await friends();
  await anna.says(`<presence to='carl@${DOMAIN}' type='subscribe'/>`);
  await block(anna, BERT);
  bert.hears();
  for (const to of [ANNA, `${ANNA}/a`]) {
    await bert.says(message(to));
    assert.equal(conditionOf(bert.hears()[0]), 'service-unavailable', to);
    const iq = await bert.asks(`<iq to='${to}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
    assert.equal(conditionOf(iq), 'service-unavailable', to);
  }
  const silent = [
    message(`${ANNA}/a`, 'error'),
    `<iq to='${ANNA}/a' type='result' id='x'/>`,
    `<presence to='${ANNA}'/>`,
    `<presence to='${ANNA}/a' type='unavailable'/>`,
    `<presence to='${ANNA}' type='subscribe'/>`,
    `<presence to='${ANNA}' type='probe'/>`,
    '<presence><show>dnd</show></presence>',
  ];
  anna.hears();
  for (const xml of silent) await bert.says(xml);
  assert.deepEqual(bert.hearsBriefly(), ['presence from=bert@/b to=bert@']);
  assert.deepEqual(anna.hears(), []);
  assert.equal(await world.stores.list('offline').count('anna'), 0);
  const late = await world.come('anna/late', '');
  await late.says('<presence/>');
  assert.equal(
    late.hearsBriefly().some((line) => line.includes('bert@')),
    false,
    'nor is he shown to a resource that comes',
  );
  assert.deepEqual(bert.hears(), [], 'nor it to him');
});

test('§3.3: nothing goes out to a blocked person, and the sender is told', async () => {
  const { anna, bert } = await friends();
  await block(anna, BERT);
  bert.hears();
  for (const xml of [message(BERT), `<presence to='${BERT}'/>`, `<presence to='${BERT}' type='unsubscribe'/>`]) {
    await anna.says(xml);
    const [answer] = anna.hears();
    const error = answer?.child('error');
    assert.deepEqual(
      [answer?.attributes['from'], error?.attributes['type'], error?.elements.map((e) => `${e.name} ${e.ns}`)],
      [BERT, 'cancel', [`not-acceptable ${NS.stanzaErrors}`, `blocked ${NS.blockingErrors}`]],
    );
  }
  const iq = await anna.asks(`<iq to='${BERT}/b' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
  assert.equal(conditionOf(iq), 'not-acceptable');
  await anna.says(`<iq to='${BERT}/b' type='result' id='q'/>`);
  await anna.says('<presence><show>away</show></presence>');
  assert.deepEqual(bert.hears(), []);
});

test('§3.3, §3.4: who is blocked sees the account go, and come back; the subscription stands', async () => {
  const { anna, bert } = await friends();
  await block(anna, BERT);
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/a to=bert@ type=unavailable']);
  await bert.says('<presence><show>away</show></presence>');
  bert.hears();
  await anna.says(command('unblock'));
  assert.deepEqual(bert.hearsBriefly(), ['presence from=anna@/a to=bert@']);
  assert.deepEqual(
    anna.hearsBriefly().filter((line) => line.startsWith('presence')),
    ['presence from=bert@/b to=anna@'],
    'and is seen as he is now',
  );
  await bert.says(message(ANNA));
  assert.equal(anna.hears().length, 1);
});

test('§3.3: directed presence is withdrawn, and strangers are told nothing', async () => {
  const { world, anna } = await friends();
  const carl = await world.come('carl/c');
  await anna.says(`<presence to='carl@${DOMAIN}/c'/>`);
  carl.hears();
  await block(anna, `carl@${DOMAIN}`, `bert@${DOMAIN}/other`);
  assert.deepEqual(carl.hearsBriefly(), ['presence from=anna@/a to=carl@/c type=unavailable']);
  await anna.says(command('unblock'));
  await anna.leaves();
  assert.deepEqual(carl.hears(), []);
});

test('a blocklist survives a restart, and stands while its owner is away', async () => {
  const { world, anna, bert } = await friends();
  await bert.says(message(`${ANNA}/gone`, 'chat'));
  await block(anna, BERT);
  await anna.leaves();
  const again = new World(world.stores);
  const late = await again.come('bert/b');
  await late.says(message(ANNA));
  assert.equal(conditionOf(late.hears()[0]), 'service-unavailable');
  assert.equal(await world.stores.list('offline').count('anna'), 0);
  const iq = await late.asks(`<iq to='${ANNA}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
  assert.equal(conditionOf(iq), 'service-unavailable');
  await late.says(`<presence to='${ANNA}' type='unsubscribe'/>`);
  const back = await again.come('anna/a');
  assert.deepEqual(await listed(back), [BERT]);
  await late.says(message(ANNA));
  assert.equal(conditionOf(late.hears()[0]), 'service-unavailable');
  assert.deepEqual(back.hears(), []);
});

test('§3.3: what waited from somebody who was blocked since is not delivered', async () => {
  const { world, anna, bert } = await friends();
  const carl = await world.come('carl/c');
  await anna.says('<presence type="unavailable"/>');
  await bert.says(message(ANNA));
  await carl.says(message(ANNA));
  await block(anna, BERT);
  anna.hears();
  await anna.says('<presence/>');
  assert.deepEqual(
    anna.hearsBriefly().filter((line) => line.startsWith('message')),
    ['message from=carl@/c to=anna@ type=chat id=m'],
  );
  assert.equal(await world.stores.list('offline').count('anna'), 0);
});

test('§6: what an item matches', async () => {
  const { world, anna, bert } = await friends();
  const other = await world.come('bert/other');
  const refused = async (client: Client) => {
    await client.says(message(ANNA));
    return client.hears().some((answer) => conditionOf(answer) === 'service-unavailable');
  };
  const both = async () => [await refused(bert), await refused(other)];
  for (const [item, expected] of [
    [`${BERT}/b`, [true, false]],
    [BERT, [true, true]],
    [`${DOMAIN}/b`, [true, false]],
    [DOMAIN, [true, true]],
    [`carl@${DOMAIN}`, [false, false]],
  ] as const) {
    await block(anna, item);
    assert.deepEqual([item, ...(await both())], [item, ...expected]);
    await anna.asks(command('unblock'));
  }
});

test('§5: a blocked domain cuts neither from the server nor from own resources', async () => {
  const { world, anna } = await friends();
  const desk = await world.come('anna/desk');
  await block(anna, DOMAIN);
  const ping = await anna.asks(`<iq to='${DOMAIN}' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>`);
  assert.equal(ping.attributes['type'], 'result');
  desk.hears();
  await anna.says(message(`${ANNA}/desk`));
  assert.equal(desk.hears().length, 1);
});

test('no carbon of what was blocked either way', async () => {
  const { world, anna, bert } = await friends();
  const desk = await world.come('anna/desk');
  await desk.asks("<iq type='set' id='e'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  await block(anna, BERT);
  desk.hears();
  await anna.says(message(BERT));
  await bert.says(message(`${ANNA}/a`));
  assert.deepEqual(desk.hears(), []);
});

test('who comes by the name of a removed account blocks nobody', async () => {
  const { world, anna, bert } = await friends();
  await block(anna, BERT);
  await anna.leaves();
  await bert.says(message(ANNA));
  assert.equal(
    bert.hears().some((answer) => conditionOf(answer) === 'service-unavailable'),
    true,
  );
  await world.users.remove('anna');
  await world.people('anna');
  bert.hears();
  await bert.says(message(ANNA));
  assert.deepEqual([bert.hears(), await world.stores.list('offline').count('anna')], [[], 1]);
  assert.deepEqual(await listed(await world.come('anna/new')), []);
});
