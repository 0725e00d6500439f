// Ten faults of one seed over three nodes with real NATS and PostgreSQL, and a few more while two nodes run the commit before this.
// A night's run: npm run chaos -- --faults 200
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parleydOf } from '../chaos/earlier.ts';
import { putAway, round } from '../chaos/round.ts';
import { skipNats } from '../hosts/nats.ts';
import { skipPostgres } from '../hosts/postgres.ts';

after(putAway);

test('ten faults: nothing acknowledged is lost, nothing comes twice to a session, and all agree within 10 s', {
  skip: skipPostgres || skipNats,
}, async (t) => {
  const { findings, sum } = await round({ seed: '101', faults: 10, tell: (line) => t.diagnostic(line) });
  t.diagnostic(sum);
  assert.deepEqual(findings, []);
});

test('the parleyd of the commit before this one, and this one, in one cluster', {
  skip: skipPostgres || skipNats || noEarlier(),
}, async (t) => {
  const { findings, sum } = await round({
    seed: '41',
    faults: 4,
    only: ['kill', 'stop', 'drain', 'pause'],
    earlier: parleydOf('HEAD~1'),
    tell: (line) => t.diagnostic(line),
  });
  t.diagnostic(sum);
  assert.deepEqual(findings, []);
});

/** Why the commit before can't be had: a clone without its history. */
function noEarlier(): string | false {
  try {
    const root = join(import.meta.dirname, '..', '..');
    execFileSync('git', ['rev-parse', '--verify', '--quiet', 'HEAD~1'], { cwd: root, stdio: 'ignore' });
    return false;
  } catch {
    return 'this clone has no earlier commit: git fetch --unshallow brings it';
  }
}
