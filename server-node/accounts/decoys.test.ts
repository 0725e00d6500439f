import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoys } from './decoys.ts';

const SECRET = Buffer.alloc(32, 7);
const NAMES = Array.from({ length: 1000 }, (_, i) => `name${i}`);
const count = (iterations: number, accounts: number, mechanism = 'SCRAM-SHA-256') => ({
  mechanism,
  iterations,
  accounts,
});

test('decoys have the iteration counts that accounts have, as often as they have them', () => {
  const decoys = new Decoys(SECRET, 10_000, [count(4096, 75), count(20_000, 25)], 100);
  const counts = NAMES.map((name) => decoys.keys('SCRAM-SHA-256', name).iterations);
  const old = counts.filter((n) => n === 4096).length;
  assert.ok(old > 680 && old < 820, `${old} of 1000 have what 75 of 100 accounts have`);
  assert.equal(counts.filter((n) => n === 20_000).length, 1000 - old, 'and none has a count that no account has');
});

test('a decoy has the same count with each mechanism, and the same keys each time', () => {
  const both = [count(4096, 1), count(9000, 1), count(4096, 1, 'SCRAM-SHA-1'), count(9000, 1, 'SCRAM-SHA-1')];
  const decoys = new Decoys(SECRET, 10_000, both, 2);
  for (const name of NAMES.slice(0, 50))
    assert.equal(decoys.keys('SCRAM-SHA-256', name).iterations, decoys.keys('SCRAM-SHA-1', name).iterations);
  assert.deepEqual(decoys.keys('SCRAM-SHA-1', 'x'), new Decoys(SECRET, 10_000, both, 2).keys('SCRAM-SHA-1', 'x'));
});

test('a count that is shown for the first time is one that decoys have too; those that change look like a new password', () => {
  const decoys = new Decoys(SECRET, 10_000, [count(4096, 1)], 1);
  const before = NAMES.map((name) => decoys.keys('SCRAM-SHA-256', name));
  decoys.shown('SCRAM-SHA-256', { salt: '', iterations: 10_000, storedKey: '', serverKey: '' });
  const after = NAMES.map((name) => decoys.keys('SCRAM-SHA-256', name));
  const changed = after.filter((keys, i) => keys.iterations !== before[i]?.iterations);
  assert.ok(changed.length > 400 && changed.length < 600);
  for (const [i, keys] of after.entries())
    assert.equal(keys.salt === before[i]?.salt, keys.iterations === before[i]?.iterations);
});

test('passwords are checked against keys that all accounts have', () => {
  assert.equal(new Decoys(SECRET, 1, [], 0).common, 'SCRAM-SHA-512');
  const mixed = [count(1, 2, 'SCRAM-SHA-512'), count(1, 3), count(1, 3, 'SCRAM-SHA-1')];
  assert.equal(new Decoys(SECRET, 1, mixed, 3).common, 'SCRAM-SHA-256');
  assert.equal(new Decoys(SECRET, 1, [count(1, 1), count(1, 2, 'SCRAM-SHA-1')], 3).common, undefined);
});
