import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { Successions } from './successions.ts';
import { Works } from './works.ts';

test('who has a lock and who waits for it can be told apart, with for how long', async () => {
  let now = 0;
  const works = new Works(new MemoryStores(), () => now);
  let finish = () => {};
  const first = works.exclusive('adopt/a.1', () => new Promise<void>((resolve) => (finish = resolve)));
  const second = works.exclusive('adopt/a.1', async () => 'done');
  await new Promise((resolve) => setImmediate(resolve));
  now = 250;
  assert.deepEqual(works.now(), [
    { name: 'adopt/a.1', holds: true, forMs: 250 },
    { name: 'adopt/a.1', holds: false, forMs: 250 },
  ]);
  assert.equal(works.told().length, 2);
  finish();
  await first;
  assert.equal(await second, 'done');
  assert.deepEqual(works.now(), []);
  assert.deepEqual(works.counts, { had: 2, failed: 0 });
});

test('a lock that was not to be had is counted as failed, work that fails is not', async () => {
  const away = new Works({ exclusive: () => Promise.reject(new Error('out of reach')) }, () => 0);
  await assert.rejects(
    away.exclusive('roster/anna', async () => 1),
    /out of reach/,
  );
  assert.deepEqual(away.counts, { had: 0, failed: 1 });
  const works = new Works(new MemoryStores(), () => 0);
  await assert.rejects(
    works.exclusive('roster/anna', () => Promise.reject(new Error('no such contact'))),
    /no such/,
  );
  assert.deepEqual(works.counts, { had: 1, failed: 0 });
});

test('what takes but a moment is not told to other nodes', async () => {
  const works = new Works(new MemoryStores(), () => 0);
  let finish = () => {};
  const work = works.exclusive('roster/anna', () => new Promise<void>((resolve) => (finish = resolve)));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(works.told(), []);
  finish();
  await work;
});

test('of runs that ended the newest come first, and who took over may be learnt later', () => {
  const successions = new Successions();
  const over = (node: string, by: string | null) =>
    successions.add({ node, run: `${node}.1`, how: 'silent', by, at: 1, sessions: 3 });
  over('a', null);
  over('b', 'c');
  successions.taken('a.1', 'd');
  successions.taken('b.1', 'd');
  over('a', 'e');
  assert.deepEqual(
    successions.all().map(({ node, by }) => [node, by]),
    [
      ['b', 'c'],
      ['a', 'd'],
    ],
  );
  for (let i = 0; i < 30; i++) over(`n${i}`, null);
  assert.equal(successions.all().length, 20);
});
