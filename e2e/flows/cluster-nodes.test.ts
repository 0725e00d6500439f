// Three nodes of one domain with real NATS and PostgreSQL, and raw clients: what crosses nodes, what survives which part.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ClusterStatus } from '../../shared/domain/cluster.ts';
import type { NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';
import { ClusterUnderTest } from '../hosts/cluster.ts';
import { skipNats } from '../hosts/nats.ts';
import { skipPostgres } from '../hosts/postgres.ts';

const skip = skipPostgres || skipNats;
const DOMAIN = 'example.org';
const PEOPLE = ['anna', 'bert', 'carl', 'dora', 'emil'];
let cluster: ClusterUnderTest;

before(async () => {
  if (skip) return;
  cluster = await ClusterUnderTest.make(DOMAIN, ['a', 'b', 'c'], ['cluster.lease_seconds=3']);
  for (const name of PEOPLE) node(0).parleyd(['user', 'add', name], 'pencil\n');
  await cluster.start();
});
after(() => cluster?.remove());

function node(i: number): NodeUnderTest {
  const found = cluster.nodes[i];
  assert.ok(found !== undefined);
  return found;
}

async function login(at: NodeUnderTest, name: string, { presence = true, managed = false } = {}) {
  const client = await RawClient.authenticate(at.port, DOMAIN, name, 'pencil');
  const bound = await client.must(
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    /<jid>[^<]+/,
  );
  const jid = /<jid>([^<]+)/.exec(bound)?.[1] ?? '';
  const sm = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
  const id = managed ? (/ id='([^']+)'/.exec(await client.must(sm, /<enabled[^>]+>/))?.[1] ?? '') : '';
  if (presence) {
    await client.must("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", /id='r'/);
    await client.must('<presence/>', /<presence[^>]+>/);
  }
  return { client, jid, id };
}

const message = (to: string, id: string) => `<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`;
const hears = (client: RawClient, what: RegExp) => client.until(() => what.test(client.heard));
const quiet = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until it is so. */
async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await holds()) return;
    await quiet(100);
  }
  assert.fail(`it never was so: ${what}`);
}

const statusOf = (at: NodeUnderTest) => {
  const shown = at.parleyd(['cluster', 'status', '--json']);
  return JSON.parse(shown) as { nodes: { node: string; state: string; sessions: number; draining: boolean }[] };
};

/** Everybody makes friends with everybody of a pair, at different nodes. */
async function befriend(a: string, b: string): Promise<void> {
  const [one, two] = [await login(node(0), a), await login(node(1), b)];
  one.client.send(`<presence to='${b}@${DOMAIN}' type='subscribe'/>`);
  await hears(two.client, /type='subscribe'/);
  two.client.send(`<presence to='${a}@${DOMAIN}' type='subscribed'/><presence to='${a}@${DOMAIN}' type='subscribe'/>`);
  await hears(one.client, /type='subscribe'/);
  one.client.send(`<presence to='${b}@${DOMAIN}' type='subscribed'/>`);
  await hears(two.client, /type='subscribed'/);
  one.client.send('</stream:stream>');
  two.client.send('</stream:stream>');
  await quiet(200);
}

test('people at different nodes become contacts, see each other and chat', { skip }, async () => {
  await befriend('anna', 'bert');
  const [anna, bert] = [await login(node(0), 'anna'), await login(node(2), 'bert')];
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  await hears(bert.client, new RegExp(`<presence from='${anna.jid}'`));
  anna.client.send(message(`bert@${DOMAIN}`, 'one'));
  await hears(bert.client, /<body>one/);
  bert.client.send(message(anna.jid, 'two'));
  await hears(anna.client, /<body>two/);
  assert.deepEqual(
    statusOf(node(1)).nodes.map((one) => `${one.node} ${one.state} ${one.sessions}`),
    ['a linked 1', 'b here 0', 'c linked 1'],
  );
  anna.client.destroy();
  await hears(bert.client, new RegExp(`<presence from='${anna.jid}'[^>]*type='unavailable'`));
  bert.client.destroy();
});

