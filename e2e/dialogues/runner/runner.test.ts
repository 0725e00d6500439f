// The runner must be able to fail: servers that are wrong in small ways are played here, and found out.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { parseDialogues } from './format.ts';
import { allDialogues, awaited, unknownAwaited } from './library.ts';
import { matchText, mismatch, type Names } from './match.ts';
import { brief, play, type Result, type Stage, toBytes } from './play.ts';
import { readReasons, report } from './report.ts';
import { parseXml, type StreamEvent, StreamReader } from './xml.ts';

const names = (values: Record<string, string> = {}): Names & { kept: Record<string, string> } => {
  const kept: Record<string, string> = {};
  return { kept, value: (name) => values[name] ?? kept[name], keep: (name, value) => void (kept[name] = value) };
};
const differs = (expected: string, actual: string): string | undefined => {
  const [one, other] = [parseXml(expected)[0], parseXml(actual)[0]];
  assert.ok(one !== undefined && other !== undefined);
  return mismatch(one, other, names({ Romeo: 'romeo@example.org/orchard' }));
};

const SAME: readonly (readonly [string, string])[] = [
  [
    "<message type='chat'><body>a</body></message>",
    "<message id='1' type='chat' to='x' from='y'><body>a</body></message>",
  ],
  ["<message from='{Romeo}'/>", "<message from='romeo@example.org/orchard'/>"],
  [
    "<iq type='result'><query xmlns='a'><b/><c/></query></iq>",
    "<iq type='result'><q:query xmlns:q='a'><q:c/><q:b/></q:query></iq>",
  ],
  [
    "<iq type='result'><query xmlns='a'>{more}</query></iq>",
    "<iq type='result'><query xmlns='a' ver='1'><b/>x</query></iq>",
  ],
  ['<presence/>', "<presence><delay xmlns='urn:xmpp:delay' stamp='x'/></presence>"],
  ["<iq type='result'><q xmlns='a' v='{maybe 1}'/></iq>", "<iq type='result'><q xmlns='a'/></iq>"],
  ['<message><body>a &amp; {any}</body></message>', '<message><body>a &#38; b</body></message>'],
  [
    "<iq type='error'><error type='cancel'><e xmlns='s'/></error></iq>",
    "<iq type='error'><query xmlns='a'/><error type='cancel' by='x'><e xmlns='s'/><text xmlns='s'>why</text></error></iq>",
  ],
];
for (const [expected, actual] of SAME)
  test(`${expected} is ${actual}`, () => assert.equal(differs(expected, actual), undefined));

const OTHER: readonly (readonly [string, string, RegExp])[] = [
  ['<message/>', '<presence/>', /received <presence\/>/],
  ['<message/>', "<message xmlns='jabber:server'/>", /of jabber:server/],
  ['<message/>', "<message type='error'/>", /has type='error', which is not expected/],
  ['<presence/>', "<presence type='unavailable'/>", /has type='unavailable'/],
  ["<message type='chat'/>", '<message/>', /has no 'type'/],
  ["<message from='{Romeo}'/>", "<message from='romeo@example.org'/>", /expected '{Romeo}'/],
  ["<message from='{none}'/>", "<message from='x'/>", /must have no 'from'/],
  ['<message><body>a</body></message>', '<message><body>b</body></message>', /says 'b', expected 'a'/],
  ['<message><body>a</body></message>', '<message/>', /lacks <body>a/],
  ['<message/>', '<message><body>a</body></message>', /a child that is not expected/],
  [
    '<message><body>a</body></message>',
    '<message><body>a</body><body>a</body></message>',
    /a child that is not expected/,
  ],
  ['<message><x/><x/></message>', '<message><x/></message>', /lacks <x\/>/],
  ["<message><x xmlns='a'/></message>", "<message><x xmlns='b'/></message>", /lacks <x xmlns='a'\/>/],
  ['<message/>', "<message><delay xmlns='urn:xmpp:delay' stamp='x'/></message>", /a child that is not expected/],
  [
    "<iq type='set'><query xmlns='a'><item/></query></iq>",
    "<iq type='set'><query xmlns='a'><item ask='x'/></query></iq>",
    /ask='x', which/,
  ],
  ["<iq type='result'/>", "<iq type='result'>text</iq>", /says 'text'/],
  ["<message to='{any}'/>", "<message to=''/>", /has to=''/],
  [
    "<iq type='error'><error type='cancel'><e xmlns='s'/></error></iq>",
    "<iq type='error'><error type='auth'><e xmlns='s'/></error></iq>",
    /has type='auth'/,
  ],
  [
    "<iq type='error'><error type='cancel'><e xmlns='s'/></error></iq>",
    "<iq type='error'><error type='cancel'/></iq>",
    /lacks <e/,
  ],
];
for (const [expected, actual, why] of OTHER)
  test(`${expected} is not ${actual}`, () => assert.match(differs(expected, actual) ?? 'the same', why));

