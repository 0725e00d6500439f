import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outages } from './outages.ts';

test('what fails for everybody is told once a second, with how often it failed meanwhile', () => {
  const told: string[] = [];
  let now = 0;
  const outages = new Outages({ error: (what) => void told.push(what) }, () => now);
  for (; now < 2000; now += 100) outages.tell(`a login at ${now}`, new Error('away'));
  now = 60_000;
  outages.tell('a login much later', new Error('away'));
  assert.deepEqual(told, [
    'a login at 0',
    'a login at 1000, after 9 more failures of its kind',
    'a login much later, after 9 more failures of its kind',
  ]);
});
