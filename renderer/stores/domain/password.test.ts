import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameProblem, newPassword } from './password.ts';

test('a password is four groups of four, with nothing that looks alike', () => {
  const seen = new Set(Array.from({ length: 200 }, () => newPassword((bytes) => crypto.getRandomValues(bytes))));
  assert.equal(seen.size, 200);
  for (const it of seen) assert.match(it, /^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$/);
});

test('bytes that would make a letter likelier are drawn again', () => {
  let draws = 0;
  newPassword((bytes) => bytes.fill(draws++ === 0 ? 255 : 0));
  assert.equal(draws, 2);
});

test('a name says what would be right', () => {
  assert.equal(nameProblem('anna.b-1'), undefined);
  assert.match(nameProblem('anna@acme.example') ?? '', /: anna\./);
  assert.match(nameProblem('an na') ?? '', /spaces/);
  assert.match(nameProblem('a/b') ?? '', /^\/ can't/);
});
