import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Session } from '../router/session.ts';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { StorageError } from '../storage/stores.ts';
import type { StreamCore } from '../stream/ports.ts';
import { DOMAIN, World } from '../world.fixture.ts';
import { Jid } from '../xmpp/jid.ts';
import { Continuity } from './continuity.ts';
import { packSession, unpackSession } from './packed-session.ts';
import { Safekeeping } from './safekeeping.ts';

const fail = (error: unknown) => assert.fail(String(error));
const message = (n: number) =>
  `<message from='bert@${DOMAIN}/b' to='anna@${DOMAIN}/a' type='chat'><body>${n}</body></message>`;

test('a session keeps all that its modules know of it', async () => {
  const world = new World();
  await world.people('anna');
  const anna = await world.come('anna/a', '<presence><priority>-3</priority><status>grüße</status></presence>');
  await anna.says(`<presence to='room@other.example/ü'/>`);
  anna.session.carbons = true;
  const packed = JSON.parse(JSON.stringify(packSession(anna.session)));
  const again = unpackSession(packed, anna.session.outlet);
  assert.ok(again instanceof Session);
  for (const key of ['jid', 'priority', 'interested', 'carbons', 'connectedAt', 'peer', 'wantsBlocklist'] as const)
    assert.deepEqual(again[key], anna.session[key], key);
  assert.equal(again.presence?.wire, anna.session.presence?.wire);
  assert.deepEqual([...(again.directed?.keys() ?? [])], [...(anna.session.directed?.keys() ?? [])]);
  assert.equal(again.directed?.size, 1);
});

test('what a killed process left unacknowledged waits for its recipient, once, in its order', async () => {
  const stores = new MemoryStores();
  const world = new World(stores);
  await world.people('anna', 'bert');
  const before = new Safekeeping(stores, 1000, fail);
  const [first, second] = [1, 2].map((n) => before.put('anna', { bytes: message(n), at: world.now }));
  before.put('gone', { bytes: message(9), at: world.now });
  await Promise.all([first?.stored, second?.stored]);
  const restart = async () => {
    const safe = new Safekeeping(stores, 2000, fail);
    const core = { domain: DOMAIN, safe } as unknown as StreamCore<Session>;
    const limits = { unacknowledged: 1, unacknowledgedBytes: 1, resumeMs: 1, ackMs: 1, keepMs: 1 };
    const { router } = world;
    const continuity = new Continuity({ stores, router, safe, core, limits, now: () => world.now });
    const { lines, left } = await continuity.restore();
    await continuity.giveBack(left);
    return lines;
  };
  assert.deepEqual(await restart(), []);
  assert.deepEqual(await restart(), [], 'nothing is left for a second time');
  const anna = await world.come('anna/new', '');
  await anna.says('<presence/>');
  const bodies = anna
    .hears()
    .flatMap((stanza) => (stanza.name === 'message' ? [stanza.child('body', 'jabber:client')?.text] : []));
  assert.deepEqual(bodies, ['1', '2']);
  assert.deepEqual(world.faults, []);
});

test('what arrived is dropped, and stays so', async () => {
  const stores = new MemoryStores();
  const safe = new Safekeeping(stores, 1000, fail);
  const kept = safe.put('anna', { bytes: message(1), at: 5 });
  await kept.stored;
  assert.deepEqual([...(await safe.all()).values()], [{ account: 'anna', bytes: message(1), at: 5 }]);
  safe.known(kept.key).drop();
  assert.equal((await safe.all()).size, 0);
});

test('undelivered stanzas: messages go to another device or wait, requests come back, the rest is forgotten', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const bert = await world.come('bert/b');
  const jid = new Jid('anna', DOMAIN, 'a');
  const iq = `<iq from='bert@${DOMAIN}/b' to='anna@${DOMAIN}/a' type='get' id='q'><x xmlns='y'/></iq>`;
  const presence = `<presence from='bert@${DOMAIN}/b' to='anna@${DOMAIN}'/>`;
  await world.router.undelivered(
    jid,
    [iq, presence, message(1)].map((bytes) => ({ bytes, at: world.now - 60_000 })),
  );
  assert.deepEqual(bert.hearsBriefly(), [`iq from=anna@/a to=bert@/b type=error id=q`]);
  const anna = await world.come('anna/new', '');
  await anna.says('<presence/>');
  const late = anna.hears().find((stanza) => stanza.name === 'message');
  assert.equal(
    late?.child('delay', 'urn:xmpp:delay')?.attributes['stamp'],
    '2026-11-24T11:59:00.000Z',
    'the time it was sent',
  );
  await world.router.undelivered(jid, [{ bytes: message(2), at: world.now }]);
  assert.equal(anna.hears().length, 1, 'who is there gets it at once');
});

