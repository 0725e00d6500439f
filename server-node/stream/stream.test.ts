import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { test } from 'node:test';
import { Connection, type Transport } from '../edge/connection.ts';
import type { EdgeLimits } from '../edge/limits.ts';
import { Log } from '../observe/log.ts';
import { keyRing } from '../sasl/scram-keys.ts';
import { encode } from '../xml/chars.ts';
import { StanzaError } from '../xmpp/errors.ts';
import { Jid } from '../xmpp/jid.ts';
import type { StreamCore } from './ports.ts';

const XML = { stanzaBytes: 10_000, depth: 20, attributes: 20, elements: 100 };
const LIMITS: EdgeLimits = {
  before: { ...XML, stanzaBytes: 4096 },
  after: XML,
  loginMs: 1000,
  connections: 3,
  perAddress: 10,
  bytesPerSecond: 0,
  burstBytes: 0,
  sendBytes: 50_000,
};
const KEYS = await keyRing('pencil', 4096);

class FakeTransport implements Transport {
  written = '';
  queued = 0;
  ended = false;
  destroyed = false;
  reading = true;
  finishTls: ((version: string) => void) | undefined;
  write(bytes: string): void {
    this.written += bytes;
  }
  pause(): void {
    this.reading = false;
  }
  resume(): void {
    this.reading = true;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  startTls(done: (version: string) => void): void {
    this.finishTls = done;
  }
}

interface Options {
  readonly loopback?: boolean;
  readonly tls?: string | null;
  readonly state?: 'active' | 'suspended';
  readonly limits?: Partial<EdgeLimits>;
}

/** A client that speaks bytes to a connection without a socket. */
class Talk {
  readonly socket = new FakeTransport();
  readonly stanzas: string[] = [];
  readonly opened: string[] = [];
  closed = 0;
  hold: Promise<unknown> | undefined;
  readonly connection: Connection<{ jid: Jid }>;

  constructor({ loopback = false, tls = 'TLSv1.3', state = 'active', limits = {} }: Options = {}) {
    const core: StreamCore<{ jid: Jid }> = {
      domain: 'example.org',
      freshId: () => 'fresh',
      credentials: { prepare: (name) => name, keys: async (mechanism) => KEYS[mechanism], state: async () => state },
      open: async ({ name, key }, resource, peer, outlet) => {
        assert.ok(key === KEYS['SCRAM-SHA-256'].storedKey || key === KEYS['SCRAM-SHA-1'].storedKey);
        if (resource === 'full') return new StanzaError('resource-constraint');
        this.opened.push(`${name}/${resource} ${peer.transport} ${peer.mechanism}`);
        this.#outlet = outlet;
        return { jid: new Jid(name, 'example.org', resource) };
      },
      receive: (_session, tag, raw) => {
        this.stanzas.push(`${tag.name} ${raw}`);
        return this.hold === undefined ? undefined : this.hold.then(() => undefined);
      },
      close: async () => void this.closed++,
    };
    const info = { address: '192.0.2.1:5', loopback, direct: tls !== null };
    this.connection = new Connection(
      this.socket,
      info,
      core,
      { ...LIMITS, ...limits },
      new Log('error', () => {}),
      () => 0,
    );
    if (tls !== null) {
      this.connection.handshake();
      this.socket.finishTls?.(tls);
    }
  }

