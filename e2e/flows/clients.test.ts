// Clients that others wrote, against the executable that ships: login with the certificate checked, and chat both ways.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

const slixmpp = spawnSync('/usr/bin/python3', ['-c', 'import slixmpp']).status === 0;
const skip = slixmpp ? false : 'slixmpp is missing: apt-get install python3-slixmpp';
let node: NodeUnderTest;

before(async () => {
  node = await NodeUnderTest.make('localhost');
  node.parleyd(['user', 'add', 'anna'], 'correct horse\n');
  await node.start();
  node.parleyd(['user', 'add', 'bert'], 'battery, "staple" ü\n');
});
after(() => node?.remove());

const anna = (how: 'direct' | 'starttls') => ({
  jid: 'anna@localhost/slix',
  password: 'correct horse',
  host: '127.0.0.1',
  port: how === 'direct' ? node.tlsPort : node.port,
  how,
  certificate: node.certificate,
});
// xmpp.js connects to the name that the certificate is for, so that it can check it
const bert = (how: 'direct' | 'starttls') => ({
  ...anna(how),
  host: 'localhost',
  jid: 'bert@localhost/js',
  password: 'battery, "staple" ü',
});

for (const how of ['starttls', 'direct'] as const) {
  test(`slixmpp and xmpp.js chat over ${how}`, { skip }, async () => {
    const [slix, js] = [LineClient.slixmpp(anna(how)), LineClient.xmppJs(bert(how))];
    try {
      assert.equal(await slix.hears(/^online/), 'online anna@localhost/slix');
      // xmpp.js binds with Bind 2: its resource is its tag, and what keeps its installation apart
      assert.match(await js.hears(/^online/), /^online bert@localhost\/js\/\S+$/);
      slix.tell('send bert@localhost Grüße, 世界 <&> 🎉');
      assert.equal(await js.hears(/^message/), 'message anna@localhost/slix Grüße, 世界 <&> 🎉');
      js.tell('send anna@localhost/slix and back');
      assert.match(await slix.hears(/^message/), /^message bert@localhost\/js\/\S+ and back$/);
    } finally {
      await Promise.all([slix.quit(), js.quit()]);
    }
  });
}

test('a wrong password is refused, and another certificate is not accepted', { skip }, async () => {
  const wrong = LineClient.slixmpp({ ...anna('direct'), password: 'wrong' });
  assert.match(await wrong.hears(/^failed/), /login refused|disconnected/);
  await wrong.quit();
  const other = await NodeUnderTest.make();
  const deceived = LineClient.slixmpp({ ...anna('direct'), certificate: other.certificate });
  assert.match(await deceived.hears(/^failed/), /certificate|connection|disconnected/);
  await deceived.quit();
  await other.remove();
});

test('a message waits for who is away, and a suspended person is put out at once', { skip }, async () => {
  const js = LineClient.xmppJs(bert('starttls'));
  await js.hears(/^online/);
  js.tell('send anna@localhost for later');
  await js.quit();
  const slix = LineClient.slixmpp(anna('starttls'));
  assert.match(await slix.hears(/^message/), /^message bert@localhost\/js\/\S+ for later$/);
  assert.match(node.parleyd(['user', 'suspend', 'anna']), /1 session ended/);
  await slix.hears(/^failed disconnected/);
  await slix.quit();
  const again = LineClient.slixmpp(anna('starttls'));
  await again.hears(/^failed/);
  await again.quit();
  node.parleyd(['user', 'activate', 'anna']);
});

/** `parleyd check` looks at the doors of the node itself */
const elsewhere = process.env['PARLEY_THROUGH'] === 'edge' && 'its doors are at an edge';

test('parleyd check logs in through both doors; user list shows who there is', { skip: elsewhere }, () => {
  const said = node.parleyd(['check']);
  assert.match(said, /well {3}login by STARTTLS/);
  assert.match(said, /well {3}login by direct TLS/);
  assert.deepEqual(
    (JSON.parse(node.parleyd(['user', 'list', '--json'])) as { name: string }[]).map((user) => user.name),
    ['anna', 'bert'],
  );
});

test('a new certificate is taken without a restart', { skip: elsewhere }, async () => {
  const other = await NodeUnderTest.make('localhost');
  for (const name of ['cert.pem', 'key.pem']) copyFileSync(join(other.folder, name), join(node.folder, name));
  await other.remove();
  node.signal('SIGHUP');
  await node.logs(/the certificate was read again/);
  // `check` compares what each door shows with what lies on disk
  assert.match(node.parleyd(['check']), /well {3}login by STARTTLS[\s\S]*well {3}login by direct TLS/);
});

test('IPv4 and IPv6: one listener for both, and one for either', async () => {
  for (const [listen, hosts] of [
    ['*', ['127.0.0.1', '::1']],
    ['[::1]', ['::1']],
  ] as const) {
    const port = await freePort();
    const both = await NodeUnderTest.make('localhost', [`listen.c2s=${listen}:${port}`]);
    try {
      both.parleyd(['user', 'add', 'anna'], 'pencil\n');
      await both.start();
      for (const host of hosts) {
        const client = await RawClient.login(port, 'localhost', 'anna', 'pencil', host);
        assert.match(
          await client.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>", /id='p'/),
          /type='result'/,
        );
        client.destroy();
      }
    } finally {
      await both.remove();
    }
  }
});
