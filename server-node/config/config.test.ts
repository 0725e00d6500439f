import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ParleyError } from '../../shared/errors.ts';
import { changeConfig, configOf, parseConfig, parseSetting, writeConfig } from './config.ts';
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

test('keys are changed in place, and everything else stays: comments, order, other sections', () => {
  const text = `# mine
domain = "example.org"

[storage] # where
# storage.path is explained here
path = "a.db"
# url = "off"

[limits]
# pool = 3
depth = 10`;
  const changed = changeConfig(
    text,
    new Map([
      ['storage.url', 'postgres://parley@db/parley'],
      ['storage.ca', 'ca.pem'],
      ['storage.path', undefined],
      ['log.level', 'warn'],
    ]),
  );
  assert.equal(
    changed,
    `# mine
domain = "example.org"

[storage] # where
ca = "ca.pem"
# storage.path is explained here
# path = "a.db"
url = "postgres://parley@db/parley"

[limits]
# pool = 3
depth = 10

[log]
level = "warn"
`,
  );
  const all = writeConfig(new Map([['domain', 'example.org']]));
  const there = changeConfig(all, new Map([['storage.url', 'postgres://parley@db/parley']]));
  assert.equal(
    changeConfig(there, new Map([['storage.url', undefined]])).replace(
      '# url = "postgres://parley@db/parley"',
      '# url = "off"',
    ),
    all,
  );
});

test('what is written in a way that is not understood is refused, and not written over', () => {
  const text = `domain = "example.org"\nstorage.path = "a.db"\n`;
  assert.throws(
    () => changeConfig(text, new Map([['storage.path', undefined]])),
    /storage.path.*can't be changed|is not TOML/s,
  );
});

test('a password in the address of a database is refused with the way that it may be given', () => {
  const config = (url: string) => () =>
    configOf(
      new Map([
        ['domain', 'example.org'],
        ['storage.url', url],
      ]),
      'x',
    );
  assert.throws(config('postgres://parley:secret@db/parley'), /file of its own.*storage\.password_file/s);
  for (const url of [
    'postgres://parley@db',
    'postgres://db/parley',
    'mysql://parley@db/parley',
    'postgres://parley@db/parley?password=x',
  ])
    assert.throws(config(url), /storage\.url can't be/);
  for (const url of [
    'postgres://parley@db.example.org:6432/parley',
    'postgresql://p@[::1]/x',
    'postgres://p@%2Frun%2Fpostgresql/x',
    'off',
  ])
    config(url)();
});
