import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, bytes, compare, groupsOfFour, number, plural, seconds, span } from './format.ts';

test('ages', () => {
  const now = 1_000_000_000_000;
  assert.equal(ago(now - 2000, now), 'just now');
  assert.equal(ago(now + 2000, now), 'just now');
  assert.equal(ago(now - 59_000, now), '59 s ago');
  assert.equal(ago(now - 240_000, now), '4 min ago');
  assert.equal(span(26 * 3_600_000), '26 h');
  assert.equal(span(72 * 3_600_000), '3 days');
});

test('bytes, numbers and seconds', () => {
  assert.equal(bytes(0), '0 B');
  assert.equal(bytes(999), '999 B');
  assert.equal(bytes(1500), '1.5 kB');
  assert.equal(bytes(112_949_776), '113 MB');
  assert.equal(number(12345), '12\u202f345');
  assert.equal(plural(1, 'session'), '1 session');
  assert.equal(plural(0, 'session'), '0 sessions');
  assert.equal(seconds(0.42), '0.4 s');
  assert.equal(seconds(0.04), 'under 0.1 s');
  assert.equal(seconds(185), '3 min 5 s');
});

const SSH = 'SHA256:uNiVztksCsDhcc0u9e8BrHJq2Zfg3p4nGUMx9mTLLAo';
const HEX = 'ab'.repeat(32);

test('fingerprints in groups of four', () => {
  assert.deepEqual(groupsOfFour(SSH).slice(0, 3), ['SHA256:', 'uNiV', 'ztks']);
  assert.equal(groupsOfFour(HEX).length, 16);
});

test('a pasted fingerprint is compared however it is written', () => {
  assert.equal(compare('', SSH), 'nothing');
  for (const text of [SSH, SSH.slice(7), ` ${SSH}=\n`, groupsOfFour(SSH).join(' '), `256 ${SSH} root@host (ED25519)`])
    assert.equal(compare(text, SSH), 'same', text);
  assert.equal(compare(SSH.replace('u', 'v'), SSH), 'other');
  assert.equal(compare(HEX.toUpperCase().replace(/(..)(?=.)/g, '$1:'), HEX), 'same');
  assert.equal(compare('SHA256 Fingerprint=AB', HEX), 'other');
});