test('each node tells what goes over its links, how long that takes, and how long leases hold', { skip }, async () => {
  const [anna, bert] = [await login(node(0), 'anna'), await login(node(2), 'bert')];
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  for (let i = 0; i < 50; i++) anna.client.send(message(bert.jid, `r${i}`));
  await hears(bert.client, /<body>r49/);
  const ask = () => JSON.parse(node(0).parleyd(['cluster', 'status', '--json'])) as ClusterStatus;
  const to = () => ask().nodes.find((one) => one.node === 'c');
  await eventually('the link is old enough to tell its rates', () => (to()?.rates?.stanzasOut ?? 0) > 0);
  assert.ok((to()?.delivered ?? 0) >= 50);
  await eventually('a round trip was measured', () => typeof to()?.roundTripMs === 'number');
  const shown = ask();
  assert.deepEqual(
    shown.leases?.map((it) => `${it.node} ${it.state} ${it.by} ${(it.leftMs ?? 0) > 0}`),
    ['a live database true', 'b live database true', 'c live database true'],
  );
  assert.match(node(0).parleyd(['cluster', 'status']), /a has had \d+ since its start, and failed to get 0\./);
  for (const one of [anna.client, bert.client]) one.send('</stream:stream>');
});

test('a session is resumed at another node, with what came meanwhile, once, and goes on under its address', {
  skip,
}, async () => {
  const [carl, anna] = [await login(node(0), 'carl', { managed: true }), await login(node(1), 'anna')];
  carl.client.destroy();
  await quiet(200);
  for (const id of ['r1', 'r2']) anna.client.send(message(carl.jid, id));
  await quiet(200);
  const again = await RawClient.authenticate(node(2).port, DOMAIN, 'carl', 'pencil');
  await again.must(`<resume xmlns='urn:xmpp:sm:3' previd='${carl.id}' h='2'/>`, /<resumed[^>]+>/);
  await hears(again, /<body>r1.*<body>r2/s);
  again.send("<a xmlns='urn:xmpp:sm:3' h='4'/>");
  anna.client.send(message(carl.jid, 'r3'));
  await hears(again, /<body>r3/);
  assert.equal(again.heard.match(/<body>/g)?.length, 3);
  again.send(message(anna.jid, 'r4'));
  await hears(anna.client, new RegExp(`from='${carl.jid}'[^>]*><body>r4`));
  again.send('</stream:stream>');
  anna.client.destroy();
});

test('suspending somebody at one node ends their sessions at another', { skip }, async () => {
  const dora = await login(node(2), 'dora');
  node(0).parleyd(['user', 'suspend', 'dora']);
  await hears(dora.client, /policy-violation/);
  node(1).parleyd(['user', 'activate', 'dora']);
  (await login(node(0), 'dora')).client.destroy();
});

test('a killed node: its people are shown unavailable; who waited there is resumed elsewhere; nothing acknowledged is lost', {
  skip,
}, async () => {
  const [anna, bert] = [
    await login(node(0), 'anna', { managed: true }),
    await login(node(2), 'bert', { managed: true }),
  ];
  const away = await login(node(2), 'carl', { managed: true });
  away.client.destroy();
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  anna.client.send(message(away.jid, 'k1'));
  const h = /h='(\d+)'/.exec(await anna.client.must("<r xmlns='urn:xmpp:sm:3'/>", /<a [^>]+>/))?.[1];
  assert.equal(h, '3');
  node(2).signal('SIGSTOP'); // it takes nothing any more
  anna.client.send(message(bert.jid, 'k2'));
  assert.match(
    await anna.client.must("<r xmlns='urn:xmpp:sm:3'/>", /<a [^>]+>/),
    /h='4'/,
    'it is safe with its sender',
  );
  await node(2).kill('SIGKILL');
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'[^>]*type='unavailable'`));
  const carl = await RawClient.authenticate(node(1).port, DOMAIN, 'carl', 'pencil');
  await carl.must(`<resume xmlns='urn:xmpp:sm:3' previd='${away.id}' h='2'/>`, /<resumed[^>]+>/);
  await hears(carl, /<body>k1/);
  const back = await login(node(1), 'bert');
  await hears(back.client, /<body>k2/);
  for (const one of [anna.client, carl, back.client]) one.send('</stream:stream>');
  await node(2).start();
  await eventually(
    'all are linked again',
    () => statusOf(node(0)).nodes.filter(({ state }) => state !== 'silent').length === 3,
  );
});

