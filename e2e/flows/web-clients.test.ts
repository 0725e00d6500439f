import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
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

const person = (name: string) => ({ jid: `${name}@localhost/web`, password: 'pencil', certificate: node.certificate });

/** Asks the web's door; answers with the status, the headers and the content. */
function ask(path: string, options: { method?: string; content?: string } = {}) {
  const { method = 'GET', content } = options;
  const ca = readFileSync(node.certificate);
  const to = { host: 'localhost', port: node.webPort, path, method, ca, agent: false };
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const asked = request(to, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => {
        text += data.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on('error', reject);
    asked.end(content);
  });
}

test('xmpp.js over WebSocket and Strophe.js over WebSocket and BOSH chat with each other', async () => {
  const ws = `wss://localhost:${node.webPort}/xmpp-websocket`;
  const bosh = `https://localhost:${node.webPort}/http-bind`;
  const js = LineClient.xmppJsAt(person('anna'), ws);
  const jid = (await js.hears(/^online/)).slice('online '.length);
  for (const [how, url] of [
    ['WebSocket', ws],
    ['BOSH', bosh],
  ] as const) {
    const strophe = LineClient.strophe(person('bert'), url);
    try {
      assert.match(await strophe.hears(/^online/), /^online bert@localhost\/web/);
      strophe.tell(`send ${jid} Grüße, 世界 <&> 🎉 over ${how}`);
      assert.equal(await js.hears(/^message/), `message bert@localhost/web Grüße, 世界 <&> 🎉 over ${how}`);
      js.tell('send bert@localhost and back');
      assert.equal(await strophe.hears(/^message/), `message ${jid} and back`);
    } finally {
      await strophe.quit();
    }
  }
  await js.quit();
});

test('a wrong password is refused over BOSH', async () => {
  const strophe = LineClient.strophe(
    { ...person('anna'), password: 'wrong' },
    `https://localhost:${node.webPort}/http-bind`,
  );
  try {
    await strophe.hears(/^failed/);
  } finally {
    await strophe.quit();
  }
});

test('XEP-0156: a browser finds the ways in, from any page', async () => {
  const json = await ask('/.well-known/host-meta.json');
  assert.deepEqual([json.status, json.headers['access-control-allow-origin']], [200, '*']);
  const { links } = JSON.parse(json.text) as { links: { rel: string; href: string }[] };
  assert.deepEqual(links, [
    { rel: 'urn:xmpp:alt-connections:xbosh', href: `https://localhost:${node.webPort}/http-bind` },
    { rel: 'urn:xmpp:alt-connections:websocket', href: `wss://localhost:${node.webPort}/xmpp-websocket` },
  ]);
  const xrd = await ask('/.well-known/host-meta');
  assert.match(
    xrd.text,
    /<Link rel='urn:xmpp:alt-connections:websocket' href='wss:\/\/localhost:\d+\/xmpp-websocket'\/>/,
  );
});

test('what is no client is told so', async () => {
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/xmpp-websocket')).status, 426);
  assert.equal((await ask('/metrics')).status, 200, 'this machine may read them');
  assert.equal((await ask('/http-bind', { method: 'OPTIONS' })).status, 204);
  assert.match((await ask('/http-bind', { method: 'POST', content: '<nonsense' })).text, /condition='bad-request'/);
  assert.match(
    (
      await ask('/http-bind', {
        method: 'POST',
        content: "<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='none'/>",
      })
    ).text,
    /condition='item-not-found'/,
  );
  assert.equal(
    (await ask('/http-bind', { method: 'POST', content: 'x'.repeat(300_000) }).catch(() => ({ status: 413 }))).status,
    413,
  );
});
