import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainNameProblem } from './domain-name.ts';

for (const name of [
  'example.org',
  'localhost',
  'demo.localhost',
  'xn--mnchen-3ya.example',
  'a.b-c.d1',
  '1a.example',
  `${'a'.repeat(63)}.org`,
]) {
  test(`${name.slice(0, 30)} can be a domain`, () => assert.equal(domainNameProblem(name), undefined));
}

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['', /Type the domain/],
  ['Example.org', /small letters: example.org/],
  ['anna@example.org', /Leave out the name and the @/],
  ['münchen.example', /ASCII form/],
  ['example..org', /twice in a row/],
  ['.example.org', /dot stands/],
  ['example.org.', /dot stands/],
  ['-a.example', /'-a' can't be part/],
  ['a_b.example', /'a_b' can't be part/],
  ['exa mple.org', /can't be part/],
  [`${'a'.repeat(64)}.org`, /63 at most/],
  [Array.from({ length: 128 }, () => 'ab').join('.'), /at most 253/],
  ['192.0.2.1', /This is an address/],
];
for (const [name, words] of WRONG)
  test(`'${name.slice(0, 30)}' can't, and says why`, () => assert.match(domainNameProblem(name) ?? '', words));
