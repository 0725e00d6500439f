import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../xml/chars.ts';
import { Jid, JidCache, parseJid } from './jid.ts';
import { preparePassword } from './precis.ts';

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
