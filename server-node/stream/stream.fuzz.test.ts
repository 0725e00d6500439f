// Elements in any order: a stream never fails by a bug, never has two sessions, and lets no stanza through before a login.
import assert from 'node:assert/strict';
import { fuzz, type Random } from '../fuzz.fixture.ts';
import { HEADER, SASL, SASL2, SM, Talk } from './talk.fixture.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const AGENT = "<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>F</software></user-agent>";
const BIND2 = `<bind xmlns='urn:xmpp:bind:0'><tag>F</tag><enable xmlns='${SM}' resume='true'/></bind>`;

const SAYINGS: readonly string[] = [
  HEADER,
  "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
  "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
  '</stream:stream>',
  "<message to='x@example.org'><body>hi</body></message>",
  '<presence/>',
  "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>",
  `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${base64('n,,n=anna,r=abc')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${base64('\0anna\0pencil')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${base64('\0anna\0wrong')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'/>`,
  `<response xmlns='${SASL}'>${base64('\0anna\0pencil')}</response>`,
  `<response xmlns='${SASL}'>=</response>`,
  `<abort xmlns='${SASL}'/>`,
  `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${base64('\0anna\0pencil')}</initial-response>${AGENT}${BIND2}</authenticate>`,
  `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>${base64('\0anna\0pencil')}</initial-response></authenticate>`,
  `<authenticate xmlns='${SASL2}' mechanism='SCRAM-SHA-256'><initial-response>${base64('n,,n=anna,r=abc')}</initial-response></authenticate>`,
  `<authenticate xmlns='${SASL2}' mechanism='HT-SHA-256-NONE'><initial-response>${base64(`anna\0${'x'.repeat(32)}`)}</initial-response>${AGENT}<fast xmlns='urn:xmpp:fast:0'/></authenticate>`,
  `<response xmlns='${SASL2}'>${base64('c=biws,r=abc,p=AAAA')}</response>`,
  `<next xmlns='${SASL2}' task='UPGR-SCRAM-SHA-512'/>`,
  `<abort xmlns='${SASL2}'/>`,
  `<enable xmlns='${SM}' resume='true'/>`,
  `<enable xmlns='${SM}'/>`,
  `<resume xmlns='${SM}' previd='fresh1' h='0'/>`,
  `<resume xmlns='${SM}' previd='fresh0' h='4294967295'/>`,
  `<r xmlns='${SM}'/>`,
  `<a xmlns='${SM}' h='0'/>`,
  `<a xmlns='${SM}' h='7'/>`,
  `<a xmlns='${SM}'/>`,
  "<inactive xmlns='urn:xmpp:csi:0'/>",
  "<active xmlns='urn:xmpp:csi:0'/>",
  "<x:message xmlns:x='jabber:client'/>",
  "<unknown xmlns='urn:x'/>",
  ' ',
];
const ALPHABET = '<>/=\'" abcSH1&;x';

async function act(random: Random, talk: Talk): Promise<void> {
  const kind = random.below(20);
  if (kind === 0) await talk.logsIn();
  else if (kind === 1) await talk.logsIn2(random.of(['', AGENT + BIND2, BIND2]));
  else if (kind === 2) await talk.binds();
  else if (kind === 3) talk.house.outlets.at(-1)?.send('<message/>');
  else if (kind === 4) talk.house.now += random.below(30_000);
  else if (kind < 7) await talk.says(random.mutated(random.of(SAYINGS), ALPHABET));
  else if (kind < 9) await talk.says(random.of(SAYINGS) + random.of(SAYINGS));
  else await talk.says(random.of(SAYINGS));
}

fuzz('elements in any order', 250, async (random) => {
  const talk = new Talk({ plain: true, tls: random.of(['TLSv1.3', 'TLSv1.2', null]), loopback: random.below(2) === 0 });
  let all = '';
  const { house } = talk;
  for (let n = 3 + random.below(20); n > 0; n--) {
    await act(random, talk);
    all += talk.socket.written;
    assert.ok(house.opened.length - house.closed <= 1, 'two sessions on one stream');
    assert.ok(house.stanzas.length === 0 || house.opened.length > 0, 'a stanza before a login');
  }
  assert.doesNotMatch(all, /internal-server-error/, 'a bug');
  talk.connection.lost();
});

/** Two connections that take sessions from each other. */
fuzz('resumption in any order', 120, async (random) => {
  const one = new Talk({ plain: true });
  const talks = [one, new Talk({ plain: true, house: one.house })];
  for (let n = 10 + random.below(20); n > 0; n--) {
    const talk = random.of(talks);
    if (random.below(25) === 0) talk.connection.lost();
    else await act(random, talk);
    assert.doesNotMatch(talk.socket.written, /internal-server-error/, 'a bug');
    assert.ok(one.house.opened.length - one.house.closed <= 2, 'more sessions than streams');
  }
});
