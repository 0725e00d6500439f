import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfter } from './core-line.ts';

test('a core that has just gone is looked for often, one that stays away less so', () => {
  let [away, tries] = [0, 0];
  for (let ms = 20; away < 1000; ms = retryAfter(ms, away)) {
    away += ms;
    tries++;
  }
  assert.ok(tries >= 20, `${tries} in the first second`);
  let ms = 20;
  for (let i = 0; i < 20; i++) ms = retryAfter(ms, 60_000);
  assert.equal(ms, 250);
});
