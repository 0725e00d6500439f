import type { ClusterLease, ClusterNode, ClusterSuccession, ClusterWork } from '../domain/cluster.ts';
import type { EdgeLink } from '../domain/edge-link.ts';
import type { DomainNode } from './domains.ts';

// What the nodes of a domain tell, each from its side, put together. Pure: the window and the command line show the same.

export const isAway = ({ health }: DomainNode): boolean => health.state === 'down' || health.state === 'unreachable';
export const nameOf = ({ node, host }: DomainNode): string => node ?? host;

const heard = (nodes: readonly DomainNode[]): DomainNode[] => nodes.filter((it) => !isAway(it) && it.cluster !== null);

export interface LinkRow {
  readonly from: string;
  readonly to: ClusterNode;
}

/** What each node sends to each other, as the sender tells it. */
export const linksOf = (nodes: readonly DomainNode[]): LinkRow[] =>
  heard(nodes).flatMap((from) =>
    (from.cluster?.nodes ?? []).filter((to) => to.state !== 'here').map((to) => ({ from: nameOf(from), to })),
  );

export interface LeaseRow {
  readonly lease: ClusterLease;
  /** the node that tells it: itself where it answers */
  readonly teller: string;
}

/** The lease of each node: as it says itself, or as the one of the others that gives it longest. */
export function leasesOf(nodes: readonly DomainNode[]): LeaseRow[] {
  const rows = new Map<string, LeaseRow>();
  for (const node of heard(nodes))
    for (const lease of node.cluster?.leases ?? []) {
      const teller = nameOf(node);
      const before = rows.get(lease.run);
      const better =
        before === undefined ||
        teller === lease.node ||
        (before.teller !== lease.node && (lease.leftMs ?? 0) > (before.lease.leftMs ?? 0));
      if (better) rows.set(lease.run, { lease, teller });
    }
  return [...rows.values()].sort((a, b) => (a.lease.node < b.lease.node ? -1 : 1));
}

/** Locks that are held or waited for: each node tells its own; of those that do not answer others tell. */
export function worksOf(nodes: readonly DomainNode[]): ClusterWork[] {
  const tellers = heard(nodes);
  const answering = new Set(tellers.map(nameOf));
  const own = tellers.flatMap((it) => it.cluster?.works?.filter(({ node }) => node === nameOf(it)) ?? []);
  const others = tellers.flatMap((it) => it.cluster?.works?.filter(({ node }) => !answering.has(node)) ?? []);
  const told = new Map(others.map((it) => [`${it.node} ${it.name}`, it]));
  return [...own, ...told.values()].sort((a, b) => (a.name === b.name ? Number(b.holds) - Number(a.holds) : 0));
}

export interface LocksRow {
  readonly node: string;
  readonly had: number;
  readonly failed: number;
}

export const locksOf = (nodes: readonly DomainNode[]): LocksRow[] =>
  heard(nodes).flatMap((it) => (it.cluster?.locks ? [{ node: nameOf(it), ...it.cluster.locks }] : []));

/** How runs ended, the newest first; of what several tell, the one that knows who took over. */
export function successionsOf(nodes: readonly DomainNode[]): ClusterSuccession[] {
  const rows = new Map<string, ClusterSuccession>();
  for (const one of heard(nodes).flatMap((it) => it.cluster?.successions ?? [])) {
    const before = rows.get(one.run);
    if (before === undefined || (before.by === null && one.by !== null)) rows.set(one.run, one);
  }
  return [...rows.values()].sort((a, b) => b.at - a.at);
}

export interface EdgeRow {
  readonly edge: EdgeLink;
  /** the node whose edge it is: an edge is told by each core that it is connected to */
  readonly core: string;
}

/** Edges of all nodes that answer, those of one name together; undefined when no node takes any. */
export function edgesOf(nodes: readonly DomainNode[]): EdgeRow[] | undefined {
  const tellers = nodes.filter((it) => !isAway(it) && it.edges !== undefined);
  if (tellers.length === 0) return undefined;
  const rows = tellers.flatMap((it) => (it.edges ?? []).map((edge) => ({ edge, core: nameOf(it) })));
  const key = ({ edge, core }: EdgeRow) => `${edge.name} ${core}`;
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Whether a node tells of leases, locks and rates at all: older ones do not. */
export const tellsMore = (nodes: readonly DomainNode[]): boolean =>
  heard(nodes).some((it) => it.cluster?.leases !== undefined);