test('placeholders: any, like, stamp, keep, and what was kept', () => {
  const some = names();
  assert.equal(matchText('a{any}', 'a', some), false);
  assert.equal(matchText('{like [0-9]{2}}', '12', some), true);
  assert.equal(matchText('{like [0-9]{2}}', '123', some), false);
  assert.equal(matchText('{stamp}', '2026-11-24T14:00:00Z', some), true);
  assert.equal(matchText('{stamp}', '20261124T14:00:00', some), false);
  assert.equal(matchText('{keep id}', 'x.1', some), true);
  assert.equal(matchText('{id}', 'xy1', some), false);
  assert.equal(matchText('{id}', 'x.1', some), true);
  assert.throws(() => matchText('{nobody}', 'x', some), /nothing is called {nobody}/);
});

test('a stream is read in pieces of any size, and through a restart', () => {
  const text =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>" +
    "<a b='>'>&lt;<![CDATA[<x>]]></a><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>" +
    '<b/> </stream:stream>';
  const all = (size: number): StreamEvent[] => {
    const events: StreamEvent[] = [];
    const reader = new StreamReader((event) => events.push(event));
    for (let i = 0; i < text.length; i += size) reader.feed(text.slice(i, i + size));
    return events;
  };
  assert.deepEqual(all(1), all(10_000));
  assert.deepEqual(
    all(7).map((event) => event.kind),
    ['header', 'element', 'header', 'element', 'end'],
  );
  const second = all(7)[1];
  assert.ok(second?.kind === 'element');
  assert.equal(second.node.attributes['b'], '>');
  assert.equal(second.node.children.join(''), '<<x>');
});

for (const text of ['<a></b>', '<a', '<a><b></a>', "<a x='1' x='2'/>", '<p:a/>', 'text'])
  test(`'${text}' is no XML for a dialogue`, () => assert.throws(() => parseXml(text)));

