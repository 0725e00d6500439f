import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOMAIN } from '../world.fixture.ts';
import { Cloud, eventually, settled } from './cluster.fixture.ts';

const BERT = `bert@${DOMAIN}`;

test('stanzas that go over a link are counted on both sides, those that go to many as many; the way is measured', async () => {
  const cloud = new Cloud();
  const [a, b] = await cloud.start('a', 'b');
  assert(a !== undefined && b !== undefined);
  await a.world.people('anna', 'bert');
  try {
    const [anna] = [await a.world.come('anna/x'), await b.world.come('bert/y'), await b.world.come('bert/z')];
    await settled();
    const link = (from: typeof a, to: string) => from.cluster.nodes().find(({ node }) => node === to);
    const before = link(a, 'b')?.delivered ?? 0;
    for (let i = 0; i < 10; i++) await anna.says(`<message to='${BERT}/y' type='chat'><body>${i}</body></message>`);
    await settled();
    assert.equal((link(a, 'b')?.delivered ?? 0) - before, 10);
    assert.equal(link(b, 'a')?.received, link(a, 'b')?.delivered, 'what one sent the other has got');
    await eventually('a second of rates', () => link(a, 'b')?.rates !== undefined);
    const rates = link(a, 'b')?.rates;
    assert.ok((rates?.stanzasOut ?? 0) > 0 && (rates?.batchesOut ?? 0) > 0, JSON.stringify(rates));
    assert.ok((link(a, 'b')?.roundTripMs ?? -1) >= 0);
    assert.equal(link(a, 'a')?.rates, undefined, 'there is no link to oneself');
  } finally {
    await cloud.stop();
  }
});

test('each node has a lease; of one that died it is told how it ended, and who saw to what it left', async () => {
  const cloud = new Cloud();
  const [a, b, c] = await cloud.start('a', 'b', 'c');
  assert(a !== undefined && b !== undefined && c !== undefined);
  try {
    await eventually('it has read that all hold theirs', () => {
      const leases = a.cluster.leases();
      return leases.length === 3 && leases.every(({ leftMs }) => (leftMs ?? 0) > 0);
    });
    assert.deepEqual(
      a.cluster.leases().map(({ node, state }) => [node, state]),
      [
        ['a', 'live'],
        ['b', 'live'],
        ['c', 'live'],
      ],
    );
    c.die();
    const told = (node: typeof a) => node.cluster.successions.find(({ run }) => run === c.run);
    await eventually('both know who did it', () => told(a)?.by != null && told(b)?.by != null);
    assert.equal(told(a)?.how, 'silent');
    assert.equal(told(a)?.by, told(b)?.by);
    await eventually(
      'its lease is over',
      () => a.cluster.leases().find(({ run }) => run === c.run)?.state === 'fenced',
    );
  } finally {
    await cloud.stop();
  }
});

test('a long work of one node is known to the others, with who waits for it', async () => {
  const cloud = new Cloud();
  const [a, b] = await cloud.start('a', 'b');
  assert(a !== undefined && b !== undefined);
  let finish = () => {};
  try {
    const first = a.cluster.exclusive('roster/anna', () => new Promise<void>((resolve) => (finish = resolve)));
    const second = b.cluster.exclusive('roster/anna', async () => {});
    const at = (node: string) => b.cluster.works().find((work) => work.node === node);
    await eventually('it is told', () => at('a') !== undefined);
    assert.deepEqual([at('a')?.name, at('a')?.holds, at('b')?.holds], ['roster/anna', true, false]);
    finish();
    await Promise.all([first, second]);
    await eventually('and that it is over', () => b.cluster.works().length === 0);
  } finally {
    finish();
    await cloud.stop();
  }
});