test('an undelivered message that can be put nowhere while the database is away is kept as soon as it is back', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const bert = await world.come('bert/b');
  const { accounts } = world.stores;
  const get = accounts.get.bind(accounts);
  accounts.get = () => {
    accounts.get = get;
    return Promise.reject(new StorageError('it is away', false, { unavailable: true }));
  };
  await world.router.undelivered(new Jid('anna', DOMAIN, 'a'), [{ bytes: message(1), at: world.now }]);
  assert.equal(await world.stores.list('offline').count('anna'), 1);
  assert.deepEqual(bert.hears(), []);
});

test('a message that was kept although the database could not say so is not kept twice', async () => {
  const stores = new MemoryStores();
  const list = stores.list.bind(stores);
  let appended = 0;
  stores.list = (kind) => {
    const real = list(kind);
    return {
      all: (owner) => real.all(owner),
      count: (owner) => real.count(owner),
      remove: (owner, id) => real.remove(owner, id),
      removeUpTo: (owner, id) => real.removeUpTo(owner, id),
      append: async (...args) => {
        const id = await real.append(...args);
        if (appended++ === 0) throw new StorageError('PostgreSQL does not answer', false, { unavailable: true });
        return id;
      },
    };
  };
  const world = new World(stores);
  await world.people('anna');
  await world.router.undelivered(new Jid('anna', DOMAIN, 'a'), [{ bytes: message(1), at: world.now }]);
  assert.equal(appended, 1);
  assert.equal(await stores.list('offline').count('anna'), 1);
  await world.router.undelivered(new Jid('anna', DOMAIN, 'a'), [{ bytes: message(2), at: world.now }]);
  assert.equal(await stores.list('offline').count('anna'), 2);
});

test('an undelivered message whose recipient comes while it is about to be kept says that it is late', async () => {
  const world = new World();
  await world.people('anna');
  const { accounts } = world.stores;
  const get = accounts.get.bind(accounts);
  let anna: Awaited<ReturnType<World['come']>> | undefined;
  accounts.get = async (name) => {
    accounts.get = get;
    anna = await world.come('anna/a');
    return get(name);
  };
  await world.router.undelivered(new Jid('anna', DOMAIN, 'a'), [{ bytes: message(1), at: world.now }]);
  const [late] = anna?.hears() ?? [];
  assert.ok(late?.child('delay', 'urn:xmpp:delay') !== undefined);
});

test('an undelivered message that can not be kept comes back to its sender', async () => {
  const world = new World();
  await world.people('anna', 'bert');
  const bert = await world.come('bert/b');
  world.stores.accounts.get = () => Promise.reject(new StorageError('the disk is full', true));
  await world.router.undelivered(new Jid('anna', DOMAIN, 'a'), [{ bytes: message(1), at: world.now }]);
  const [back] = bert.hears();
  assert.equal(back?.attributes['type'], 'error');
});

test('a node that has the storage for itself finds what nodes of a cluster left there', async () => {
  const stores = new MemoryStores();
  const world = new World(stores);
  await world.people('anna');
  await new Safekeeping(stores, 1000, fail, 'a.1').put('anna', { bytes: message(1), at: world.now }).stored;
  await new Safekeeping(stores, 1000, fail, 'b.7').put('anna', { bytes: message(2), at: world.now }).stored;
  const safe = new Safekeeping(stores, 2000, fail);
  const core = { domain: DOMAIN, safe } as unknown as StreamCore<Session>;
  const limits = { unacknowledged: 1, unacknowledgedBytes: 1, resumeMs: 1, ackMs: 1, keepMs: 1 };
  const continuity = new Continuity({ stores, router: world.router, safe, core, limits, now: () => world.now });
  const { left } = await continuity.restore();
  await continuity.giveBack(left);
  assert.deepEqual(
    (await stores.list('offline').all('anna')).map(({ data }) => data),
    [message(1), message(2)],
  );
  assert.deepEqual(await safe.owners(), []);
});

test('what is begun again after a failure gives nothing back twice', async () => {
  const stores = new MemoryStores();
  const world = new World(stores);
  await world.people('anna');
  const safe = new Safekeeping(stores, 1000, fail, 'b.2');
  await new Safekeeping(stores, 1000, fail, 'a.1').put('anna', { bytes: message(1), at: world.now }).stored;
  const core = { domain: DOMAIN, safe } as unknown as StreamCore<Session>;
  const limits = { unacknowledged: 1, unacknowledgedBytes: 1, resumeMs: 1, ackMs: 1, keepMs: 1 };
  const { router } = world;
  const continuity = new Continuity({ stores, router, safe, core, limits, now: () => world.now, owner: 'b.2' });
  const take = safe.take.bind(safe);
  safe.take = () => Promise.reject(new StorageError('the disk is full', true));
  await assert.rejects(continuity.giveBack(await continuity.left('a.1')));
  assert.equal(await stores.list('offline').count('anna'), 0, 'what could not be moved is not given yet');
  safe.take = take;
  await continuity.giveBack(await continuity.left('a.1'));
  assert.equal(await stores.list('offline').count('anna'), 1);
  assert.deepEqual(await continuity.left('a.1'), []);
});