test('a node is drained: who can resumes elsewhere, and the others see nobody go', { skip }, async () => {
  const [anna, bert] = [await login(node(0), 'anna'), await login(node(2), 'bert', { managed: true })];
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  anna.client.take();
  const drained = node(2).parleyd(['cluster', 'drain', '--wait', '1']);
  assert.match(drained, /1 sessions are sent to other nodes/);
  await bert.client.until(() => bert.client.closed);
  const back = await RawClient.authenticate(node(1).port, DOMAIN, 'bert', 'pencil');
  await back.must(`<resume xmlns='urn:xmpp:sm:3' previd='${bert.id}' h='3'/>`, /<resumed[^>]+>|<failed.*<\/failed>/s);
  assert.match(back.heard, /<resumed/);
  await assert.rejects(login(node(2), 'carl'), 'it lets nobody in');
  assert.match(node(2).parleyd(['cluster', 'undrain']), /^c takes people in again/);
  assert.match(node(2).parleyd(['cluster', 'undrain']), /^c was not drained/);
  const carl = await login(node(2), 'carl');
  await eventually('the others send people there again', () => !statusOf(node(0)).nodes.some((it) => it.draining));
  await quiet(500);
  assert.equal(carl.client.closed, false, 'nobody is sent away any more');
  carl.client.send('</stream:stream>');
  node(2).parleyd(['cluster', 'drain', '--wait', '1']);
  await node(2).kill('SIGTERM');
  const refused = node(2).parleyd(['user', 'suspend', 'dora'], '', 1);
  assert.match(refused, /Other nodes of the domain serve: a, b\./, 'their sessions would go on');
  await quiet(300);
  assert.doesNotMatch(anna.client.heard, /unavailable/);
  anna.client.send(message(bert.jid, 'd1'));
  await hears(back, /<body>d1/);
  for (const one of [anna.client, back]) one.send('</stream:stream>');
  await node(2).start();
});

test('PostgreSQL goes and comes back: who is there goes on chatting; what must be stored and who logs in is told to wait', {
  skip,
}, async () => {
  const [anna, bert] = [await login(node(0), 'anna'), await login(node(1), 'bert')];
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  cluster.postgres.down();
  await quiet(4500); // more than a lease
  anna.client.send(message(`bert@${DOMAIN}`, 'p1'));
  await hears(bert.client, /<body>p1/);
  anna.client.take();
  anna.client.send(message(`emil@${DOMAIN}`, 'p2'));
  await hears(anna.client, /<error type='wait'/);
  const refused = await login(node(2), 'emil').then(
    () => 'let in',
    (error: Error) => error.message,
  );
  assert.notEqual(refused, 'let in');
  cluster.postgres.up();
  await eventually('logins go on', async () => {
    const emil = await login(node(2), 'emil').catch(() => undefined);
    emil?.client.destroy();
    return emil !== undefined;
  });
  anna.client.send(message(`bert@${DOMAIN}`, 'p3'));
  await hears(bert.client, /<body>p3/);
  await eventually('the database is reached by all', () => {
    try {
      return (
        node(0)
          .parleyd(['cluster', 'status'])
          .match(/reached/g)?.length === 3
      );
    } catch {
      return false; // its exit code says that it is not
    }
  });
  for (const one of [anna.client, bert.client]) one.send('</stream:stream>');
});

test('NATS goes and comes back: each node serves its own; what could not cross waits and comes, once', {
  skip,
}, async () => {
  const [anna, bert, carl] = [
    await login(node(0), 'anna', { managed: true }),
    await login(node(1), 'bert'),
    await login(node(0), 'carl'),
  ];
  await hears(anna.client, new RegExp(`<presence from='${bert.jid}'`));
  await cluster.nats.stop();
  anna.client.send(message(`carl@${DOMAIN}`, 'n1'));
  await hears(carl.client, /<body>n1/);
  anna.client.send(message(`bert@${DOMAIN}`, 'n2'));
  await anna.client.must("<r xmlns='urn:xmpp:sm:3'/>", /<a [^>]+>/);
  await quiet(1000);
  await cluster.nats.start();
  await hears(bert.client, /<body>n2/);
  await quiet(1000);
  assert.equal(bert.client.heard.match(/<body>n2/g)?.length, 1);
  for (const one of [anna.client, bert.client, carl.client]) one.send('</stream:stream>');
});

test('the log of no node tells of a bug', { skip }, () => {
  for (const one of cluster.nodes)
    assert.doesNotMatch(
      one.log.replaceAll(/ error [^\n]*StorageError: [^\n]*(\n\s+at [^\n]*)*/g, ''), // while the database was away
      / error /,
      one.log,
    );
});
