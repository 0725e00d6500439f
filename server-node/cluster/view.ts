import type { NodeRow } from '../storage/leases.ts';
import type { OtherNode } from './other-node.ts';
import type { ClusterLease, ClusterNode, ClusterParts, ClusterWork } from './parts.ts';
import type { Beat, Standing } from './standing.ts';
import type { Works } from './works.ts';

/** What a node knows of itself and the others, to be told to people. */
export interface ViewParts {
  readonly parts: ClusterParts;
  readonly standing: Standing;
  readonly draining: boolean;
  readonly works: Works;
  readonly rows: ReadonlyMap<string, NodeRow>;
  readonly others: ReadonlyMap<string, OtherNode>;
  readonly beats: ReadonlyMap<string, Beat>;
}

/** The nodes that live, in the order of their names. */
export function nodesSeen({ parts, standing, draining, rows, others, beats }: ViewParts): ClusterNode[] {
  const { node, run, version, info, times } = parts;
  const mine: ClusterNode = {
    ...{ node, run, state: 'here', sessions: parts.router().sessions.size, version, draining, info },
    ...{ database: standing.database, backlog: 0, lagMs: 0, delivered: 0, received: 0, resent: 0 },
    ...{ rates: undefined, roundTripMs: undefined },
  };
  const now = parts.clock();
  const theirs = [...others.values()].map((other): ClusterNode => {
    const beat = beats.get(other.run);
    const silent = now - standing.heardAt(other.run) > times.leaseMs / 2;
    return {
      ...{ node: other.name, run: other.run, sessions: other.replica.size },
      state: silent ? 'silent' : other.begun && other.replica.whole ? 'linked' : 'joining',
      version: beat?.version ?? '',
      draining: beat?.draining ?? false,
      database: beat?.database ?? false,
      backlog: other.link.backlog,
      lagMs: Math.round(other.link.lag),
      ...other.counters,
      resent: other.link.counters.resent,
      rates: other.meter.rates(now),
      roundTripMs: standing.roundTrip(other.run, now),
      info: rows.get(other.run)?.info,
    };
  });
  return [mine, ...theirs].sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** Their leases, and those of runs that ended within the hour. */
export function leasesSeen({ parts, standing, rows }: ViewParts): ClusterLease[] {
  const now = parts.clock();
  return [...rows.values()].flatMap(({ node, run, state, renewals }): ClusterLease[] => {
    const it = { node, run, state, renewals };
    if (state !== 'live') return [{ ...it, renewedMs: null, leftMs: null, by: null }];
    const view = run === parts.run ? standing.ownLease(parts.bus.connected, now) : standing.leaseOf(run, now);
    // one that has just ended, whose row says so with the next look
    return view === undefined ? [] : [{ ...it, ...view }];
  });
}

/** Who is at what now that only one may do: this node, and others as far as they say so. */
export function worksSeen({ parts, works, others, beats }: ViewParts): ClusterWork[] {
  const mine = works.now().map((work) => ({ node: parts.node, ...work }));
  const theirs = [...others.values()].flatMap(({ run, name }) =>
    (beats.get(run)?.works ?? []).map((work) => ({ node: name, ...work })),
  );
  return [...mine, ...theirs];
}
