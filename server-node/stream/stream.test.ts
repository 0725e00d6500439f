import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADER, header, SASL, secured, Talk } from './talk.fixture.ts';

test('RFC 6120 §4.7, §5.3.1: without TLS a stranger is offered TLS and nothing else', async () => {
  const talk = new Talk({ tls: null });
  const answer = await talk.says(HEADER);
  assert.match(
    answer,
    /^<\?xml version='1.0'\?><stream:stream from='example.org' id='fresh0' version='1.0' xml:lang='en' xmlns='jabber:client'/,
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
  talk.socket.finishTls?.(secured());
  const again = await talk.says(HEADER);
  assert.match(again, /<mechanism>SCRAM-SHA-256<\/mechanism><mechanism>SCRAM-SHA-1<\/mechanism>/);
  assert.doesNotMatch(again, /starttls/);
  await talk.logsIn();
  assert.match(await talk.binds(), /<jid>anna@example.org\/phone<\/jid>/);
  assert.deepEqual(talk.house.opened, ['anna/phone starttls SCRAM-SHA-256']);
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
    /^<iq id='b' type='result'><bind xmlns='[^']+'><jid>anna@example.org\/fresh0<\/jid><\/bind><\/iq>$/,
  );
  await talk.says("<message to='a@b'><body>1</body></message>  \n <presence/>");
  assert.deepEqual(talk.stanzas, ["message <message to='a@b'><body>1</body></message>", 'presence <presence/>']);
  talk.outlet.send('<message/>');
  assert.equal(await talk.hears(), '<message/>');
  assert.equal(await talk.says('</stream:stream>'), '</stream:stream>');
  assert.deepEqual([talk.house.closed, talk.socket.ended], [1, true]);
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
  assert.equal(talk.house.closed, 1);
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

test('RFC 6120 §4.8.3: in a stream whose default namespace is its own, a stanza says that it is of jabber:client', async () => {
  const plain = "<stream xmlns='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";
  const talk = new Talk();
  await talk.says(plain);
  await talk.logsIn();
  await talk.says(plain);
  await talk.says("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  await talk.says("<message xmlns='jabber:client' id='1'><body>x</body></message>");
  assert.match(
    talk.stanzas[0] ?? '',
    /^message <message (?:xmlns='jabber:client' )?id='1'><body>x<\/body><\/message>$/,
  );
  assert.match(await talk.says('<message/>'), /<unsupported-stanza-type/);
});

test('stanzas wait for the one before that is not done, and nothing is lost meanwhile', async () => {
  const talk = new Talk();
  await talk.says(HEADER);
  await talk.logsIn();
  await talk.binds();
  let done = () => {};
  talk.house.hold = new Promise<void>((resolve) => {
    done = resolve;
  });
  await talk.says("<iq type='get' id='1'><x xmlns='y'/></iq><presence/>");
  await talk.says('<message/>');
  assert.equal(talk.stanzas.length, 1);
  assert.equal(talk.socket.reading, false);
  talk.house.hold = undefined;
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
  assert.deepEqual([talk.socket.destroyed, talk.house.closed], [true, 1]);
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

test('a client that sends too many stanzas is slowed down, and nothing of it is lost', async () => {
  const talk = await Talk.bound({ limits: { stanzasPerSecond: 1000, burstStanzas: 20 } });
  await talk.says('<presence/>'.repeat(30));
  assert.ok(talk.stanzas.length >= 15 && talk.stanzas.length < 30, `${talk.stanzas.length} were read at once`);
  assert.equal(talk.socket.reading, false);
  for (let i = 0; i < 100 && talk.stanzas.length < 30; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(talk.stanzas.length, 30);
  for (let i = 0; i < 100 && !talk.socket.reading; i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(talk.socket.reading, true);
});

test('a presence to many costs as much as many stanzas', async () => {
  const talk = await Talk.bound({ limits: { stanzasPerSecond: 1000, burstStanzas: 20 } });
  talk.outlet.charge(5000);
  await talk.says('<presence/>');
  assert.equal(talk.socket.reading, false);
});

test('a client that sends too much is slowed down', async () => {
  const talk = new Talk({ limits: { bytesPerSecond: 1000, burstBytes: 5000 } });
  await talk.says(HEADER);
  assert.equal(talk.socket.reading, true);
  talk.connection.received(' '.repeat(6000));
  assert.equal(talk.socket.reading, false);
});
