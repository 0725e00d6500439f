import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { NodeUnderTest } from '../clients/node-under-test.ts';

let node: NodeUnderTest;
before(async () => {
  node = await NodeUnderTest.make('localhost');
  for (const name of ['anna', 'bert']) node.parleyd(['user', 'add', name], 'pencil\n');
  await node.start();
});
after(() => node?.remove());

const person = (name: string) => ({
  jid: `${name}@localhost/js`,
  password: 'pencil',
  host: 'localhost',
  port: node.tlsPort,
  how: 'direct' as const,
  certificate: node.certificate,
});
/** xmpp.js with its stream management, which comes back by itself. */
const faithful = (name: string) => LineClient.xmppJs(person(name), { RECONNECT: '1' });

test('xmpp.js resumes its session over a lost network, and gets what was written meanwhile, once', async () => {
  const [anna, bert] = [LineClient.xmppJs(person('anna')), faithful('bert')];
  try {
    await anna.hears(/^online/);
    const jid = (await bert.hears(/^online/)).slice('online '.length);
    for (let round = 1; round <= 3; round++) {
      bert.tell('drop');
      await bert.hears(/^gone/);
      anna.tell(`send ${jid} full ${round}`);
      anna.tell(`send bert@localhost bare ${round}`);
      // xmpp.js may tell of what came with the resumption before it tells of the resumption
      const heard = [];
      for (let i = 0; i < 3; i++)
        heard.push((await bert.hears(/^(?:resumed|online|message)/)).split(' ').slice(-2).join(' '));
      assert.deepEqual(heard.sort(), [`bare ${round}`, `full ${round}`, 'resumed']);
      bert.tell(`send anna@localhost still ${round}`);
      assert.match(
        await anna.hears(/^message/),
        new RegExp(`^message ${jid} still ${round}$`),
        'under the same address',
      );
    }
  } finally {
    await Promise.all([anna.quit(), bert.quit()]);
  }
});

test('xmpp.js resumes its session over a WebSocket that was cut', async () => {
  const line = new Set<Socket>();
  // a wire that can be cut: what runs through it is TLS between client and server
  const wire = createServer((near) => {
    const far = connect(node.webPort, '127.0.0.1');
    for (const socket of [near, far]) {
      line.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => line.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  const at = wire.address();
  assert.ok(typeof at === 'object' && at !== null);
  const anna = LineClient.xmppJs(person('anna'));
  const bert = LineClient.xmppJsAt(person('bert'), `wss://localhost:${at.port}/xmpp-websocket`, { RECONNECT: '1' });
  try {
    await anna.hears(/^online/);
    const jid = (await bert.hears(/^online/)).slice('online '.length);
    for (const socket of line) socket.destroy();
    await bert.hears(/^gone/);
    anna.tell(`send ${jid} over the cut`);
    const heard = [await bert.hears(/^(?:resumed|online|message)/), await bert.hears(/^(?:resumed|online|message)/)];
    assert.deepEqual(heard.map((text) => text.split(' ')[0]).sort(), ['message', 'resumed']);
  } finally {
    await Promise.all([anna.quit(), bert.quit()]);
    wire.close();
    for (const socket of line) socket.destroy();
  }
});

test('xmpp.js resumes its session over a restart of the server; nobody is seen to leave', async () => {
  const [anna, bert] = [faithful('anna'), faithful('bert')];
  try {
    await anna.hears(/^online/);
    const jid = (await bert.hears(/^online/)).slice('online '.length);
    anna.tell(`send ${jid} before`);
    await bert.hears(/before$/);
    await node.kill('SIGTERM');
    await node.start();
    await Promise.all([anna.hears(/^resumed/), bert.hears(/^resumed/)]);
    anna.tell(`send ${jid} after`);
    assert.match(await bert.hears(/^message/), /after$/);
    assert.match(node.log, /sessions wait for their clients to come back/);
  } finally {
    await Promise.all([anna.quit(), bert.quit()]);
  }
});

test('a killed server can not be resumed; what was not acknowledged is there at the next login', async () => {
  const bert = faithful('bert');
  const anna = LineClient.xmppJs(person('anna'));
  try {
    await anna.hears(/^online/);
    const jid = (await bert.hears(/^online/)).slice('online '.length);
    bert.tell('drop');
    await bert.hears(/^gone/);
    anna.tell(`send ${jid} while you were away`);

    await new Promise((resolve) => setTimeout(resolve, 200));
    await node.kill('SIGKILL');
    await node.start();
    await bert.hears(/^(?:online|resumed)/);
    assert.match(await bert.hears(/^message/), /while you were away$/);
  } finally {
    await Promise.all([anna.quit(), bert.quit()]);
  }
});
