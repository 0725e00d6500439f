// Attacks of those who never log in: slow, half-open, too many, unreadable.
import { RawClient } from '../clients/raw-client.ts';
import { type Attack, BAD, DOMAIN, HEADER, type Outcome, PASSWORD, SASL, sleep, type Target } from './target.ts';

/** Opens many connections that do next to nothing, and counts how many the server has let go after its login time. */
async function idle(
  target: Target,
  many: number,
  port: number,
  hello: (i: number) => string | Buffer,
): Promise<Outcome> {
  const sockets = Array.from({ length: many }, () => target.socket(port));
  let closed = 0;
  for (const [i, socket] of sockets.entries()) {
    socket.once('close', () => closed++);
    socket.resume();
    socket.once('connect', () => socket.write(hello(i)));
  }
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(' ');
  }, 500);
  for (let i = 0; i < 200 && closed < many; i++) await sleep(100);
  clearInterval(dripping);
  for (const socket of sockets) socket.destroy();
  return { got: `${closed} of ${many} connections were let go in time`, held: closed === many };
}

const slowLogins: Attack = {
  name: 'slow logins: a header, then nothing',
  run: (target) => idle(target, 200, target.node.port, () => HEADER),
};

const halfOpen: Attack = {
  name: 'TLS handshakes that stay half open',
  run: (target) => idle(target, 200, target.node.tlsPort, () => Buffer.from([0x16, 3, 1])),
};

const flood: Attack = {
  name: 'connections from one network',
  async run(target) {
    const many = 3000;
    const before = (await target.refused('rate')) + (await target.refused('strangers'));
    const sockets = [];
    for (let i = 0; i < many; i++) {
      sockets.push(target.socket(target.node.port));
      if (i % 100 === 99) await sleep(5);
    }
    await sleep(500);
    const open = await target.metric('parleyd_connections');
    const refused = (await target.refused('rate')) + (await target.refused('strangers')) - before;
    const other = await target.login('anna', '127.0.77.1');
    other.destroy();
    for (const socket of sockets) socket.destroy();
    await sleep(300);
    return {
      got: `${refused} of ${many} refused, ${open} open at most; a login from elsewhere succeeds`,
      held: refused >= 900 && open < 1500,
    };
  },
};

/** What is unreadable, and the condition that ends the stream; sent before the login, and within a session. */
const UNREADABLE: readonly (readonly [what: string, xml: string, condition: RegExp])[] = [
  ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]><iq/>', /restricted-xml/],
  ['an entity of its own', '<iq id="&boom;"/>', /restricted-xml/],
  ['a comment', '<iq><!-- x --></iq>', /restricted-xml/],
  ['a processing instruction', '<iq><?php x ?></iq>', /restricted-xml/],
  ['elements 10000 deep', `<iq>${'<a>'.repeat(10_000)}`, /policy-violation/],
  ['5000 attributes', `<iq ${Array.from({ length: 5000 }, (_, i) => `a${i}='x'`).join(' ')}/>`, /policy-violation/],
  ['100000 elements', `<iq>${'<a/>'.repeat(100_000)}</iq>`, /policy-violation/],
  ['a stanza of 1 MB', `<iq><a>${'x'.repeat(1_000_000)}</a></iq>`, /policy-violation/],
  ['an attribute of 1 MB', `<iq a='${'x'.repeat(1_000_000)}'/>`, /policy-violation/],
  ['a tag without an end', `<iq ${' '.repeat(1_000_000)}`, /policy-violation/],
  ['a reference without an end', `<iq><a>&#x${'0'.repeat(20_000)}`, /not-well-formed|policy-violation/],
  ['no UTF-8', '<iq><a>\u0000</a></iq>', /not-well-formed|bad-format/],
  ['the same attribute twice', "<iq a='1' a='2'/>", /not-well-formed/],
  ['a prefix that nobody declared', '<x:iq/>', /bad-namespace-prefix|not-well-formed/],
];

const unreadable: Attack = {
  name: 'huge, deep and tricky XML, before and after login',
  async run(target) {
    const wrong: string[] = [];
    for (const within of [false, true]) {
      for (const [what, xml, condition] of UNREADABLE) {
        const client = within ? await target.login('mallory', BAD) : target.open();
        if (!within) await client.ask(HEADER, /<\/stream:features>/);
        client.take();
        client.send(xml);
        await client.until(() => client.closed);
        if (!condition.test(client.take())) wrong.push(`${what} ${within ? 'after' : 'before'} login`);
      }
    }
    const count = UNREADABLE.length * 2;
    return {
      got: wrong.length === 0 ? `${count} streams ended with the right error` : `not ended: ${wrong.join(', ')}`,
      held: wrong.length === 0,
    };
  },
};

/** One byte a write, so that each is a piece of its own where the kernel lets it. */
async function drip(client: RawClient, letter: string, bytes: number): Promise<void> {
  for (let i = 0; i < bytes && !client.closed; i++) {
    client.send(letter);
    if (i % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
  }
}

const dripped: Attack = {
  name: "an attribute full of '>', byte by byte",
  async run(target) {
    const from = target.cpu;
    const stranger = target.open();
    await stranger.ask(HEADER, /<\/stream:features>/);
    stranger.send("<auth a='");
    await drip(stranger, '>', 12_000);
    await stranger.until(() => stranger.closed);
    const member = await target.login('mallory', BAD);
    member.send("<iq type='get' id='x' to='mallory@example.org' a='");
    await drip(member, '>', 60_000);
    await member.ask("'/>", /id='x'/);
    member.destroy();
    const spent = target.cpu - from;
    return { got: `72000 bytes cost ${spent.toFixed(2)} s of CPU`, held: spent < 6 };
  },
};

const authFlood: Attack = {
  name: 'SASL that is no SASL',
  async run(target, seconds) {
    const end = Date.now() + seconds * 500;
    let [ended, answers] = [0, 0];
    while (Date.now() < end) {
      const client = target.open();
      await client.ask(HEADER, /<\/stream:features>/);
      for (const mechanism of ['X', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'PLAIN', 'EXTERNAL', 'SCRAM-SHA-1'])
        client.send(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${'AAAA'.repeat(500)}</auth>`);
      await client.until(() => client.closed);
      answers += (client.take().match(/<failure/g) ?? []).length;
      ended++;
    }
    return { got: `${ended} connections, each ended after ${answers / ended} failures`, held: answers / ended <= 5 };
  },
};

const resumption: Attack = {
  name: 'resumption of sessions that are not there',
  async run(target, seconds) {
    const client = await RawClient.authenticate(target.node.port, DOMAIN, 'mallory', PASSWORD, BAD);
    const many = 20_000;
    for (let i = 0; i < many; i++) client.send(`<resume xmlns='urn:xmpp:sm:3' previd='x${i}' h='0'/>`);
    await sleep(Math.min(seconds * 1000, 3500));
    const answers = (client.take().match(/<item-not-found/g) ?? []).length;
    client.destroy();
    return { got: `${answers} of ${many} were answered in ${seconds} s`, held: answers < 2600 + 300 * seconds };
  },
};

export const CONNECTING: readonly Attack[] = [slowLogins, halfOpen, flood, unreadable, dripped, authFlood, resumption];
