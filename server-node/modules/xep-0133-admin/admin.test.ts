import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, conditionOf, DOMAIN, World } from '../../world.fixture.ts';
import type { Element } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';

async function start(): Promise<{ world: World; admin: Client }> {
  const world = new World();
  await world.people('admin', 'anna', 'bert');
  return { world, admin: await world.come('admin/desk') };
}

const field = (name: string, values: readonly string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;

async function ask(client: Client, attributes: string, form = ''): Promise<Element> {
  return client.asks(
    `<iq type='set' id='c' to='${DOMAIN}'><command xmlns='${NS.commands}' ${attributes}>${form}</command></iq>`,
  );
}

/** Runs a command to its end; answers with the fields of its result, or the condition of its refusal. */
async function run(
  client: Client,
  name: string,
  fields: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<string | Readonly<Record<string, readonly string[]>>> {
  const node = `node='${NS.admin}#${name}'`;
  let answer = await ask(client, node);
  let command = answer.child('command', NS.commands);
  if (command?.attributes['status'] === 'executing') {
    const content = Object.entries({ FORM_TYPE: NS.admin, ...fields })
      .map(([key, value]) => field(key, typeof value === 'string' ? [value] : value))
      .join('');
    answer = await ask(
      client,
      `${node} sessionid='${command.attributes['sessionid']}'`,
      `<x xmlns='jabber:x:data' type='submit'>${content}</x>`,
    );
    command = answer.child('command', NS.commands);
  }
  if (command === undefined || answer.attributes['type'] === 'error') return conditionOf(answer);
  assert.equal(command.attributes['status'], 'completed');
  const found = command.child('x', NS.dataForms)?.all('field') ?? [];
  return Object.fromEntries(
    found
      .filter((one) => one.attributes['var'] !== 'FORM_TYPE')
      .map((one) => [one.attributes['var'] ?? '', one.elements.map((value) => value.text)]),
  );
}

const jid = (name: string) => `${name}@${DOMAIN}`;

test('nobody but an administrator runs a command', async () => {
  const { world } = await start();
  const anna = await world.come('anna/a');
  for (const name of ['add-user', 'delete-user', 'announce', 'get-registered-users-num'])
    assert.equal(await run(anna, name), 'forbidden', name);
});

test('§4.1: an account is added, once, with a password that was typed twice alike', async () => {
  const { world, admin } = await start();
  const add = (accountjid: string, password = 'secret', verify = password) =>
    run(admin, 'add-user', { accountjid, password, 'password-verify': verify });
  assert.deepEqual(await add(jid('Carl')), {});
  assert.equal(typeof (await world.stores.accounts.get('carl'))?.keys['SCRAM-SHA-256']?.storedKey, 'string');
  assert.equal(await add(jid('carl')), 'conflict');
  assert.equal(await add(jid('dora'), 'a', 'b'), 'bad-request');
  assert.equal(await add(jid('dora'), ''), 'not-acceptable');
  assert.equal(await add('dora@elsewhere.example'), 'item-not-found');
  assert.equal(await add(DOMAIN), 'bad-request');
  assert.equal(await world.stores.accounts.get('dora'), undefined);
});

test('§4.2: accounts are removed, all that are named or none', async () => {
  const { world, admin } = await start();
  const anna = await world.come('anna/a');
  assert.equal(await run(admin, 'delete-user', { accountjids: [jid('anna'), jid('nobody')] }), 'item-not-found');
  assert.equal(await run(admin, 'delete-user', { accountjids: [jid('anna'), jid('admin')] }), 'not-allowed');
  assert.equal(await run(admin, 'delete-user', { accountjids: [] }), 'bad-request');
  assert.notEqual(await world.stores.accounts.get('anna'), undefined);
  assert.deepEqual(await run(admin, 'delete-user', { accountjids: [jid('anna'), jid('bert')] }), {});
  assert.deepEqual([await world.stores.accounts.get('anna'), anna.ended.length], [undefined, 1]);
});

test('§4.3, §4.4: people are barred and let in again', async () => {
  const { world, admin } = await start();
  const anna = await world.come('anna/a');
  const state = async () => (await world.stores.accounts.get('anna'))?.state;
  await run(admin, 'disable-user', { accountjids: jid('anna') });
  assert.deepEqual([await state(), anna.ended.length], ['suspended', 1]);
  assert.deepEqual(await run(admin, 'get-disabled-users-num'), { disabledusersnum: ['1'] });
  assert.deepEqual(await run(admin, 'get-disabled-users-list', { max_items: '25' }), {
    disableduserjids: [jid('anna')],
  });
  await run(admin, 'reenable-user', { accountjids: jid('anna') });
  assert.equal(await state(), 'active');
  assert.equal(await run(admin, 'disable-user', { accountjids: jid('admin') }), 'not-allowed');
});

test('§4.5: sessions are ended, one or all, but the one that asks', async () => {
  const { world, admin } = await start();
  const [a, b] = [await world.come('anna/a'), await world.come('anna/b')];
  await run(admin, 'end-user-session', { accountjids: `${jid('anna')}/a` });
  assert.deepEqual([a.ended, b.ended], [['policy-violation'], []]);
  await run(admin, 'end-user-session', { accountjids: [jid('anna'), jid('admin')] });
  assert.deepEqual([b.ended, admin.ended], [['policy-violation'], []]);
  assert.equal(world.router.sessions.size, 1);
});

test('§4.7: a new password ends the sessions of who had the old one', async () => {
  const { world, admin } = await start();
  const anna = await world.come('anna/a');
  const keys = async (name: string) => Object.keys((await world.stores.accounts.get(name))?.keys ?? {}).length;
  await run(admin, 'change-user-password', { accountjid: jid('anna'), password: 'new' });
  assert.deepEqual([(await keys('anna')) > 0, anna.ended], [true, ['reset']]);
  assert.equal(
    await run(admin, 'change-user-password', { accountjid: jid('nobody'), password: 'new' }),
    'item-not-found',
  );
  assert.equal(await run(admin, 'change-user-password', { accountjid: jid('anna'), password: '' }), 'not-acceptable');
  await run(admin, 'change-user-password', { accountjid: jid('admin'), password: 'new' });
  assert.deepEqual(admin.ended, []);
});

test('§4.9, §4.10: when somebody was here last, and what is known of them', async () => {
  const { world, admin } = await start();
  await world.stores.accounts.update('bert', { lastSeenAt: Date.parse('2026-01-02T03:04:05Z') });
  await world.befriend('anna', 'bert');
  world.now += 1000;
  const anna = await world.come('anna/a');
  assert.equal(anna.session.connectedAt, world.now);
  assert.deepEqual(await run(admin, 'get-user-lastlogin', { accountjids: [jid('anna'), jid('bert')] }), {
    accountjids: [jid('anna'), jid('bert')],
    lastlogin: ['2026-11-24T12:00:01.000Z', '2026-01-02T03:04:05.000Z'],
  });
  assert.deepEqual(await run(admin, 'user-stats', { accountjid: jid('anna') }), {
    accountjid: [jid('anna')],
    ipaddresses: ['192.0.2.1:50000'],
    onlineresources: ['a'],
    rostersize: ['1'],
  });
});

test('§4.13 to §4.22: who and how many', async () => {
  const { world, admin } = await start();
  await world.come('anna/a');
  await world.come('anna/b', '<presence><show>xa</show></presence>');
  await world.come('bert/c', '<presence><show>away</show></presence>');
  assert.deepEqual(await run(admin, 'get-registered-users-num'), { registeredusersnum: ['3'] });
  assert.deepEqual(await run(admin, 'get-online-users-num'), { onlineusersnum: ['3'] });
  assert.deepEqual(await run(admin, 'get-active-users-num'), { activeusersnum: ['2'] });
  assert.deepEqual(await run(admin, 'get-idle-users-num'), { idleusersnum: ['1'] });
  const list = (name: string, max = 'none') => run(admin, name, { max_items: max });
  assert.deepEqual(await list('get-registered-users-list'), {
    registereduserjids: [jid('admin'), jid('anna'), jid('bert')],
  });
  assert.deepEqual(await list('get-registered-users-list', '2'), { registereduserjids: [jid('admin'), jid('anna')] });
  assert.deepEqual(await list('get-online-users-list', '1'), { onlineuserjids: [jid('admin')] });
  assert.deepEqual(await list('get-active-users'), { activeuserjids: [jid('admin'), jid('anna')] });
  assert.deepEqual(await list('get-idle-users'), { activeuserjids: [jid('bert')] });
});

test('§4.23: everybody who is here is told', async () => {
  const { world, admin } = await start();
  const [anna, silent] = [await world.come('anna/a'), await world.come('bert/silent', '')];
  await run(admin, 'announce', { announcement: ['One', 'two & three'.replace('&', '&amp;')] });
  const [message] = anna.hears();
  assert.deepEqual([message?.attributes['from'], message?.child('body')?.text], [DOMAIN, 'One\ntwo & three']);
  assert.deepEqual(silent.hears(), []);
  assert.equal(await run(admin, 'announce', { announcement: [] }), 'bad-request');
});

test('§4.8: contacts of people, as their rosters say', async () => {
  const { world, admin } = await start();
  await world.befriend('anna', 'bert');
  const node = `node='${NS.admin}#get-user-roster'`;
  const { sessionid } = (await ask(admin, node)).child('command', NS.commands)?.attributes ?? {};
  const form = `<x xmlns='jabber:x:data' type='submit'>${field('accountjids', [jid('anna')])}</x>`;
  const answer = await ask(admin, `${node} sessionid='${sessionid}'`, form);
  const roster = answer.child('command', NS.commands)?.child('x', NS.dataForms)?.child('query', NS.roster);
  assert.deepEqual(
    roster?.elements.map((item) => [item.attributes['jid'], item.attributes['subscription']]),
    [[jid('bert'), 'both']],
  );
});

test('§4.24 to §4.26: a message of the day is told once to each, for as long as it stands, after a restart too', async () => {
  const { world, admin } = await start();
  const told = async (name: string, where: World = world) => {
    const client = await where.come(name, '');
    await client.says('<presence/>');
    await client.says('<presence><show>away</show></presence>');
    const bodies = client.hears().flatMap((e) => (e.name === 'message' ? [e.child('body')?.text] : []));
    await client.leaves();
    return bodies;
  };
  assert.equal(await run(admin, 'set-motd', { motd: [] }), 'bad-request');
  await run(admin, 'set-motd', { motd: ['One', 'two'] });
  assert.deepEqual([await told('anna/a'), await told('anna/b')], [['One\ntwo'], []]);
  await run(admin, 'edit-motd', { motd: ['Three'] });
  const again = new World(world.stores);
  assert.deepEqual([await told('anna/a', again), await told('bert/b', again)], [[], ['Three']]);
  const other = await again.come('admin/other');
  await run(other, 'delete-motd');
  assert.deepEqual(await told('admin/third', again), []);
  await run(other, 'set-motd', { motd: ['Four'] });
  assert.deepEqual(await told('anna/c', again), ['Four']);
});
