import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leasesContract } from '../leases.contract.ts';
import { KEEP_ENDED_MS } from '../leases.ts';
import { LeaseTable, MemoryLeases } from './memory-leases.ts';

leasesContract('memory', async () => {
  const table = new LeaseTable();
  return [new MemoryLeases(table), new MemoryLeases(table)];
});

test('who is over can be read of for an hour, and who is live for ever', async () => {
  let now = 0;
  const leases = new MemoryLeases(new LeaseTable(), () => now);
  for (const node of ['fenced', 'left', 'live']) await leases.join(node, node, {});
  await leases.fence('fenced', 0);
  await leases.leave('left');
  now = KEEP_ENDED_MS;
  assert.equal((await leases.rows()).length, 3);
  now++;
  assert.deepEqual(
    (await leases.rows()).map(({ node }) => node),
    ['live'],
  );
});
