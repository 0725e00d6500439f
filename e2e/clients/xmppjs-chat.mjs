// A client that nobody of ours wrote, for tests: xmpp.js, driven by lines.
// usage: NODE_EXTRA_CA_CERTS=CERT.pem node xmppjs-chat.mjs JID HOST PORT direct|starttls, or JID wss://…     (password: first line of stdin)
// Lines in: `send JID TEXT`, `drop` (the network goes), `quit`.
// Lines out: `online JID`, `resumed`, `gone`, `message FROM TEXT`, `failed WHY`. With RECONNECT=1 it comes back by itself.
import { createInterface } from 'node:readline';
import { client, jid as parse, xml } from '@xmpp/client';

const [address, host, port, how] = process.argv.slice(2);
const me = parse(address);
const say = (...words) => console.log(...words);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const password = (await lines.next()).value;

const xmpp = client({
  service: host.startsWith('wss:') ? host : `${how === 'direct' ? 'xmpps' : 'xmpp'}://${host}:${port}`,
  domain: me.domain,
  username: me.local,
  resource: me.resource || 'xmppjs',
  password,
});
if (process.env.RECONNECT === '1') {
  xmpp.reconnect.delay = 500;
  xmpp.streamManagement.on('resumed', () => say('resumed'));
  xmpp.on('disconnect', () => say('gone'));
} else xmpp.reconnect.stop();
xmpp.on('error', (error) => say('failed', error.message.replace(/\s+/g, ' ')));
xmpp.on('stanza', (stanza) => {
  const body = stanza.is('message') ? stanza.getChildText('body') : null;
  if (body !== null) say('message', stanza.attrs.from, body);
});
xmpp.on('online', async (bound) => {
  await xmpp.send(xml('presence'));
  say('online', bound.toString());
});
await xmpp.start().catch((error) => {
  say('failed', error.message.replace(/\s+/g, ' '));
  process.exit(1);
});
for await (const line of lines) {
  const [verb, to, ...words] = line.split(' ');
  if (verb === 'send') await xmpp.send(xml('message', { to, type: 'chat' }, xml('body', {}, words.join(' '))));
  else if (verb === 'drop') (xmpp.socket?.socket ?? xmpp.socket)?.destroy();
  else if (verb === 'quit') break;
}
await xmpp.stop();
process.exit(0);