  #outlet: { send(bytes: string): void; end(condition: string): void; hold(until: Promise<unknown>): void } | undefined;
  get outlet() {
    assert.ok(this.#outlet);
    return this.#outlet;
  }

  /** Says something, and answers with what came back. */
  async says(text: string): Promise<string> {
    this.socket.written = '';
    this.connection.received(encode(text));
    return this.hears();
  }

  async hears(): Promise<string> {
    for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
    return this.socket.written;
  }

  async logsIn(mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-1' = 'SCRAM-SHA-256', password = 'pencil'): Promise<string> {
    const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha1';
    const encode = (text: string) => Buffer.from(text).toString('base64');
    const challenge = await this.says(
      `<auth xmlns='${SASL}' mechanism='${mechanism}'>${encode('n,,n=anna,r=abc')}</auth>`,
    );
    const first = Buffer.from(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'base64').toString();
    const [, nonce = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(first) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), hash === 'sha256' ? 32 : 20, hash);
    const client = createHmac(hash, salted).update('Client Key').digest();
    const signature = createHmac(hash, createHash(hash).update(client).digest())
      .update(`n=anna,r=abc,${first},c=biws,r=${nonce}`)
      .digest();
    const proof = Buffer.from(client.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64');
    return this.says(`<response xmlns='${SASL}'>${encode(`c=biws,r=${nonce},p=${proof}`)}</response>`);
  }

  async binds(resource = 'phone'): Promise<string> {
    await this.says(HEADER);
    return this.says(
      `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
  }
}

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const header = (more = '', to = 'example.org') =>
  `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'${more}>`;
const HEADER = header();

test('RFC 6120 §4.7, §5.3.1: without TLS a stranger is offered TLS and nothing else', async () => {
  const talk = new Talk({ tls: null });
  const answer = await talk.says(HEADER);
  assert.match(
    answer,
    /^<\?xml version='1.0'\?><stream:stream from='example.org' id='fresh' version='1.0' xml:lang='en' xmlns='jabber:client'/,
  );
  assert.match(
    answer,
    /<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required\/><\/starttls><\/stream:features>$/,
  );
  assert.match(
    await talk.says(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>AAAA</auth>`),
    /<encryption-required\/>/,
  );
});

test('§5.4: STARTTLS; what was sent before TLS is forgotten', async () => {
  const talk = new Talk({ tls: null });
  await talk.says(HEADER);
  const answer = await talk.says(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${HEADER}<injected/>`);
  assert.equal(answer, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  talk.socket.finishTls?.('TLSv1.3');
  const again = await talk.says(HEADER);
  assert.match(again, /<mechanism>SCRAM-SHA-256<\/mechanism><mechanism>SCRAM-SHA-1<\/mechanism>/);
  assert.doesNotMatch(again, /starttls/);
  await talk.logsIn();
  assert.match(await talk.binds(), /<jid>anna@example.org\/phone<\/jid>/);
  assert.deepEqual(talk.opened, ['anna/phone starttls SCRAM-SHA-256']);
});

test('§5.4.2.2: STARTTLS within TLS fails', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  assert.match(
    await talk.says("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
    /<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'\/><\/stream:stream>/,
  );
  assert.equal(talk.socket.ended, true);
});

test('this machine may go without TLS', async () => {
  const talk = new Talk({ tls: null, loopback: true });
  assert.match(await talk.says(HEADER), /<starttls xmlns='[^']+'><\/starttls><mechanisms/);
  assert.match(await talk.logsIn('SCRAM-SHA-1'), /^<success/);
});

test('§6, §7: login, binding, stanzas, and the end', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  assert.match(await talk.logsIn(), /^<success xmlns='[^']+'>[A-Za-z0-9+/=]+<\/success>$/);
  assert.match(await talk.says(HEADER), /<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'\/>/);
  const bound = await talk.says("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  assert.match(
    bound,
    /^<iq id='b' type='result'><bind xmlns='[^']+'><jid>anna@example.org\/fresh<\/jid><\/bind><\/iq>$/,
  );
  await talk.says("<message to='a@b'><body>1</body></message>  \n <presence/>");
  assert.deepEqual(talk.stanzas, ["message <message to='a@b'><body>1</body></message>", 'presence <presence/>']);
  talk.outlet.send('<message/>');
  assert.equal(await talk.hears(), '<message/>');
  assert.equal(await talk.says('</stream:stream>'), '</stream:stream>');
  assert.deepEqual([talk.closed, talk.socket.ended], [1, true]);
});

test('§7.7: a resource that can be none, and one too many', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  assert.match(await talk.binds('\u200b'), /<bad-request/);
  const bind =
    "<iq type='set' id='c'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>full</resource></bind></iq>";
  assert.match(await talk.says(bind), /<resource-constraint/);
  assert.match(await talk.says(bind.replace('full', 'desk')), /desk<\/jid>/, 'another try is welcome');
});

test('§6.5: what fails a login, and for how long one may try', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  assert.match(await talk.says(`<auth xmlns='${SASL}' mechanism='PLAIN'>AGEAYg==</auth>`), /<invalid-mechanism\/>/);
  assert.match(await talk.says(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>!!!</auth>`), /<incorrect-encoding\/>/);
  assert.match(await talk.says(`<abort xmlns='${SASL}'/>`), /<aborted\/>/);
  assert.match(await talk.logsIn('SCRAM-SHA-256', 'wrong'), /<not-authorized\/>/);
  assert.match(await talk.logsIn('SCRAM-SHA-256', 'wrong'), /<not-authorized\/>.*<policy-violation xmlns/);
  assert.equal(talk.socket.ended, true);
  const suspended = new Talk({ state: 'suspended' });
  await suspended.says(HEADER);
  assert.match(await suspended.logsIn(), /<account-disabled\/>/);
});

/** §4.9.3: [what, header, what else is said, condition] */
const ERRORS: readonly (readonly [string, string, string, string])[] = [
  ['another host', header('', 'other.example'), '', 'host-unknown'],
  ['no host', HEADER.replace(/ to='[^']+'/, ''), '', 'host-unknown'],
  ['an old version', HEADER.replace("'1.0' xmlns", "'0.9' xmlns"), '', 'unsupported-version'],
  ['no version', HEADER.replace(" version='1.0' xmlns", ' xmlns'), '', 'unsupported-version'],
  ['another streams namespace', HEADER.replace('etherx', 'other'), '', 'invalid-namespace'],
  ['another content namespace', HEADER.replace('jabber:client', 'jabber:server'), '', 'invalid-namespace'],
  [
    'another prefix',
    HEADER.replaceAll('stream:stream', 's:stream').replace('xmlns:stream', 'xmlns:s'),
    '',
    'bad-namespace-prefix',
  ],
  ['another element', HEADER.replace('stream:stream', 'stream:other'), '', 'bad-format'],
  ['a stanza before the login', HEADER, '<message/>', 'not-authorized'],
  ['no XML', HEADER, '<<', 'not-well-formed'],
  ['HTTP', 'GET / HTTP/1.1\r\n', '', 'bad-format'],
  ['too much from a stranger', HEADER, `<auth xmlns='${SASL}'>${'A'.repeat(4096)}`, 'policy-violation'],
];
for (const [what, first, then, condition] of ERRORS) {
  test(`§4.9.3: ${what} ends the stream with ${condition}, within a stream of ours`, async () => {
    const talk = new Talk();
    const answer = (await talk.says(first)) + (then === '' ? '' : await talk.says(then));
    assert.match(answer, /^<\?xml version='1.0'\?><stream:stream /);
    assert.match(
      answer,
      new RegExp(
        `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>.*</stream:error></stream:stream>$`,
        's',
      ),
    );
    assert.equal(talk.socket.ended, true);
  });
}

test('§4.9.3.24: what is no stanza ends a bound stream', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  assert.match(await talk.says('<foo/>'), /<unsupported-stanza-type xmlns/);
  assert.equal(talk.closed, 1);
});

test('prefixes of the stream header, and a prefixed stanza, are written so that they mean the same elsewhere', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.says(header(" xmlns:q='urn:q' xmlns:c='jabber:client'"));
  await talk.says("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await talk.says("<message id='1'><q:x/></message><c:message id='2'><c:body>b</c:body></c:message><message id='3'/>");
  assert.deepEqual(talk.stanzas, [
    "message <message xmlns:q='urn:q' id='1'><x xmlns='urn:q'/></message>",
    "message <message xmlns:c='jabber:client' id='2'><body>b</body></message>",
    "message <message id='3'/>",
  ]);
});

test('stanzas wait for the one before that is not done, and nothing is lost meanwhile', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  let done = () => {};
  talk.hold = new Promise<void>((resolve) => {
    done = resolve;
  });
  await talk.says("<iq type='get' id='1'><x xmlns='y'/></iq><presence/>");
  await talk.says('<message/>');
  assert.equal(talk.stanzas.length, 1);
  assert.equal(talk.socket.reading, false);
  talk.hold = undefined;
  done();
  await talk.hears();
  assert.equal(talk.stanzas.length, 3);
  assert.equal(talk.socket.reading, true);
});

test('nothing leaves while the outbox is held, and a farewell waits too', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  let done = () => {};
  talk.outlet.hold(
    new Promise<void>((resolve) => {
      done = resolve;
    }),
  );
  talk.socket.written = '';
  talk.outlet.send('<a/>');
  assert.equal(await talk.hears(), '');
  done();
  assert.equal(await talk.hears(), '<a/>');
});

test('a client that does not read is let go before it fills the memory', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  talk.socket.queued = 50_001;
  talk.outlet.send('x'.repeat(2000));
  assert.deepEqual([talk.socket.destroyed, talk.closed], [true, 1]);
});

test('what one turn gathers for a client that reads is no reason to let it go', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  for (let i = 0; i < 100; i++) talk.outlet.send('x'.repeat(2000));
  assert.equal(talk.socket.destroyed, false);
});

test('a client that asks faster than it reads is not read until it has caught up', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  talk.socket.queued = 20_000;
  await talk.says('<presence/><message/>');
  assert.deepEqual([talk.stanzas.length, talk.socket.reading], [1, false]);
  talk.socket.queued = 0;
  for (let i = 0; i < 50 && talk.stanzas.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([talk.stanzas.length, talk.socket.reading], [2, true]);
});

test('a client that sends too much is slowed down', async () => {
  const talk = new Talk({ limits: { bytesPerSecond: 1000, burstBytes: 5000 } });
  await talk.says(HEADER);
  assert.equal(talk.socket.reading, true);
  talk.connection.received(' '.repeat(6000));
  assert.equal(talk.socket.reading, false);
});
