import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinkCounts, Meter } from './meter.ts';

const NOTHING: LinkCounts = { stanzasOut: 0, stanzasIn: 0, batchesOut: 0, batchesIn: 0, bytesOut: 0, bytesIn: 0 };

test('a rate is what was counted since then, over the time since then', () => {
  let counts = NOTHING;
  const meter = new Meter(() => counts, 0);
  counts = { ...NOTHING, stanzasOut: 40, batchesIn: 8, bytesIn: 2000 };
  assert.deepEqual(meter.rates(4000), { ...NOTHING, seconds: 4, stanzasOut: 10, batchesIn: 2, bytesIn: 500 });
});

test('a link that has just begun tells no rates', () => {
  const meter = new Meter(() => NOTHING, 5000);
  assert.equal(meter.rates(5999), undefined);
  assert.equal(meter.rates(6000)?.seconds, 1);
});

test('what was longer ago than the window is not counted, and a link that is quiet comes down to nothing', () => {
  let counts = NOTHING;
  const meter = new Meter(() => counts, 0);
  for (let at = 0; at <= 10_000; at += 500) {
    counts = { ...counts, stanzasOut: counts.stanzasOut + 5 };
    meter.sample(at);
  }
  assert.equal(Math.round(meter.rates(10_000)?.stanzasOut ?? 0), 11, '105 in ten seconds');
  for (let at = 10_500; at <= 30_000; at += 500) meter.sample(at);
  assert.equal(meter.rates(30_000)?.stanzasOut, 0);
  assert.equal(meter.rates(30_000)?.seconds, 10);
});
