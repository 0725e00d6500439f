import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ParleyError } from '../../shared/errors.ts';
import { configOf, parseConfig, parseSetting, writeConfig } from './config.ts';
import { byName, edgeConfigOf, parseEdgeConfig, writeEdgeConfig } from './edge-config.ts';
import { KEY_NAMES } from './keys.ts';

test('what is written is read again, and every key is explained', () => {
  const given = new Map<string, unknown>([
    ['domain', 'example.org'],
    ['listen.c2s', '127.0.0.1:1'],
    ['limits.depth', 99],
  ]);
  const text = writeConfig(given);
  assert.deepEqual(parseConfig(text, 'x'), configOf(given, 'x'));
  for (const name of KEY_NAMES) assert.match(text, new RegExp(`^#? ?${name.slice(name.indexOf('.') + 1)} = `, 'm'));
});

test('a list is written as one, and as one text with spaces where there is no other way', () => {
  const abuse = ['mailto:abuse@example.org', 'xmpp:abuse@example.org'];
  const file = `domain = "example.org"\n[contact]\nabuse = ${JSON.stringify(abuse)}`;
  assert.deepEqual(parseConfig(file, 'x')['contact.abuse'], abuse);
  const given = new Map<string, unknown>([['domain', 'example.org'], parseSetting(`contact.abuse=${abuse.join(' ')}`)]);
  assert.deepEqual(parseConfig(writeConfig(given), 'x')['contact.abuse'], abuse);
});

test('example.toml is what the keys say', () => {
  const example = readFileSync(new URL('./example.toml', import.meta.url), 'utf8');
  assert.equal(example, writeConfig(new Map()), 'run: npm run generate');
});

test('an edge has a configuration of its own, explained in the same way', () => {
  const example = readFileSync(new URL('./edge.example.toml', import.meta.url), 'utf8');
  assert.equal(example, writeEdgeConfig(new Map()), 'run: npm run generate');
  const given = new Map<string, unknown>([
    ['cores', ['a.example=edge.sock', 'b.example=[2001:db8::1]:5270', 'b.example=10.0.0.2:5270']],
    ['proxy.trusted', ['192.0.2.0/24']],
  ]);
  const config = parseEdgeConfig(writeEdgeConfig(given), 'x');
  assert.deepEqual(config, edgeConfigOf(given, 'x'));
  assert.deepEqual(
    [...byName(config.cores)],
    [
      ['a.example', ['edge.sock']],
      ['b.example', ['[2001:db8::1]:5270', '10.0.0.2:5270']],
    ],
  );
  for (const [text, words] of [
    ['name = "x"', /does not say cores/],
    ['cores = []', /needs a core/],
    ['cores = ["edge.sock"]', /A core is "example.org=/],
    ['cores = ["a=b"]\n[proxy]\ntrusted = ["192.0.2.1"]', /A network is/],
    ['cores = ["a=b"]\n[limits]\nroster_items = 3', /doesn't know: limits.roster_items/],
  ] as const)
    assert.throws(
      () => parseEdgeConfig(text, 'edge.toml'),
      (error: unknown) => error instanceof ParleyError && words.test(error.message.replaceAll('\n', ' ')),
    );
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['domain = ', /not TOML/],
  ['', /does not say domain/],
  ['domain = "Example.org"', /domain can't be "Example.org".*small letters/],
  ['domain = "example.org"\n[listen]\nc2s = "5222"', /listen.c2s can't be "5222"/],
  ['domain = "example.org"\n[listen]\nc2s = "*:99999"', /listen.c2s/],
  ['domain = "example.org"\n[listen]\nc2ss = "*:1"', /doesn't know: listen.c2ss.*Did you mean listen.c2s\?/],
  ['domain = "example.org"\nadmins = ["anna"]', /admins can't be.*such as "anna@example.org"/],
  ['domain = "example.org"\n[contact]\nabuse = ["nobody"]', /contact.abuse can't be.*is a URI/],
  ['domain = "example.org"\n[limits]\ndepth = "many"', /limits.depth can't be "many".*whole number/],
  ['domain = "example.org"\n[limits]\ndepth = 1.5', /limits.depth/],
];
for (const [text, words] of WRONG) {
  test(`refuses ${JSON.stringify(text)} in words`, () => {
    assert.throws(
      () => parseConfig(text, 'parleyd.toml'),
      (error: unknown) => error instanceof ParleyError && words.test(error.message.replaceAll('\n', ' ')),
    );
  });
}

test('a setting of the command line is a key and a value', () => {
  assert.deepEqual(parseSetting('listen.c2s=[::1]:5222'), ['listen.c2s', '[::1]:5222']);
  assert.deepEqual(parseSetting('limits.depth=10'), ['limits.depth', 10]);
  assert.deepEqual(parseSetting('auth.plain=true'), ['auth.plain', true]);
  assert.throws(() => parseSetting('nothing'), ParleyError);
});
