import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { ClusterStatus } from '../domain/cluster.ts';
import { leaseText, lockText, rateText, successionText } from '../domain/cluster-words.ts';
import { edgesOf, leasesOf, linksOf, successionsOf, tellsMore, worksOf } from './cluster-view.ts';
import type { DomainNode } from './domains.ts';

/** what a parleyd of before answers */
const OLD = {
  node: 'one',
  nats: { address: 'n:4222', version: '2.9.10', connected: true },
  nodes: [],
  withdrawn: 0,
  linksBroken: 0,
};
const lease = (node: string, more: object = {}) => ({
  ...{ node, run: `${node}.1`, state: 'live', renewals: 4, renewedMs: 300, leftMs: 2700, by: 'database' },
  ...more,
});

function node(name: string, cluster: object = {}, more: Partial<DomainNode> = {}): DomainNode {
  return {
    ...{ hostId: name, host: `root@${name}`, node: name, sessions: 1, version: '0.2.0', memoryBytes: 1, carries: [] },
    health: { state: 'well', since: 0, asOf: 0, problem: null },
    cluster: v.parse(ClusterStatus, { ...OLD, node: name, ...cluster }),
    ...more,
  };
}
const AWAY = { health: { state: 'unreachable', since: 0, asOf: 0, problem: null } } as const;

test('a console of today reads what an older parleyd says, and shows no more than that', () => {
  assert.equal(tellsMore([node('one')]), false);
  assert.deepEqual([leasesOf([node('one')]), worksOf([node('one')]), edgesOf([node('one')])], [[], [], undefined]);
});

test('a lease is told by its own node; of one that does not answer by another', () => {
  const all = [lease('one'), lease('two', { leftMs: 900 })];
  const rows = leasesOf([
    node('one', { leases: all }),
    node('two', { leases: [lease('one', { leftMs: 3900 }), lease('two')] }, AWAY),
  ]);
  assert.deepEqual(
    rows.map(({ lease: { node: of, leftMs }, teller }) => [of, leftMs, teller]),
    [
      ['one', 2700, 'one'],
      ['two', 900, 'one'],
    ],
  );
});

test('a lock is shown once, by who has it, before who waits for it', () => {
  const holds = { node: 'one', name: 'adopt/three.1', holds: true, forMs: 900 };
  const waits = { node: 'two', name: 'adopt/three.1', holds: false, forMs: 700 };
  const rows = worksOf([node('two', { works: [waits, holds] }), node('one', { works: [holds, waits] })]);
  assert.deepEqual(rows, [holds, waits]);
  assert.deepEqual(worksOf([node('two', { works: [waits, holds] }), node('one', {}, AWAY)]), [holds, waits]);
});

test('how a node ended is told by who knows who took over', () => {
  const over = { node: 'three', run: 'three.1', how: 'silent', by: null, at: 5, sessions: 7 };
  const rows = successionsOf([
    node('one', { successions: [over] }),
    node('two', {
      successions: [
        { ...over, by: 'two' },
        { ...over, run: 'three.0', at: 1 },
      ],
    }),
  ]);
  assert.deepEqual(
    rows.map(({ run, by }) => [run, by]),
    [
      ['three.1', 'two'],
      ['three.0', null],
    ],
  );
  assert.equal(
    successionText(rows[0] as (typeof rows)[0], '7 sessions'),
    'fell silent; two withdrew its 7 sessions and took over what waited there',
  );
});

test('an edge is shown with each core behind it; nodes that are away show none', () => {
  const edge = { id: 'e', name: 'edge', address: '192.0.2.9:7', connected: true, sessions: 3, since: 0, cutAt: null };
  const nodes = [node('two', {}, { edges: [edge] }), node('one', {}, { edges: [edge] })];
  assert.deepEqual(
    edgesOf([...nodes, node('three', {}, { ...AWAY, edges: [edge] })])?.map(({ core }) => core),
    ['one', 'two'],
  );
  assert.deepEqual(edgesOf([node('one', {}, { edges: [] })]), []);
});

test('links of a node that is away are not shown as if it told them now', () => {
  const to = {
    ...{ node: 'two', run: 'two.1', state: 'linked', sessions: 1, version: '1', draining: false, database: true },
    ...{ backlog: 0, lagMs: 0, delivered: 0, received: 0, resent: 0, address: null, rates: null, roundTripMs: 1.5 },
  };
  assert.equal(linksOf([node('one', { nodes: [to] }), node('three', { nodes: [to] }, AWAY)]).length, 1);
});

test('words', () => {
  assert.equal(lockText('roster/anna'), 'the contacts of anna');
  assert.equal(lockText('adopt/three.example.0f'), 'what three.example left');
  assert.deepEqual([0, 0.04, 3.21, 412.6].map(rateText), ['0/s', 'under 0.1/s', '3.2/s', '413/s']);
  const { leases } = v.parse(ClusterStatus, { ...OLD, leases: [lease('one'), lease('two', { state: 'left' })] });
  assert.deepEqual(
    leases?.map((it) => leaseText(it, true)),
    ['held; it stops itself in 2.7 s unless renewed', 'over: it stopped in order'],
  );
});
