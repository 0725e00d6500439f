import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SM, type Talk } from '../../stream/talk.fixture.ts';
import { Remote, turns } from './remote.fixture.ts';

const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;
const ASK = `<r xmlns='${SM}'/>`;
const to = (name: string, n: number | string) =>
  `<message to='${name}@example.org' type='chat' id='m${n}'><body>n${n}</body></message>`;
const bodies = (text: string) => [...text.matchAll(/<body>n(\w+)<\/body>/g)].map(([, body]) => body);
const acknowledges = (h: number) => `<a xmlns='${SM}' h='${h}'/>`;
const ids = (talk: Talk) => / id='([^']+)'/.exec(talk.socket.written)?.[1];

let remote: Remote;
afterEach(() => remote?.stop());

/** Both are there and can be written to. */
async function annaAndBert(enable = ''): Promise<[Talk, Talk]> {
  remote = new Remote();
  await remote.start('anna', 'bert');
  const [anna, bert] = [await remote.comes('anna', 'a', enable), await remote.comes('bert', 'b', enable)];
  await anna.says('<presence/>');
  await bert.says('<presence/>');
  anna.socket.written = '';
  bert.socket.written = '';
  return [anna, bert];
}

test('streams log in, bind and chat over a link as they do within one process', async () => {
  const [anna, bert] = await annaAndBert();
  assert.equal(bodies(await anna.says(to('bert', 1) + to('bert', 2))).length, 0);
  assert.deepEqual(bodies(bert.socket.written), ['1', '2']);
  assert.match(
    bert.socket.written,
    /from='anna@example.org\/a\//,
    'a resource with the tag and what keeps installations apart',
  );
  assert.match(
    await anna.says("<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>"),
    /type='result'[^>]*id='p'|id='p'[^>]*type='result'/,
  );
  assert.equal(remote.core?.world.router.sessions.size, 2);
  const [session] = remote.core?.world.router.sessions.of('anna') ?? [];
  assert.equal(session?.peer.address, '192.0.2.1:5', "the client's own address");
  assert.match(await anna.says(`<presence type='unavailable'/></stream:stream>`), /<\/stream:stream>/);
  assert.equal(remote.core?.world.router.sessions.size, 1);
  assert.deepEqual(remote.core?.world.faults, []);
});

test('what was asked before the stream is closed is answered first', async () => {
  const [anna] = await annaAndBert();
  const said = await anna.says(
    "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq></stream:stream>",
  );
  assert.match(said, /id='p'.*<\/stream:stream>/s);
});

test('a wrong password is refused, and the core counts it', async () => {
  remote = new Remote();
  await remote.start('anna');
  const talk = await remote.stranger();
  assert.match(await talk.logsIn('SCRAM-SHA-256', 'pen'), /<not-authorized\/>/);
});

test('a sender is told of what its recipient has, or what lies on disk', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  assert.doesNotMatch(await anna.says(to('bert', 1) + ASK), /<a /, 'bert has not acknowledged it');
  await bert.says(acknowledges(2));
  await remote.until(() => anna.socket.written.includes("h='2'"));
  assert.equal((await remote.stores.keyed('unacknowledged').all('')).size, 0, 'nothing had to be written');
  anna.socket.written = '';
  await anna.says(to('bert', 2) + ASK);
  await remote.until(() => anna.socket.written.includes("h='3'"));
  assert.equal((await remote.stores.keyed('unacknowledged').all('')).size, 1, 'bert was silent: it was written');
  await bert.says(acknowledges(3));
  assert.equal((await remote.stores.keyed('unacknowledged').all('')).size, 0);
});

test('what a client did not take waits for it', async () => {
  const [anna, bert] = await annaAndBert(`<enable xmlns='${SM}'/>`);
  await anna.says(to('bert', 1) + to('bert', 2));
  bert.connection.lost();
  await anna.says(to('bert', 3));
  const again = await remote.comes('bert', 'c');
  assert.deepEqual(bodies(await again.says('<presence/>')), ['1', '2', '3']);
});

