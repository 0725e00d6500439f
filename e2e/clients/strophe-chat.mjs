// A client that nobody of ours wrote, for tests: Strophe.js, as web pages have it, over WebSocket or BOSH.
// usage: NODE_EXTRA_CA_CERTS=CERT.pem node strophe-chat.mjs JID URL     (password: first line of stdin)
// Lines in: `send JID TEXT`, `quit`. Lines out: `online JID`, `message FROM TEXT`, `failed WHY`.
import { createInterface } from 'node:readline';
import { DOMParser } from '@xmldom/xmldom';
import { $msg, $pres, Strophe } from 'strophe.js';
import XMLHttpRequest from 'xhr2';

// BOSH is done with what browsers have and Node has not
globalThis.XMLHttpRequest = class extends XMLHttpRequest {
  get responseXML() {
    return this.responseText ? new DOMParser().parseFromString(this.responseText, 'text/xml') : null;
  }
};

const [jid, url] = process.argv.slice(2);
const say = (...words) => console.log(...words);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const password = (await lines.next()).value;
const connection = new Strophe.Connection(url);

connection.addHandler(
  (stanza) => {
    const body = stanza.getElementsByTagName('body')[0];
    if (body !== undefined) say('message', stanza.getAttribute('from'), body.textContent);
    return true;
  },
  null,
  'message',
);
connection.connect(jid, password, (status, why) => {
  if (status === Strophe.Status.CONNECTED) {
    connection.send($pres().tree());
    say('online', connection.jid);
  } else if ([Strophe.Status.CONNFAIL, Strophe.Status.AUTHFAIL, Strophe.Status.ERROR].includes(status)) {
    say('failed', String(why ?? status).replace(/\s+/g, ' '));
    process.exit(1);
  }
});
for await (const line of lines) {
  const [verb, to, ...words] = line.split(' ');
  if (verb === 'send') connection.send($msg({ to, type: 'chat' }).c('body').t(words.join(' ')).tree());
  else if (verb === 'quit') break;
}
connection.flush();
connection.disconnect('done');
setTimeout(() => process.exit(0), 300);
