import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SM, type Talk } from '../../stream/talk.fixture.ts';
import { Remote, turns } from './remote.fixture.ts';

const ENABLE = `<enable xmlns='${SM}' resume='true'/>`;
const ASK = `<r xmlns='${SM}'/>`;
const to = (name: string, n: number | string) =>
  `<message to='${name}@example.org' type='chat' id='m${n}'><body>n${n}</body></message>`;
const bodies = (text: string) => [...text.matchAll(/<body>n(\w+)<\/body>/g)].map(([, body]) => body);
const ping = (id: string) => `<iq type='get' id='${id}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>`;

let remote: Remote;
afterEach(() => remote?.stop());

/** Two who see each other. */
async function friends(enable = ENABLE): Promise<[Talk, Talk]> {
  remote = new Remote();
  const core = await remote.start('anna', 'bert', 'carl');
  await core.world.befriend('anna', 'bert');
  const [anna, bert] = [await remote.comes('anna', 'a', enable), await remote.comes('bert', 'b', enable)];
  for (const talk of [anna, bert]) {
    await talk.says("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await talk.says('<presence/>');
  }
  await anna.hears();
  anna.socket.written = '';
  bert.socket.written = '';
  return [anna, bert];
}

test('a batch that is not acted on to its end loses nothing: the edge hands its sessions over anew', async () => {
  const [anna, bert] = await friends();
  const [line] = remote.edge.cores.lines;
  line?.link.out.byte(99).count(1); // what no core knows, before what she says in the same turn
  await anna.says(to('bert', 1) + to('bert', 2));
  await remote.until(() => bodies(bert.socket.written).length >= 2);
  await bert.hears();
  assert.deepEqual(bodies(bert.socket.written), ['1', '2']);
  assert.equal(remote.edge.cores.counts.losses, 1);
  assert.doesNotMatch(bert.socket.written, /unavailable/);
  assert.match(await anna.says(ping('p')), /id='p'/);
  assert.equal(remote.core?.world.router.sessions.size, 2);
});

test('a stanza that a bug makes throw does not stop its session, nor others', async () => {
  const [anna, bert] = await friends();
  const { router } = remote.core?.world ?? {};
  assert.ok(router);
  const receive = router.receive.bind(router);
  router.receive = (session, tag, raw) => {
    if (raw.includes('poison')) throw new Error('a bug');
    return receive(session, tag, raw);
  };
  await anna.says(to('bert', 'poison') + to('bert', 1));
  await bert.hears();
  assert.deepEqual(bodies(bert.socket.written), ['1']);
  assert.equal(remote.edge.cores.counts.losses, 0);
});

for (const [how, enable] of [
  ['under stream management', ENABLE],
  ['without stream management', ''],
] as const) {
  test(`an edge that goes to another core while the first lives: nobody leaves, all comes once, ${how}`, async () => {
    const [anna, bert] = await friends(enable);
    const first = remote.core;
    assert.ok(first);
    const carl = await first.world.come('carl/c');
    const second = await remote.startAnother();
    remote.barred = first;
    // the first has handled these, and nothing of what came of them gets through
    const [line] = remote.edge.cores.lines;
    const deaf = [...first.pipes];
    for (const pipe of deaf) pipe.write = () => {};
    await anna.says(to('bert', 1) + ping('p') + (enable === '' ? '' : ASK));
    await carl.says(to('bert', 'carl'));
    assert.equal(line?.ready, true);
    remote.cut();
    await anna.says(to('bert', 2));
    await remote.until(() => second.world.router.sessions.size === 2);
    await remote.until(() => bodies(bert.socket.written).length >= 3);
    await anna.hears();
    await remote.until(() => anna.socket.written.includes("id='p'"));
    assert.deepEqual(bodies(bert.socket.written).sort(), ['1', '2', 'carl']);
    assert.equal(anna.socket.written.split("id='p'").length, 2, 'answered once');
    assert.equal(first.world.router.sessions.here('anna').length, 0);
    for (const [i, what] of first.done.filter((one) => one.startsWith('let')).entries())
      assert.equal(
        first.done.slice(0, first.done.indexOf(what)).filter((one) => one === 'informed others').length > i,
        true,
        'what it sent before goes first',
      );
    assert.equal(first.done.length, 4);
    // and when the first has waited long enough
    first.world.now += 61_000;
    first.desk.tick();
    await turns();
    for (const talk of [anna, bert]) assert.doesNotMatch(talk.socket.written, /unavailable/);
    assert.deepEqual(bodies(bert.socket.written).sort(), ['1', '2', 'carl']);
    assert.equal((await remote.stores.list('offline').all('bert')).length, enable === '' ? 0 : 2);
    assert.equal(second.world.router.sessions.of('anna')[0]?.available, true);
    assert.deepEqual([...first.world.faults, ...second.world.faults], []);
  });
}

test('an edge that comes back to the core that it gave up finds its sessions there, once', async () => {
  const [anna, bert] = await friends();
  const first = remote.core;
  const second = await remote.startAnother();
  remote.barred = first;
  remote.cut();
  await remote.until(() => second.world.router.sessions.size === 2);
  remote.barred = undefined;
  await remote.until(() => remote.edge.cores.lines.every(({ ready }) => ready));
  remote.barred = second;
  for (const pipe of second.pipes) pipe.close();
  await remote.until(() => first?.world.router.sessions.size === 2);
  await anna.says(to('bert', 1));
  await bert.hears();
  assert.deepEqual(bodies(bert.socket.written), ['1']);
  for (const talk of [anna, bert]) assert.doesNotMatch(talk.socket.written, /unavailable/);
  assert.equal(second.world.router.sessions.size, 0);
});