test('a killed core is not noticed: sessions go on with another, contacts see nobody leave', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  await anna.says(to('bert', 1));
  remote.kill();
  await turns();
  await anna.says(to('bert', 2) + ASK);
  assert.equal(anna.socket.destroyed || anna.socket.ended, false);
  assert.doesNotMatch(anna.socket.written, /<a /, 'nobody is there who could have handled it');
  assert.equal(anna.socket.reading, false, 'nor is more read');
  const core = await remote.start();
  await remote.until(() => core.world.router.sessions.size === 2);
  await anna.hears();
  await bert.says(acknowledges(3));
  await remote.until(() => anna.socket.written.includes("h='3'"));
  assert.deepEqual(bodies(bert.socket.written), [], 'taken before');
  assert.equal(anna.socket.reading, true);
  assert.equal(core.world.router.sessions.of('anna')[0]?.available, true);
  assert.doesNotMatch(bert.socket.written, /unavailable/);
  assert.equal(remote.edge.cores.counts.losses, 1);
  assert.equal(remote.edge.handedOver, 2);
});

test('what a killed core had not confirmed comes once', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  remote.kill();
  // in flight when the core died
  await anna.says(to('bert', 1));
  await remote.start();
  await remote.until(() => bodies(bert.socket.written).length > 0);
  await bert.hears();
  assert.deepEqual(bodies(bert.socket.written), ['1']);
});

test('a message that a killed core stored and had no time to confirm is not stored twice', async () => {
  remote = new Remote();
  const core = await remote.start('anna', 'bert');
  const anna = await remote.comes('anna', 'a', ENABLE);
  const { router } = core.world;
  const never = new Promise<void>(() => {});
  router.hooks.on('message-offline', 'observe', () => never);
  await anna.says(to('bert', 1));
  assert.equal((await remote.stores.list('offline').all('bert')).length, 1);
  remote.kill();
  await remote.start();
  anna.socket.written = '';
  await anna.says(ASK);
  await remote.until(() => anna.socket.written.includes("h='1'"));
  const bert = await remote.comes('bert', 'b');
  assert.deepEqual(bodies(await bert.says('<presence/>')), ['1']);
});

test('what lay on disk for a session that goes on is claimed; what nobody claims goes where messages wait', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  await anna.says(to('bert', 1) + ASK);
  await remote.until(() => anna.socket.written.includes('<a '));
  const unacknowledged = remote.stores.keyed('unacknowledged');
  assert.equal((await unacknowledged.all('')).size, 1);
  await unacknowledged.set('', 'zz', {
    account: 'anna',
    at: 5,
    data: "<message from='carl@example.org/c' to='anna@example.org' type='chat'><body>nX</body></message>",
  });
  remote.kill();
  const core = await remote.start();
  await remote.until(() => core.world.router.sessions.size === 2);
  await turns();
  await core.giveBack();
  await anna.hears();
  assert.deepEqual(bodies(anna.socket.written), ['X'], 'nobody held it');
  await bert.says(acknowledges(2));
  await turns();
  const left = [...(await unacknowledged.all('')).values()] as { data: string }[];
  assert.deepEqual(
    left.map(({ data }) => /<body>n(.)/.exec(data)?.[1]),
    ['X'],
    'on disk until she acknowledges it: where it lay before it is no longer',
  );
  assert.deepEqual(bodies(bert.socket.written), []);
});

test('what has arrived while no core was there, and lay on its disk, does not come again', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  await anna.says(to('bert', 1) + ASK);
  await remote.until(() => anna.socket.written.includes('<a '));
  remote.kill();
  await turns();
  await bert.says(acknowledges(2));
  bert.socket.written = '';
  const core = await remote.start();
  await remote.until(() => core.world.router.sessions.size === 2);
  await turns();
  await core.giveBack();
  assert.deepEqual(bodies(await bert.hears()), []);
  assert.equal((await remote.stores.keyed('unacknowledged').all('')).size, 0);
});

test('a session that ends while no core is there ends at the next, and what it did not take waits', async () => {
  const [anna, bert] = await annaAndBert(`<enable xmlns='${SM}'/>`);
  await anna.says(to('bert', 1));
  remote.kill();
  bert.connection.lost();
  const core = await remote.start();
  await remote.until(() => core.world.router.sessions.size === 1 && core.world.router.sessions.of('anna').length === 1);
  await turns();
  const again = await remote.comes('bert', 'c');
  assert.deepEqual(bodies(await again.says('<presence/>')), ['1']);
});

test('a link that breaks between living processes loses nothing and doubles nothing', async () => {
  const [anna, bert] = await annaAndBert();
  for (let n = 0; n < 40; n++) {
    anna.connection.received(to('bert', n));
    if (n % 7 === 3) {
      remote.cut();
      await remote.until(() => remote.edge.cores.lines.some(({ ready }) => ready));
    } else await turns(n % 3);
  }
  await remote.until(() => bodies(bert.socket.written).length >= 40);
  assert.deepEqual(
    bodies(bert.socket.written),
    Array.from({ length: 40 }, (_, n) => String(n)),
  );
  assert.equal(remote.edge.cores.counts.losses, 0);
});

