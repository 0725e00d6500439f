import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainNode } from '../../shared/console-api/domains.ts';
import type { ClusterNode } from '../../shared/domain/cluster.ts';
import { healthOfNodes } from './cluster-health.ts';

const NAMES = ['ada', 'berta', 'cilli'];

const seen = (node: string, here: boolean, more: Partial<ClusterNode> = {}): ClusterNode => ({
  ...{ node, run: `${node}.1`, state: here ? 'here' : 'linked', sessions: 0, version: '0.1.0', draining: false },
  ...{ database: true, backlog: 0, lagMs: 0, delivered: 0, received: 0, resent: 0, address: null },
  ...more,
});

const node = (
  name: string,
  state: DomainNode['health']['state'] = 'well',
  own: Partial<ClusterNode> = {},
): DomainNode => ({
  ...{ hostId: name, host: `root@${name}`, node: name, sessions: 1, version: '0.1.0', memoryBytes: 1, carries: [] },
  health: {
    ...{ state, since: 1, asOf: 5 },
    problem: state === 'unreachable' ? { code: 'unreachable', what: 'No route.', why: 'None.', todo: 'Look.' } : null,
  },
  cluster: {
    ...{ node: name, nats: { address: 'n:4222', version: '2.9', connected: true }, withdrawn: 0, linksBroken: 0 },
    nodes: NAMES.map((it) => seen(it, it === name, it === name ? own : {})),
  },
});

const problemOf = (nodes: readonly DomainNode[]) => healthOfNodes(nodes, 9).problem;

test('nodes that are all well are a domain that is well', () => {
  assert.deepEqual(
    healthOfNodes(
      NAMES.map((it) => node(it)),
      9,
    ),
    { state: 'well', since: 9, asOf: 5, problem: null },
  );
});

test('a node that is away is a warning that names it; all away is what the first one has', () => {
  const one = healthOfNodes([node('ada'), node('berta'), node('cilli', 'unreachable')], 9);
  assert.equal(one.state, 'warning');
  assert.equal(one.problem?.what, "cilli can't be reached: 2 of 3 nodes answer.");
  assert.equal(
    healthOfNodes(
      NAMES.map((it) => node(it, 'unreachable')),
      9,
    ).state,
    'unreachable',
  );
});

test('a database or NATS that a node can not reach, and a node that is silent to the others, are told', () => {
  assert.equal(problemOf([node('ada', 'well', { database: false }), node('berta')])?.code, 'database-away');
  const cut = node('ada');
  const noNats = {
    ...cut,
    cluster: cut.cluster && { ...cut.cluster, nats: { ...cut.cluster.nats, connected: false } },
  };
  assert.equal(problemOf([noNats, node('berta')])?.what, "ada can't reach NATS.");
  const hears = node('ada');
  const nodes =
    hears.cluster?.nodes.map((it) => (it.node === 'cilli' ? { ...it, state: 'silent' as const } : it)) ?? [];
  const silent = { ...hears, cluster: hears.cluster && { ...hears.cluster, nodes } };
  assert.equal(problemOf([silent, node('berta')])?.what, 'cilli is silent to the other nodes.');
});
