import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bytes, encode } from './chars.ts';
import { parseElement } from './element.ts';
import { XmlError } from './errors.ts';
import { type Limits, Scanner } from './scanner.ts';
import type { Tag } from './tag.ts';

const LIMITS: Limits = { stanzaBytes: 10_000, depth: 8, attributes: 8, elements: 50 };
const OPEN =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** What a scanner tells of a text fed in pieces, as a list anyone can read. */
function scan(pieces: readonly Bytes[], limits = LIMITS): string[] {
  const told: string[] = [];
  const scanner = new Scanner(limits, {
    opened: (tag: Tag) => told.push(`open ${tag.name}`),
    stanza: (_tag: Tag, raw: Bytes) => told.push(raw),
    closed: () => told.push('closed'),
  });
  try {
    for (const piece of pieces) scanner.feed(piece);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    told.push(`! ${error.condition}`);
  }
  return told;
}

const bytes = (text: string): Bytes[] => [...encode(text)];

/** A generator of numbers that repeats for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function cuts(text: Bytes, next: () => number): Bytes[] {
  const pieces: Bytes[] = [];
  for (let at = 0; at < text.length; ) {
    const length = 1 + Math.floor(next() * 40);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const CONVERSATION =
  `${OPEN} <message to='a@b' id="1"><body>Grüße, 世界 🎉 &lt;&#x41;&amp; ]] ></body></message>\n` +
  "<presence/><iq type='get' id='x'><query xmlns='jabber:iq:roster'/></iq>" +
  "<message><x:y xmlns:x='urn:x' x:a='1'><![CDATA[<&]]></x:y ><empty a='b' /></message></stream:stream>";

test('a stream is cut into its stanzas, with their bytes as they came', () => {
  assert.deepEqual(scan([encode(CONVERSATION)]), [
    'open stream:stream',
    encode(`<message to='a@b' id="1"><body>Grüße, 世界 🎉 &lt;&#x41;&amp; ]] ></body></message>`),
    '<presence/>',
    "<iq type='get' id='x'><query xmlns='jabber:iq:roster'/></iq>",
    "<message><x:y xmlns:x='urn:x' x:a='1'><![CDATA[<&]]></x:y ><empty a='b' /></message>",
    'closed',
  ]);
});

test('fed byte by byte and in random cuts, the result is the same', () => {
  const whole = scan([encode(CONVERSATION)]);
  assert.deepEqual(scan(bytes(CONVERSATION)), whole);
  for (let seed = 1; seed <= 300; seed++)
    assert.deepEqual(scan(cuts(encode(CONVERSATION), random(seed))), whole, `seed ${seed}`);
});

/** [what it is, the content of the stream, what must come of it] */
const CORPUS: readonly (readonly [string, string, string])[] = [
  ['a comment (RFC 6120 §11.1)', '<!-- hi -->', 'restricted-xml'],
  ['a comment within a stanza', '<message><!-- hi --></message>', 'restricted-xml'],
  ['a processing instruction', '<?php ?>', 'restricted-xml'],
  ['a document type', '<!DOCTYPE x>', 'restricted-xml'],
  ['an entity of its own', '<message>&bomb;</message>', 'restricted-xml'],
  ['an entity of its own in a value', "<message id='&bomb;'/>", 'restricted-xml'],
  ['a bare ampersand', '<message>a & b</message>', 'not-well-formed'],
  ['a reference to a control character', '<message>&#0;</message>', 'not-well-formed'],
  ['a reference beyond Unicode', '<message>&#x110000;</message>', 'not-well-formed'],
  ['a reference to a surrogate', '<message>&#xD800;</message>', 'not-well-formed'],
  ['a control character', '<message>\x01</message>', 'not-well-formed'],
  ['a control character in a value', "<message id='\x02'/>", 'not-well-formed'],
  ['another closing tag', '<message></presence>', 'not-well-formed'],
  ['a longer closing tag', '<message></messages>', 'not-well-formed'],
  ['elements that overlap', '<message><a><b></a></b></message>', 'not-well-formed'],
  ['a value without quotes', '<message id=1/>', 'not-well-formed'],
  ['an attribute without a value', '<message id/>', 'not-well-formed'],
  ['an attribute twice', "<message id='1' id='2'/>", 'not-well-formed'],
  ['an attribute twice by two prefixes', "<message xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>", 'not-well-formed'],
  ['attributes that touch', "<message id='1'to='a'/>", 'not-well-formed'],
  ["'<' in a value", "<message id='<'/>", 'not-well-formed'],
  ["']]>' in text", '<message>]]></message>', 'not-well-formed'],
  ['a name that begins with a digit', '<1/>', 'not-well-formed'],
  ['a name with two colons', "<a:b:c xmlns:a='u'/>", 'not-well-formed'],
  ['a prefix that is not declared', '<x:message/>', 'not-well-formed'],
  ['an attribute whose prefix is not declared', "<message x:a='1'/>", 'not-well-formed'],
  ['a prefix after its element', "<message><a xmlns:x='u'/><x:b/></message>", 'not-well-formed'],
  ['a prefix that is undeclared', "<message xmlns:x=''/>", 'not-well-formed'],
  ['the prefix xml for another namespace', "<message xmlns:xml='u'/>", 'not-well-formed'],
  ['text between stanzas', '<message/>hello', 'bad-format'],
  ['CDATA between stanzas', '<![CDATA[ ]]>', 'bad-format'],
  ['too deep', `<a>${'<b>'.repeat(8)}`, 'policy-violation'],
  ['too many attributes', `<a ${Array.from({ length: 9 }, (_, i) => `a${i}=''`).join(' ')}/>`, 'policy-violation'],
  [
    'too many prefixes',
    `<a>${Array.from(
      { length: 9 },
      (_, i) => `<b ${Array.from({ length: 8 }, (_, k) => `xmlns:p${i}-${k}='u'`).join(' ')}>`,
    )
      .join('')
      .slice(0, 5000)}`,
    'policy-violation',
  ],
  ['too many elements', `<a>${'<b/>'.repeat(50)}</a>`, 'policy-violation'],
  ['too long', `<a>${'x'.repeat(10_001)}`, 'policy-violation'],
  ['a tag that is too long', `<a b='${'x'.repeat(10_001)}`, 'policy-violation'],
];

