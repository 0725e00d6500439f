import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leases, NodeRow } from './leases.ts';

const row = (node: string, run: string, renewals: number, state: NodeRow['state'] = 'live', info: unknown = {}) => ({
  node,
  run,
  renewals,
  state,
  info,
});

/** What every kind of leases must do alike. `open` gives the leases of two nodes that share them, empty. */
export function leasesContract(kind: string, open: () => Promise<readonly [Leases, Leases]>): void {
  const check = (what: string, work: (here: Leases, there: Leases) => Promise<void>) =>
    test(`${kind} leases: ${what}`, async () => {
      const [here, there] = await open();
      try {
        await work(here, there);
      } finally {
        await here.close();
        await there.close();
      }
    });

  check('a node joins, and the others read what it says of itself', async (here, there) => {
    assert.equal(await here.join('b', 'b1', { address: "it's [::1]:1", version: 3 }), undefined);
    assert.equal(await there.join('a', 'a1', null), undefined);
    const rows = [row('a', 'a1', 0, 'live', null), row('b', 'b1', 0, 'live', { address: "it's [::1]:1", version: 3 })];
    assert.deepEqual(await here.rows(), rows);
    assert.deepEqual(await there.rows(), rows);
  });

  check('a new run replaces the former, which is told while it was live', async (here, there) => {
    await here.join('a', 'a1', {});
    await here.renew('a1', []);
    assert.deepEqual(await there.join('a', 'a2', {}), row('a', 'a1', 1));
    assert.deepEqual(await here.renew('a1', []), [row('a', 'a2', 0)], 'the former run has nothing to renew');
    assert.equal(await here.fence('a1', 1), false);
    await there.leave('a2');
    assert.equal(await here.join('a', 'a3', {}), undefined, 'it had left by itself');
  });

  check('renewing counts, for the run itself and for whom it vouches', async (here, there) => {
    await here.join('a', 'a1', {});
    await there.join('b', 'b1', {});
    assert.deepEqual(await here.renew('a1', []), [row('a', 'a1', 1), row('b', 'b1', 0)]);
    assert.deepEqual(await there.renew('b1', ['a1', 'never there']), [row('a', 'a1', 2), row('b', 'b1', 1)]);
    assert.deepEqual(await here.renew('a1', ['a1']), [row('a', 'a1', 3), row('b', 'b1', 1)], 'once a call');
  });

  check('a run is fenced once, only as it was seen, and stays so', async (here, there) => {
    await here.join('a', 'a1', {});
    await there.join('b', 'b1', {});
    await here.renew('a1', []);
    assert.equal(await there.fence('a1', 0), false, 'it has renewed meanwhile');
    const outcomes = await Promise.all([here.fence('a1', 1), there.fence('a1', 1), there.fence('a1', 1)]);
    assert.equal(outcomes.filter(Boolean).length, 1);
    assert.deepEqual(await here.renew('a1', []), [row('a', 'a1', 1, 'fenced'), row('b', 'b1', 0)]);
    assert.deepEqual(await there.renew('b1', ['a1']), [row('a', 'a1', 1, 'fenced'), row('b', 'b1', 1)]);
    await here.leave('a1');
    assert.equal((await there.rows())[0]?.state, 'fenced', 'who was fenced did not leave by itself');
    assert.equal(await here.join('a', 'a2', {}), undefined, 'the former run was not live any more');
    assert.deepEqual((await there.rows())[0], row('a', 'a2', 0));
  });

  check('who has left is not renewed and not fenced', async (here, there) => {
    await here.join('a', 'a1', {});
    await here.leave('a1');
    assert.deepEqual(await there.renew('b1', ['a1']), [row('a', 'a1', 0, 'left')]);
    assert.equal(await there.fence('a1', 0), false);
  });

  check('what a run left is remembered, however it ended, until it is cared for', async (here, there) => {
    for (const run of ['a1', 'b1', 'c1']) await here.join(run.charAt(0), run, {});
    assert.deepEqual(await there.estates(), []);
    await here.leave('a1');
    assert.equal(await there.fence('b1', 0), true);
    assert.equal(await there.fence('c1', 7), false, 'it lives');
    assert.deepEqual([...(await here.estates())].sort(), ['a1', 'b1']);
    await there.join('c', 'c2', {});
    await there.join('a', 'a2', {});
    assert.deepEqual([...(await here.estates())].sort(), ['a1', 'b1', 'c1']);
    await here.settled('b1');
    await there.settled('b1');
    await here.settled('a1');
    assert.deepEqual(await there.estates(), ['c1']);
  });

  check('many who vouch for each other at once', async (here, there) => {
    const runs = ['a1', 'b1', 'c1', 'd1'];
    for (const run of runs) await here.join(run.charAt(0), run, {});
    const each = Array.from({ length: 40 }, (_, i) =>
      (i % 2 ? here : there).renew(runs[i % 4] ?? '', i % 3 ? [...runs].reverse() : runs),
    );
    await Promise.all(each);
    assert.deepEqual(
      (await there.rows()).map(({ renewals }) => renewals),
      [40, 40, 40, 40],
    );
  });
}
