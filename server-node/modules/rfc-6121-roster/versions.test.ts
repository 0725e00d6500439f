import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, DOMAIN, World } from '../../world.fixture.ts';
import type { Element } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';

const set = (item: string) => `<iq type='set' id='s'><query xmlns='${NS.roster}'>${item}</query></iq>`;

async function anna(world = new World(undefined, { rosterItems: 1000 })): Promise<{ world: World; client: Client }> {
  await world.people('anna');
  return { world, client: await world.come('anna/a', '') };
}

interface Got {
  /** the items of the result, undefined when it is empty */
  readonly items: string[] | undefined;
  readonly ver: string | undefined;
  readonly pushes: { readonly text: string; readonly ver: string | undefined }[];
}

const text = (query: Element | undefined): string[] =>
  (query?.elements ?? []).map((e) =>
    `${e.attributes['jid']} ${e.attributes['subscription']} ${e.attributes['name'] ?? ''}`.trim(),
  );

/** Asks for the roster with a version, and answers with what comes. */
async function get(client: Client, ver: string | undefined): Promise<Got> {
  client.incoming.length = 0;
  await client.says(
    `<iq type='get' id='g'><query xmlns='${NS.roster}' ${ver === undefined ? '' : `ver='${ver}'`}/></iq>`,
  );
  const [result, ...pushes] = client.hears();
  assert.equal(result?.attributes['id'], 'g', 'the result comes first');
  const query = result?.child('query', NS.roster);
  return {
    items: query === undefined ? undefined : text(query),
    ver: query?.attributes['ver'],
    pushes: pushes.map((push) => {
      const content = push.child('query', NS.roster);
      return { text: text(content).join(), ver: content?.attributes['ver'] };
    }),
  };
}

test('§2.6.2: without `ver` there is none, with an empty one the whole roster and its version', async () => {
  const { client } = await anna();
  assert.deepEqual(await get(client, undefined), { items: [], ver: undefined, pushes: [] });
  const first = await get(client, '');
  assert.deepEqual([first.items, typeof first.ver], [[], 'string']);
});

test('§2.6.3: unchanged is an empty result; every push makes a version of its own', async () => {
  const { client } = await anna();
  const { ver: empty } = await get(client, '');
  await client.says(set("<item jid='b@x' name='B'/>"));
  await client.says(set("<item jid='c@x'/>"));
  const versions = client
    .hears()
    .map((iq) => iq.child('query', NS.roster)?.attributes['ver'])
    .filter((ver) => ver !== undefined);
  assert.equal(new Set([empty, ...versions]).size, 3);
  assert.deepEqual(await get(client, versions[1]), { items: undefined, ver: undefined, pushes: [] });
  await client.says(set("<item jid='c@x'/>"));
  assert.equal(client.hears().filter((iq) => iq.attributes['type'] === 'set').length, 0, 'no change, no push');
  assert.deepEqual((await get(client, versions[0])).pushes, [{ text: 'c@x none', ver: versions[1] }]);
});

test('§2.6.3: what changed meanwhile comes as pushes, each contact once, in order, removals too, after a restart', async () => {
  const { world, client } = await anna();
  for (const name of ['b', 'c', 'd', 'e']) await client.says(set(`<item jid='${name}@x'/>`));
  const { ver = '' } = await get(client, '');
  await client.says(set("<item jid='c@x' name='1'/>"));
  await client.says(set("<item jid='b@x' subscription='remove'/>"));
  await client.says(set("<item jid='c@x' name='2'/>"));
  const again = await anna(new World(world.stores));
  const got = await get(again.client, ver);
  assert.equal(got.items, undefined);
  assert.deepEqual(
    got.pushes.map((push) => push.text),
    ['b@x remove', 'c@x none 2'],
  );
  assert.deepEqual((await get(again.client, got.pushes[1]?.ver)).pushes, []);
});

test('§2.6.3: what is not known, or is more than the roster itself, gets the whole roster', async () => {
  const { client } = await anna();
  const { ver: empty } = await get(client, '');
  for (const name of ['b', 'c', 'd']) await client.says(set(`<item jid='${name}@x'/>`));
  for (const ver of ['nonsense', `${empty}9`, '9-1', '-1'])
    assert.equal((await get(client, ver)).items?.length, 3, ver);
  await client.says(set("<item jid='b@x' subscription='remove'/>"));
  await client.says(set("<item jid='c@x' subscription='remove'/>"));
  assert.deepEqual((await get(client, empty)).items, ['d@x none'], '3 changes for 1 contact');
});

test('§2.6.3: the memory of removals has an end, and who was away longer gets the whole roster', async () => {
  const { client } = await anna();
  for (let i = 0; i < 500; i++) await client.says(set(`<item jid='stays${i}@x'/>`));
  const { ver = '' } = await get(client, '');
  for (let i = 0; i < 201; i++) {
    await client.says(set(`<item jid='goes${i}@x'/>`));
    await client.says(set(`<item jid='goes${i}@x' subscription='remove'/>`));
  }
  const { ver: later = '' } = await get(client, '');
  assert.equal((await get(client, ver)).items?.length, 500);
  await client.says(set("<item jid='stays1@x' subscription='remove'/>"));
  assert.deepEqual(
    (await get(client, later)).pushes.map((push) => push.text),
    ['stays1@x remove'],
  );
});

test('§2.6: what clients do not see makes no version; what a subscription changes does', async () => {
  const { world, client } = await anna();
  await world.people('bert');
  const bert = await world.come('bert/b');
  const { ver = '' } = await get(client, '');
  await bert.says(`<presence to='anna@${DOMAIN}' type='subscribe'/>`);
  assert.deepEqual(await get(client, ver), { items: undefined, ver: undefined, pushes: [] });
  await client.says(`<presence to='bert@${DOMAIN}' type='subscribed'/>`);
  assert.deepEqual(
    (await get(client, ver)).pushes.map((push) => push.text),
    [`bert@${DOMAIN} from`],
  );
});

test('§2.6: the roster of an account that was removed and added again is another one', async () => {
  const { world, client } = await anna();
  await client.says(set("<item jid='b@x'/>"));
  const { ver = '' } = await get(client, '');
  await client.leaves();
  await world.router.hooks.run('account-removed', { name: 'anna' });
  await world.stores.accounts.remove('anna');
  world.now += 1;
  const again = await anna(world);
  await again.client.says(set("<item jid='c@x'/>"));
  assert.deepEqual((await get(again.client, ver)).items, ['c@x none']);
});
