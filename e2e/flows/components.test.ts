import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

const SECRET = 'a secret of components';
const ECHO = 'echo.localhost';
const skip = existsSync('/usr/lib/python3/dist-packages/slixmpp')
  ? false
  : 'slixmpp is not here: apt-get install python3-slixmpp';
let node: NodeUnderTest;
let port = 0;
before(async () => {
  port = await freePort();
  node = await NodeUnderTest.make('localhost', [
    `listen.components=127.0.0.1:${port}`,
    `components.secrets=${ECHO}=${SECRET.replaceAll(' ', '-')}`,
  ]);
  node.parleyd(['user', 'add', 'anna'], 'pencil\n');
  await node.start();
});
after(() => node?.remove());

test('slixmpp connects as a component, and people write to addresses of its domain', { skip }, async () => {
  const anna = await RawClient.login(node.port, 'localhost', 'anna', 'pencil');
  anna.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
  const early = await anna.ask(
    `<message to='bot@${ECHO}' type='chat' id='early'><body>hello?</body></message>`,
    /<\/message>/,
  );
  assert.match(early, /type='error'.*<service-unavailable/, 'it is expected, and not here');
  const component = LineClient.component(ECHO, port, SECRET.replaceAll(' ', '-'));
  await component.hears(/^online/);
  const items = await anna.ask(
    "<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    /id='i'.*<\/iq>/,
  );
  assert.match(items, new RegExp(`<item jid='${ECHO}'/>`));
  const info = await anna.ask(
    `<iq type='get' id='d' to='${ECHO}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    /id='d'|<\/query>/,
  );
  assert.match(info, /gateway/);
  const echo = await anna.ask(`<message to='bot@${ECHO}' type='chat'><body>grüße</body></message>`, /<\/message>/);
  assert.match(echo, new RegExp(`from='bot@${ECHO}[^>]*>.*<body>echo: grüße</body>`));
  const seen = await anna.ask(`<presence to='bot@${ECHO}' type='subscribe'/>`, /<status>here<\/status>/);
  assert.match(seen, /subscription=.to./);
  await component.quit();
  await node.logs(/a component has connected/);
  const late = await anna.ask(`<message to='bot@${ECHO}' type='chat'><body>late</body></message>`, /<\/message>/);
  assert.match(late, /<service-unavailable/);
  anna.destroy();
});

test('a component with a wrong secret stays out', { skip }, async () => {
  const wrong = LineClient.component(ECHO, port, 'wrong-secret');
  await wrong.hears(/^failed/);
  await wrong.quit();
});
