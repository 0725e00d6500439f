import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeRow } from '../storage/leases.ts';
import { type Beat, Standing } from './standing.ts';

const LIMITS = { leaseMs: 4000, stopMs: 3000 };
const row = (run: string, renewals: number, state: NodeRow['state'] = 'live'): NodeRow => ({
  node: run,
  run,
  renewals,
  state,
  info: {},
});
const beat = (run: string, heard: Record<string, number> = {}, more: Partial<Beat> = {}): Beat => ({
  run,
  node: run,
  count: 1,
  heard,
  database: true,
  sessions: 0,
  draining: false,
  version: '1',
  ...more,
});

test('a node serves from when it began a renewal, not from when it learnt that it went well', () => {
  const me = new Standing('a', LIMITS, 0);
  assert.equal(me.renewed([row('a', 1)], 1000, 3500), true);
  assert.equal(me.mayServe(false, 3999), true);
  assert.equal(me.mayServe(false, 4000), false);
});

test('one that was fenced, or whose row another run has, serves no more', () => {
  const me = new Standing('a', LIMITS, 0);
  assert.equal(me.renewed([row('a', 1, 'fenced')], 0, 0), false);
  assert.equal(me.renewed([row('b', 1)], 0, 0), false);
});

test('a node is silent when its counter stood still for a lease while we looked, and nothing was heard of it', () => {
  const me = new Standing('a', LIMITS, 0);
  for (let at = 0; at <= 3000; at += 1000) me.renewed([row('a', at), row('b', 7)], at, at);
  assert.deepEqual(me.silent(3999), []);
  me.renewed([row('a', 9), row('b', 7)], 4000, 4000);
  assert.deepEqual(
    me.silent(4000).map(({ run }) => run),
    ['b'],
  );
  me.heard(beat('b'), 4000);
  assert.deepEqual(me.silent(7999), [], 'it speaks, whatever its counter says');
});

test('who has not looked for a while begins to count anew: it may have missed a renewal', () => {
  const me = new Standing('a', LIMITS, 0);
  me.renewed([row('a', 1), row('b', 7)], 0, 0);
  me.renewed([row('a', 2), row('b', 7)], 60_000, 60_000);
  assert.deepEqual(me.silent(60_000), []);
  for (let at = 61_000; at <= 64_000; at += 1000) me.renewed([row('a', at), row('b', 7)], at, at);
  assert.equal(me.silent(64_000).length, 1);
});

test('without the database a node goes on as long as every other says that it was heard, and no longer', () => {
  const me = new Standing('a', LIMITS, 0);
  me.renewed([row('a', 1), row('b', 1), row('c', 1)], 0, 0);
  const first = me.beat(10_000).count;
  me.heard(beat('b', { a: first }), 10_100);
  assert.equal(me.mayServe(true, 10_200), false, 'c has not said so');
  me.heard(beat('c', { a: first }), 10_100);
  assert.equal(me.mayServe(true, 12_999), true);
  assert.equal(me.mayServe(true, 13_000), false, 'counted from when the beat was sent');
  assert.equal(me.mayServe(false, 10_200), false, 'who can not be heard knows nothing of what others think');
});

test('one that is alone goes on without the database while the bus is there: somebody new would be heard', () => {
  const me = new Standing('a', LIMITS, 0);
  me.renewed([row('a', 1)], 0, 0);
  assert.equal(me.mayServe(true, 60_000), true);
  me.heard(beat('new'), 60_000);
  assert.equal(me.mayServe(true, 60_000), false, 'until it says that it hears us');
});

test('those are vouched for who say that they can not reach the database, and were heard lately', () => {
  const me = new Standing('a', LIMITS, 0);
  me.heard(beat('b', {}, { database: false }), 1000);
  me.heard(beat('c'), 1000);
  assert.deepEqual(me.vouched(1500), ['b']);
  assert.deepEqual(me.vouched(3000), []);
});

test('a run whose row another one took is forgotten: it keeps nobody from serving without the database', () => {
  const me = new Standing('a', LIMITS, 0);
  me.renewed([row('a', 1), row('b old', 7)], 0, 0);
  me.renewed([row('a', 2), row('b new', 1)], 1000, 1000);
  me.renewed([row('a', 3), row('b new', 2)], 2000, 2000);
  const { count } = me.beat(10_000);
  me.heard(beat('b new', { a: count }), 10_000);
  assert.equal(me.mayServe(true, 11_000), true);
  assert.deepEqual(
    me.silent(60_000).map(({ run }) => run),
    ['b new'],
    'b old is nobody',
  );
});

test('the way of a beat there and back is measured without the time that it lay there', () => {
  const me = new Standing('a', LIMITS, 0);
  assert.equal(me.roundTrip('b', 0), undefined);
  const count = me.beat(1000).count;
  me.heard(beat('b', { a: count }, { held: { a: 380 } }), 1400);
  assert.equal(me.roundTrip('b', 1400), 20);
  me.heard(beat('b', { a: count }, { count: 2, held: { a: 880 } }), 1990);
  assert.equal(me.roundTrip('b', 1990), 20, 'the same beat once more says nothing new');
  const next = me.beat(2000).count;
  me.heard(beat('b', { a: next }, { count: 3, held: { a: 60 } }), 2100);
  assert.equal(me.roundTrip('b', 2100), 30, 'the mean of 20 and 40');
  assert.equal(me.roundTrip('b', 12_200), undefined, 'what was long ago is not told');
});

test('an older node does not say how long a beat lay there: its round trip is not known', () => {
  const me = new Standing('a', LIMITS, 0);
  me.heard(beat('b', { a: me.beat(0).count }), 10);
  assert.equal(me.roundTrip('b', 10), undefined);
});

test('a beat says how long it had what it has heard', () => {
  const me = new Standing('a', LIMITS, 0);
  me.heard(beat('b', {}, { count: 7 }), 100);
  const { heard, held } = me.beat(350);
  assert.deepEqual([heard, held], [{ b: 7 }, { b: 250 }]);
});

test('what is left of a lease: of others until they may be withdrawn, of oneself until one stops', () => {
  const me = new Standing('a', LIMITS, 0);
  for (let at = 0; at <= 3000; at += 1000) me.renewed([row('a', at), row('b', 7)], at, at);
  assert.deepEqual(me.leaseOf('b', 3000), { renewedMs: 3000, leftMs: 1000, by: 'database' });
  assert.deepEqual(me.ownLease(false, 3500), { renewedMs: 500, leftMs: 2500, by: 'database' });
  me.heard(beat('b', {}, { database: false }), 3400);
  assert.deepEqual(me.leaseOf('b', 3500), { renewedMs: 3500, leftMs: 3900, by: 'nodes' }, 'it was heard: it lives');
  me.failed();
  assert.deepEqual(me.ownLease(false, 5900), { renewedMs: 2900, leftMs: 100, by: 'nodes' });
  assert.equal(me.leaseOf('c', 0), undefined);
});