test('a client whose stanzas take long is not read any more, and others are', async () => {
  const [anna, bert] = await annaAndBert();
  let goOn = () => {};
  const long = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  remote.core?.world.router.hooks.on('presence-directed', 'observe', () => long);
  const pushed = Array.from({ length: 80 }, () => `<presence to='room@else.example/x'/>`).join('');
  await anna.says(pushed + to('bert', 'last'));
  assert.equal(anna.socket.reading, false);
  assert.deepEqual(bodies(bert.socket.written), []);
  await bert.says(to('anna', 1));
  await anna.hears();
  assert.deepEqual(bodies(anna.socket.written), ['1'], 'she is still written to');
  goOn();
  await remote.until(() => anna.socket.reading);
  await bert.hears();
  assert.deepEqual(bodies(bert.socket.written), ['last'], 'and nothing of hers was lost');
});

test('an edge that does not come back takes its sessions with it', async () => {
  const [anna, bert] = await annaAndBert(ENABLE);
  await anna.says(to('bert', 1));
  const { core } = remote;
  remote.edge.stop();
  await turns();
  assert.equal(core?.world.router.sessions.size, 2, 'it may come back');
  if (core !== undefined) core.world.now += 61_000;
  core?.desk.tick();
  await turns();
  assert.equal(core?.world.router.sessions.size, 0);
  assert.equal((await remote.stores.list('offline').all('bert')).length, 1, 'what bert had not acknowledged');
  assert.equal(core?.desk.counts.lost, 1);
  void bert;
});

test('while no core is there logins wait, and are told to come later when it takes too long', async () => {
  remote = new Remote();
  await remote.start('anna');
  const early = await remote.stranger();
  remote.kill();
  const waiting = early.logsIn('SCRAM-SHA-256');
  await turns();
  await remote.start();
  await waiting;
  await remote.until(() => early.socket.written.length > 0);
});

test('who comes before any core was there is told so', async () => {
  remote = new Remote();
  assert.match((await remote.stranger()).socket.written, /<resource-constraint.*come later/s);
});

test('after the time that clients are kept without a core, they are let go', async () => {
  remote = new Remote(50);
  await remote.start('anna');
  remote.kill();
  await remote.until(() => remote.impatient === 1);
});

test('an edge of another version or domain is refused in words', async () => {
  remote = new Remote();
  const core = await remote.start('anna');
  assert.match(await remote.hello({ from: 7, to: 9 }), /versions 7 to 9/);
  assert.match(await remote.hello({ domain: 'else.example' }), /else\.example/);
  assert.match(await remote.words('GET / HTTP/1.1\r\n\r\n'), /does not speak/);
  assert.equal(core.desk.size, 1);
});

test('who resumes finds its session, whichever core has it by then', async () => {
  const [anna, bert] = await annaAndBert();
  const said = await bert.says(ENABLE);
  const id = ids(bert);
  assert.ok(id !== undefined, said);
  await anna.says(to('bert', 1));
  bert.connection.lost();
  remote.kill();
  await remote.start();
  await anna.says(to('bert', 2));
  const again = await remote.stranger();
  await again.logsIn('SCRAM-SHA-256', 'pencil', 'n,,', '', 'bert');
  await remote.until(() => again.socket.written.includes('<success'));
  await again.opens();
  await again.says(`<resume xmlns='${SM}' previd='${id}' h='0'/>`);
  await remote.until(() => again.socket.written.includes('<resumed '));
  const resumed = await again.hears();
  assert.match(resumed, /<resumed /);
  assert.deepEqual(bodies(resumed), ['1', '2']);
});

test('a core tells which edges are there, with how many sessions, and which was cut off since when', async () => {
  const [anna] = await annaAndBert();
  const links = () => remote.core?.desk.links() ?? [];
  const [link] = links();
  assert.equal(links().length, 1);
  assert.deepEqual([link?.connected, link?.sessions, link?.cutAt, link?.address], [true, 2, null, null]);
  await anna.says(`<presence type='unavailable'/></stream:stream>`);
  assert.equal(links()[0]?.sessions, 1);
  remote.cut();
  await remote.until(() => typeof links()[0]?.cutAt === 'number');
  await remote.until(() => links()[0]?.cutAt === null);
  assert.deepEqual([links()[0]?.id, links()[0]?.since], [link?.id, link?.since], 'it is the same that came back');
});