test('broken UTF-8 leaves as it is written', () => {
  assert.deepEqual([...toBytes(`é${String.fromCharCode(0xf7c3)}(`)], [0xc3, 0xa9, 0xc3, 0x28]);
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['Romeo is romeo/a.', /f:1: a dialogue begins with ==/],
  ['== t\nRomeo is romeo/a.', /f:2: a dialogue names its clause/],
  ['== t\nRFC 6121 §1\nRomeo is romeo/a.\nRomeo sends: <message/>', /f:1: nothing is expected/],
  ['== t\nRFC 6121 §1\nRomeo is romeo/a.\nRomeo recieves: <message/>', /f:4: this means nothing/],
  ['== t\nRFC 6121 §1\nRomeo receives nothing.', /f:3: nobody is called Romeo/],
  ['== t\nRFC 6121 §1\nRomeo is romeo/a.\nRomeo receives: <message>', /f:4: /],
  ['== t\nRFC 6121 §1\nRomeo is romeo/a.\nRomeo receives:', /f:4: it says not what/],
  ['== t\nRFC 6121 §1\nRomeo is romeo/a, drunk.', /f:3: this means nothing/],
];
for (const [text, why] of BAD)
  test(`no dialogue: ${text.replaceAll('\n', ' | ')}`, () => assert.throws(() => parseDialogues('f', text), why));

/** A server of a few lines: no password, and answers as a test likes. */
class Puppet {
  readonly server: Server;
  answer: (stanza: string) => string = () => '';

  constructor() {
    this.server = createServer((socket) => {
      const bound = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'";
      socket.on('error', () => {});
      socket.on('data', (data: Buffer) => {
        for (const [stanza] of data
          .toString()
          .matchAll(/<\?xml.*?\?><stream:stream.*?>|<(\w+)[^>]*?(?:\/>|>.*?<\/\1>)/gs)) {
          const id = /id='([^']*)'/.exec(stanza)?.[1] ?? '';
          if (stanza.startsWith('<?xml')) {
            const sasl =
              "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
            const opening = `<stream:stream id='1' from='d' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
            socket.write(`${opening}<stream:features>${sasl}</stream:features>`);
          } else if (stanza.startsWith('<auth')) socket.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
          else if (stanza.includes('<bind'))
            socket.write(`<iq type='result' id='${id}'><bind ${bound}><jid>u@d/r</jid></bind></iq>`);
          else if (id.startsWith('dialogue-ping-')) socket.write(`<iq type='result' id='${id}'/>`);
          else socket.write(this.answer(stanza));
        }
      });
    });
  }

  async plays(text: string): Promise<string | undefined> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const at = this.server.address();
    const port = typeof at === 'object' && at !== null ? at.port : 0;
    const account = () => ({ name: 'u', password: 'p' });
    const stage: Stage = { host: '127.0.0.1', port, domain: 'd', account, ghost: () => 'ghost' };
    const [dialogue] = parseDialogues('f', `== t\nRFC 6121 §1\nRomeo is romeo/r.\n${text}`);
    assert.ok(dialogue !== undefined);
    const { failure } = await play(dialogue, stage);
    this.server.close();
    return failure;
  }
}

const ASKS = "Romeo sends: <iq type='get' id='1'/>\nRomeo receives: <iq type='result' id='1'/>\n";
const SERVERS: readonly (readonly [string, string, string, RegExp | undefined])[] = [
  ['that is right passes', ASKS, "<iq type='result' id='1'/>", undefined],
  ['that answers something else is found out', ASKS, "<iq type='result' id='2'/>", /^f:5: t[\s\S]*has id='2'/],
  ['that answers twice is found out', ASKS, "<iq type='result' id='1'/><iq type='result' id='1'/>", /expected nothing/],
  ['that closes instead of answering is found out', ASKS, '</stream:stream>', /received the end of the stream/],
  [
    'that speaks when it should not is found out',
    'Romeo sends: <message/>\nRomeo receives nothing.',
    '<message/>',
    /^f:5: [\s\S]*expected nothing/,
  ],
  ['that says no XML is found out', ASKS, '<iq></presence>', /closes/],
  [
    'that says more than one of the choices is found out',
    "Romeo sends: <message/>\nRomeo receives one of: <message id='a'/><message id='b'/>",
    "<message id='b'/><message id='a'/>",
    /expected nothing/,
  ],
  [
    'that speaks in any order passes where any is right',
    "Romeo sends: <message/>\nRomeo receives in any order: <message id='a'/><message id='b'/>",
    "<message id='b'/><message id='a'/>",
    undefined,
  ],
  [
    'that speaks in the wrong order is found out',
    "Romeo sends: <message/>\nRomeo receives: <message id='a'/><message id='b'/>",
    "<message id='b'/><message id='a'/>",
    /has id='b'/,
  ],
];
for (const [what, text, answer, why] of SERVERS) {
  test(`a server ${what}`, async () => {
    const puppet = new Puppet();
    puppet.answer = () => answer;
    const failure = await puppet.plays(text);
    if (why === undefined) assert.equal(failure, undefined);
    else assert.match(failure ?? 'no failure', why);
  });
}

test('what came instead is told in a few words', () => {
  const of = (xml: string): string => {
    const [node] = parseXml(xml);
    assert.ok(node !== undefined);
    return brief({ kind: 'element', node });
  };
  assert.equal(
    of("<iq type='error'><query xmlns='a'/><error type='cancel'><gone xmlns='s'/></error></iq>"),
    'iq error: gone',
  );
  assert.equal(of("<stream:error><conflict xmlns='s'/></stream:error>"), 'stream error: conflict');
  assert.equal(of("<presence type='unavailable'/>"), 'presence unavailable');
  assert.equal(brief(undefined), 'nothing');
});

test('a report counts by specification, and gives the reasons that fit', () => {
  const dialogues = parseDialogues(
    'xep-0001/a.dialogue',
    ['one', 'two', 'three']
      .map((title) => `== ${title}\nXEP-0001 §1\nRomeo is romeo/r.\nRomeo receives nothing.\n`)
      .join('\n'),
  );
  const result = (i: number, failure?: string): Result => {
    const dialogue = dialogues[i];
    assert.ok(dialogue !== undefined);
    return { dialogue, failure, saw: failure === undefined ? undefined : 'nothing', ms: 0 };
  };
  const runs = [
    { server: 'own', results: [result(0), result(1)] },
    { server: 'peer 1.0', results: [result(0), result(1, 'no'), result(2, 'no')] },
  ];
  const text = report(
    dialogues,
    runs,
    '2026-01-01',
    readReasons('# a comment\npeer\n- : two\nA reason.\n\nother\n- one\nNot this.'),
  );
  assert.match(text, /\| XEP-0001 \| 3 \| 0 \| 2 \| 1 \|/);
  assert.match(text, /1 dialogues await/);
  assert.match(text, /A reason\.\n\n- xep-0001\/a\.dialogue: two \(XEP-0001 §1\): nothing/);
  assert.match(text, /Nobody has looked[^\n]*\n\n- xep-0001\/a\.dialogue: three/);
  assert.doesNotMatch(text, /Not this/);
});

test('lines are joined where a tag or a text goes on, and stanzas are not', () => {
  const [dialogue] = parseDialogues(
    'f',
    "== t\nRFC 6121 §1\nRomeo is romeo/r.\nRomeo sends:\n  <message\n  to='x'><body>a\n  b</body>\n  </message>\nRomeo receives nothing.",
  );
  assert.deepEqual(dialogue?.steps[0]?.action, { kind: 'send', text: "<message to='x'><body>a b</body></message>" });
});

test('every dialogue can be read, and every line of awaited.txt names one', () => {
  const all = allDialogues();
  assert.deepEqual(unknownAwaited(all, awaited()), []);
});
