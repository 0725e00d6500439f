import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, DOMAIN, World } from '../../world.fixture.ts';
import { Jid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { type Item, NEW_ITEM } from './roster.ts';
import { IN, nameOf, OUT, rowsOf, STATES } from './states.fixture.ts';

const ANNA = new Jid('anna', DOMAIN);
const BERT = new Jid('bert', DOMAIN);

interface Outcome {
  /** the contact's state as it is stored */
  readonly state: string;
  readonly pushes: number;
  /** types of presence that anna's client is shown */
  readonly shown: readonly string[];
  /** types of presence that leave for bert */
  readonly sent: readonly string[];
}

/** Lets something happen to anna, whose roster has bert in a state since before the server started. */
async function after(before: string, what: (world: World, anna: Client) => Promise<unknown>): Promise<Outcome> {
  const old = new World();
  await old.people('anna', 'bert');
  const item: Item = { ...NEW_ITEM, ...STATES[before], listed: before !== 'none' && before !== 'none+i' };
  const kept = old.stores.keyed<Item>('roster');
  if (before !== 'none') await kept.set('anna', BERT.toString(), item);

  const world = new World(old.stores); // a restart
  const anna = await world.come('anna/a');
  const sent: string[] = [];
  world.router.hooks.on('presence-received', 'filter', ({ name, stanza }) => {
    if (name === 'bert') sent.push(stanza.type);
    return name === 'bert';
  });
  await what(world, anna);
  const heard = anna.hears();
  const shown = heard.filter((e) => e.name === 'presence').map((e) => e.attributes['type'] ?? '');
  assert.deepEqual(world.faults, []);
  const now = await kept.get('anna', BERT.toString());
  return { state: nameOf(now ?? NEW_ITEM), pushes: heard.filter((e) => e.name === 'iq').length, shown, sent };
}

const visible = (state: string): string => state.replace('i', '').replace(/\+$/, '');

for (const { type, before, after: expected, passes } of rowsOf(OUT)) {
  test(`RFC 6121 §A.2, stored: ${type} sent in state ${before} leads to ${expected}`, async () => {
    const outcome = await after(before, (_, anna) => anna.says(`<presence to='${BERT}' type='${type}'/>`));
    const pushes = visible(before) === visible(expected) ? 0 : 1;
    assert.deepEqual(outcome, { state: expected, pushes, shown: [], sent: passes ? [type] : [] });
  });
}

for (const { type, before, after: expected, passes } of rowsOf(IN)) {
  test(`RFC 6121 §A.3, stored: ${type} received in state ${before} leads to ${expected}`, async () => {
    const stanza = Stanza.made('presence', BERT, ANNA, { type }, []);
    const outcome = await after(before, (world) =>
      world.router.hooks.run('presence-received', { name: 'anna', stanza }),
    );
    const pushes = visible(before) === visible(expected) ? 0 : 1;
    // §3.1.3: who may see us already is told so
    const sent = type === 'subscribe' && before.match(/^(from|both)/) ? ['subscribed'] : [];
    assert.deepEqual(outcome, { state: expected, pushes, shown: passes ? [type] : [], sent });
  });
}

test('§3.1.3: a request that is repeated is neither shown nor stored again', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  await bert.says(`<presence to='${ANNA}' type='subscribe'><status>first</status></presence>`);
  assert.equal(anna.hears().length, 1);
  await bert.says(`<presence to='${ANNA}' type='subscribe'><status>second</status></presence>`);
  assert.deepEqual(anna.hears(), []);
  const late = await world.come('anna/late', '');
  await late.says('<presence/>');
  const request = late.hears().find((e) => e.attributes['type'] === 'subscribe');
  assert.equal(request?.child('status')?.text, 'first');
});

test('§3.1.3: who sees us already and asks again is answered, and shown nothing anew', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  await world.befriend('anna', 'bert');
  const [anna, bert] = [await world.come('anna/a'), await world.come('bert/b')];
  anna.hears();
  await bert.says(`<presence to='${ANNA}' type='subscribe'/>`);
  assert.deepEqual([anna.hears(), bert.hears()], [[], []]);
});

test('§3.1.6: what settles a subscription is for interested resources, a request for available ones', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const bert = await world.come('bert/b');
  const [interested, available] = [await world.come('anna/interested', ''), await world.come('anna/available', '')];
  await interested.says(`<iq type='get' id='r'><query xmlns='${NS.roster}'/></iq>`);
  await available.says('<presence/>');
  const types = (client: Client) =>
    client
      .hears()
      .filter((e) => e.name === 'presence')
      .map((e) => e.attributes['type']);
  [interested, available].map(types);
  await bert.says(`<presence to='${ANNA}' type='subscribe'/>`);
  assert.deepEqual([interested, available].map(types), [[], ['subscribe']]);
  await available.says(`<presence to='${BERT}' type='subscribe'/>`);
  await bert.says(`<presence to='${ANNA}' type='subscribed'/>`);
  assert.deepEqual([types(interested), types(available).includes('subscribed')], [['subscribed'], false]);
});

test('a full roster takes no further contact by way of a request either', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a');
  for (let i = 0; i < 11; i++) await anna.says(`<presence to='u${i}@${DOMAIN}' type='subscribe' id='${i}'/>`);
  const errors = anna.hears().filter((e) => e.attributes['type'] === 'error');
  assert.deepEqual(
    errors.map((e) => [e.attributes['id'], e.child('error')?.elements[0]?.name]),
    [['10', 'resource-constraint']],
  );
});
