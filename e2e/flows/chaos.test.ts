// Ten faults of one seed over three nodes with real NATS and PostgreSQL: nothing acknowledged is lost, and all agree afterwards.
// A night's run: npm run chaos -- --faults 200
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { round } from '../chaos/round.ts';
import { skipNats } from '../hosts/nats.ts';
import { skipPostgres } from '../hosts/postgres.ts';

test('ten faults: nothing acknowledged is lost, nothing comes twice to a session, and all agree within 10 s', {
  skip: skipPostgres || skipNats,
  todo: 'docs/chaos.md names what is open: not every run holds yet',
}, async (t) => {
  const { findings, sum } = await round({ seed: '21', faults: 10, tell: (line) => t.diagnostic(line) });
  t.diagnostic(sum);
  assert.deepEqual(findings, []);
});
