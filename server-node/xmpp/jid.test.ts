import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../xml/chars.ts';
import { Jid, JidCache, parseJid } from './jid.ts';
import { prepareLocal, preparePassword, prepareResource, sameByStringprep } from './precis.ts';

/** RFC 7622 §3.5 gives the first of each list. */
const GOOD: readonly (readonly [string, string])[] = [
  ['juliet@example.com', 'juliet@example.com'],
  ['juliet@example.com/foo', 'juliet@example.com/foo'],
  ['juliet@example.com/foo bar', 'juliet@example.com/foo bar'],
  ['juliet@example.com/foo@bar', 'juliet@example.com/foo@bar'],
  ['foo\\20bar@example.com', 'foo\\20bar@example.com'],
  ['fussball@example.com', 'fussball@example.com'],
  ['fußball@example.com', 'fußball@example.com'],
  ['π@example.com', 'π@example.com'],
  ['Σ@example.com/foo', 'σ@example.com/foo'],
  ['king@example.com/♚', 'king@example.com/♚'],
  ['example.com', 'example.com'],
  ['example.com/foobar', 'example.com/foobar'],
  ['a.example.com/b@example.net', 'a.example.com/b@example.net'],
  ['JULIET@Example.COM.', 'juliet@example.com'],
  ['ｊuliet@example.com', 'juliet@example.com'],
  ['u\u0308@example.com/u\u0308', 'ü@example.com/ü'],
  // RFC 7622 §3.2: A-labels are U-labels, addresses are domains
  ['a@xn--mnchen-3ya.de', 'a@münchen.de'],
  ['a@MÜNCHEN.de', 'a@münchen.de'],
  ['a@xn--fa-hia.de', 'a@faß.de'],
  ['a@例え。テスト', 'a@例え.テスト'],
  ['a@[2001:db8::1]', 'a@[2001:db8::1]'],
  ['a@192.0.2.1', 'a@192.0.2.1'],
  ['a@under_score.example', 'a@under_score.example'],
  // RFC 5893: written from right to left
  ['שלום@example.com', 'שלום@example.com'],
  ['שלום123@example.com', 'שלום123@example.com'],
  ['مرحبا@example.com', 'مرحبا@example.com'],
  // RFC 5892 appendix A: fits its neighbours
  ['paral·lel@example.com', 'paral·lel@example.com'],
  ['क्\u200dष@example.com', 'क्\u200dष@example.com'],
  ['カタ・カナ@example.com', 'カタ・カナ@example.com'],
  ['a@example.com/①🎉 ﬀ', 'a@example.com/①🎉 ﬀ'],
];
const BAD = [
  '"juliet"@example.com',
  'foo bar@example.com',
  'juliet@example.com/',
  '@example.com/',
  'henryⅣ@example.com',
  '♚@example.com',
  'juliet@',
  '/foobar',
  '',
  '@',
  'a@b@c',
  "o'neill@example.com",
  'a&b@example.com',
  'x@exa mple.com',
  'a\u0000@example.com',
  'a@example.com/\u200b',
  `${'x'.repeat(1024)}@example.com`,
  `a@example.com/${'é'.repeat(512)}`,
  'a\u00ad@example.com',
  'a@xn--a.example',
  'a@-dash.example',
  'a@a..b',
  'a@[::1',
  // RFC 5893: not to be told where it begins or ends
  'אa@example.com',
  '1א@example.com',
  'א-@example.com',
  'א1\u0661@example.com',
  // RFC 5892 appendix A: does not fit its neighbours
  'a·b@example.com',
  'a\u200db@example.com',
  'a\u200cb@example.com',
  'a\u0375b@example.com',
  'a・b@example.com',
  '\u0661\u06f1@example.com',
  // RFC 8264 §8: exceptions, old Hangul, private use, unassigned, compatibility
  'a\u0640b@example.com',
  '\u1100@example.com',
  '\ue000@example.com',
  '\u0378@example.com',
  'ﬀ@example.com',
  'a@example.com/\u0378',
];

for (const [text, prepared] of GOOD)
  test(`'${text}' is an address`, () => assert.equal(parseJid(text)?.toString(), prepared));
for (const text of BAD) test(`'${text.slice(0, 40)}' is none`, () => assert.equal(parseJid(text), undefined));

test('an address knows its bare form and how it stands on the wire', () => {
  const jid = new Jid('ü', 'example.com', "it's");
  assert.equal(jid.bare.toString(), 'ü@example.com');
  assert.equal(jid.bare.bare, jid.bare);
  assert.equal(jid.wire, encode('ü@example.com/it&apos;s'));
});

test('the cache answers like the parser', () => {
  const cache = new JidCache();
  assert.equal(cache.parse(encode('Ü@example.com'))?.toString(), 'ü@example.com');
  assert.equal(cache.parse(encode('Ü@example.com')), cache.parse(encode('Ü@example.com')));
  assert.equal(cache.parse('a@'), undefined);
});

test('a password keeps its case and has its spaces made alike (RFC 8265 §4)', () => {
  assert.equal(preparePassword('Correct\u00a0Horse u\u0308'), 'Correct Horse ü');
  assert.equal(preparePassword(''), undefined);
  assert.equal(preparePassword('a\u0007'), undefined);
});

test('preparing what is prepared changes nothing', () => {
  for (const [text] of GOOD) {
    const jid = parseJid(text);
    assert.equal(parseJid(jid?.toString() ?? '')?.toString(), jid?.toString(), text);
  }
});

test('names that servers with stringprep would write otherwise are known (RFC 6122)', () => {
  assert.deepEqual(['anna', 'jürgen', 'σοφία', 'мария', '山田'].map(sameByStringprep), [true, true, true, true, true]);
  assert.deepEqual(['fußball', 'σοφός', 'क्\u200dष'].map(sameByStringprep), [false, false, false]);
});

test('long texts are refused without much work', () => {
  assert.deepEqual(
    [prepareLocal('ü'.repeat(100_000)), prepareResource('ü'.repeat(100_000)), preparePassword('x'.repeat(100_000))],
    [undefined, undefined, undefined],
  );
});