for (const [what, content, condition] of CORPUS) {
  test(`refuses ${what} with ${condition}`, () => {
    assert.equal(scan([OPEN + encode(content)]).at(-1), `! ${condition}`);
    assert.equal(
      scan([OPEN, ...bytes(content), '>'.repeat(20)])
        .at(-1)
        ?.startsWith('!'),
      true,
      'byte by byte',
    );
  });
}

/** Bytes that are not UTF-8 (RFC 3629 §3, §10) or no XML character. */
const BAD_UTF8 = [
  '\xff',
  '\x80',
  '\xc0\xaf',
  '\xc1\xbf',
  '\xe0\x80\xaf',
  '\xed\xa0\x80',
  '\xf0\x80\x80\xaf',
  '\xf4\x90\x80\x80',
  '\xf5\x80\x80\x80',
  '\xc3(',
  '\xef\xbf\xbe',
];
for (const bad of BAD_UTF8) {
  test(`refuses bytes that are not UTF-8: ${Buffer.from(bad, 'latin1').toString('hex')}`, () => {
    for (const place of [`<a>${bad}</a>`, `<a b='${bad}'/>`, `<a><![CDATA[${bad}]]></a>`, `<a${bad}/>`]) {
      assert.match(scan([OPEN + place]).at(-1) ?? '', /^! (bad-format|not-well-formed)$/, JSON.stringify(place));
    }
  });
}

test('what is well-formed passes', () => {
  const fine = [
    "<message xml:lang='de'/>",
    '<a:b xmlns:a="u" a:c="\'"/>',
    '<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;</a>',
    '<a>]]</a>',
    '<a >\r\n\t</a >',
    '<ünïcode-näme/>',
    "<a b = 'c' />",
    '<a><![CDATA[]]]]></a>',
    '<_a.b-c1/>',
  ];
  for (const content of fine) assert.deepEqual(scan([OPEN + encode(content)]).slice(1), [encode(content)]);
});

