import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { all, type Command, forLoginShell, lines, sh } from './shell.ts';

const said = (command: Command) => execFileSync('/bin/sh', ['-c', command.text], { encoding: 'utf8' });

const WORDS = [
  'plain',
  '',
  ' ',
  "it's",
  '$HOME `id` "x"',
  'a;b|c&d>e',
  '*',
  '~',
  '-n',
  'line\nline',
  '\\',
  "'",
  'ü→',
  '!x',
  '#no',
];

test('whatever a word contains, it arrives as one word', () => {
  for (const word of WORDS) assert.equal(said(sh`printf %s ${word}`), word, JSON.stringify(word));
  assert.equal(said(sh`printf '[%s]' ${WORDS}`), WORDS.map((word) => `[${word}]`).join(''));
});

test('the same through the login shell, which quotes it once more', () => {
  for (const word of WORDS) assert.equal(said(forLoginShell(sh`printf %s ${word}`)), word, JSON.stringify(word));
});

test('a command inside a command stays a command', () => {
  assert.equal(said(sh`if ${sh`true`}; then echo yes; fi`), 'yes\n');
  assert.equal(said(all(sh`true`, sh`echo a`)), 'a\n');
  assert.equal(said(lines(sh`false`, sh`echo b`)), 'b\n');
});

test('a word with NUL, which no shell can pass on, is refused', () => {
  assert.throws(() => sh`echo ${'a\0b'}`, TypeError);
});