test('a declaration may come first, and must be of XML 1.0 in UTF-8 (RFC 6120 §11)', () => {
  const open = OPEN.slice(OPEN.indexOf('<stream'));
  assert.deepEqual(scan([`<?xml version="1.0" encoding='utf-8' ?>\n${open}`]), ['open stream:stream']);
  assert.deepEqual(scan([encode('\ufeff') + open]), ['open stream:stream']);
  assert.deepEqual(scan([`<?xml version='1.0' encoding='ISO-8859-1'?>${open}`]), ['! unsupported-encoding']);
  assert.deepEqual(scan([`<?xml encoding='utf-8'?>${open}`]), ['! not-well-formed']);
  assert.deepEqual(scan([`${OPEN}<?xml version='1.0'?>`]).at(-1), '! restricted-xml');
});

test('a pause keeps what comes in, and a reset forgets it or keeps it', () => {
  const told: string[] = [];
  const scanner = new Scanner(LIMITS, {
    opened: () => told.push('open'),
    stanza: (tag) => {
      told.push(tag.name);
      if (tag.name === 'pause') scanner.pause();
      if (tag.name === 'forget') scanner.reset(false);
      if (tag.name === 'keep') scanner.reset(true);
    },
    closed: () => told.push('closed'),
  });
  scanner.feed(`${OPEN}<pause/><a/>`);
  scanner.feed('<b/>');
  assert.deepEqual(told, ['open', 'pause']);
  scanner.resume();
  assert.deepEqual(told, ['open', 'pause', 'a', 'b']);
  scanner.feed(`<forget/><injected/>`);
  scanner.feed(`${OPEN}<keep/>${OPEN}<c/>`);
  assert.deepEqual(told, ['open', 'pause', 'a', 'b', 'forget', 'open', 'keep', 'open', 'c']);
});

test('feeding byte by byte costs no more than the length', () => {
  // joined again for every byte, this would take minutes
  const limits = { ...LIMITS, stanzaBytes: 3_000_000 };
  const piece = [...`<a><b c='${'x'.repeat(200_000)}'/>${'y'.repeat(200_000)}</a>`];
  assert.equal(scan([OPEN, ...piece], limits).length, 2);
});

for (const [what, before, after] of [
  ['an attribute full of >', `<a><b c='`, `'/></a>`],
  ['an attribute full of > in double quotes', `<a><b c="`, `"/></a>`],
  ['a CDATA section full of >', '<a><![CDATA[', ']]></a>'],
  ['a closing tag full of space', '<a></a', '></a>'.slice(0, 1)],
] as const)
  test(`${what}, byte by byte, costs no more than its length`, () => {
    const limits = { ...LIMITS, stanzaBytes: 3_000_000 };
    const filling = (what.includes('space') ? ' ' : '>').repeat(400_000);
    assert.equal(scan([OPEN, ...`${before}${filling}${after}`], limits).length, 2);
    const header = `<stream:stream to='${'>'.repeat(200_000)}'`;
    assert.deepEqual(scan([...header], limits), [], 'before a stream there is too');
  });

test('a fuzzer changes bytes: cuts never change the outcome, and whatever passes can be built and written again', () => {
  const next = random(20261124);
  const seed = encode(CONVERSATION);
  const ALPHABET = '<>/=\'"& ax:]![CDAT\x00\x80\xc3\xbc?-;#';
  for (let round = 0; round < 4000; round++) {
    let text = seed;
    for (let changes = 1 + Math.floor(next() * 4); changes > 0; changes--) {
      const at = Math.floor(next() * text.length);
      const letter = ALPHABET[Math.floor(next() * ALPHABET.length)] ?? 'a';
      const how = Math.floor(next() * 3);
      text = text.slice(0, at) + (how === 0 ? '' : letter) + text.slice(how === 1 ? at : at + 1);
    }
    const whole = scan([text]);
    assert.deepEqual(scan(cuts(text, next)), whole, `round ${round}: ${JSON.stringify(text)}`);
    for (const raw of whole.slice(1).filter((line) => line.startsWith('<'))) {
      const once = parseElement(raw, 'jabber:client').serialize('jabber:client');
      assert.equal(parseElement(once, 'jabber:client').serialize('jabber:client'), once);
    }
  }
});
