import {
  edgesOf,
  leasesOf,
  linksOf,
  locksOf,
  nameOf,
  successionsOf,
  tellsMore,
  worksOf,
} from '../../shared/console-api/cluster-view.ts';
import type { DomainNode } from '../../shared/console-api/domains.ts';
import {
  leaseText,
  lockText,
  NO_LEADER,
  rateText,
  renewedText,
  successionText,
  workText,
} from '../../shared/domain/cluster-words.ts';
import { table } from './print.ts';

/** The cluster of a domain, for people: what the window's Cluster view shows. `now`: milliseconds since the epoch */
export function clusterWords(nodes: readonly DomainNode[], now: number): string {
  const more = tellsMore(nodes) ? [leases(nodes), leaders(nodes, now)] : [];
  return [table(nodes.map(nodeRow)), links(nodes), ...more, edges(nodes, now)].filter((it) => it !== '').join('\n\n');
}

function nodeRow(it: DomainNode): string[] {
  const here = it.cluster?.nodes.find((one) => one.state === 'here');
  return [
    nameOf(it),
    it.host,
    `${it.health.state}${here?.draining ? ', draining' : ''}`,
    `${it.sessions ?? '?'} sessions`,
    `database ${here === undefined ? '?' : here.database ? 'reached' : 'OUT OF REACH'}`,
    `NATS ${it.cluster === null ? '?' : it.cluster.nats.connected ? it.cluster.nats.address : 'OUT OF REACH'}`,
    it.carries.join(' and '),
  ];
}

function links(nodes: readonly DomainNode[]): string {
  const rows = linksOf(nodes).map(({ from, to }) => [
    `${from} to ${to.node}`,
    to.state,
    to.rates
      ? `out ${rateText(to.rates.stanzasOut)} in ${rateText(to.rates.batchesOut)} batches`
      : `${to.delivered} stanzas sent`,
    to.rates ? `in ${rateText(to.rates.stanzasIn)} in ${rateText(to.rates.batchesIn)} batches` : `${to.received} got`,
    to.roundTripMs === null || to.roundTripMs === undefined
      ? 'round trip not known'
      : `round trip ${to.roundTripMs.toFixed(1)} ms`,
    `${Math.ceil(to.backlog / 1024)} KiB waiting${to.lagMs > 0 ? ` for ${to.lagMs} ms` : ''}`,
  ]);
  return rows.length === 0 ? '' : `Links, stanzas and batches a second over the last 10 s\n${table(rows)}`;
}

function leases(nodes: readonly DomainNode[]): string {
  const rows = leasesOf(nodes).map(({ lease, teller }) => {
    const own = teller === lease.node;
    const renewed = renewedText(lease);
    return [
      lease.node,
      leaseText(lease, own),
      renewed === '' ? '' : `renewed ${renewed}`,
      own ? '' : `as ${teller} sees it`,
    ];
  });
  return `Leases\n${table(rows)}`;
}

function leaders(nodes: readonly DomainNode[], now: number): string {
  const held = worksOf(nodes).map((it) => `${it.node} ${workText(it)}: ${lockText(it.name)}`);
  const had = locksOf(nodes).map(({ node, had, failed }) => `${node} has had ${had}, and failed to get ${failed}`);
  const ended = successionsOf(nodes).map(
    (it) =>
      `${minutes(it.at, now)}: ${it.node} ${successionText(it, it.sessions === 1 ? '1 session' : `${it.sessions} sessions`)}`,
  );
  return [
    NO_LEADER,
    ...(held.length === 0 ? ['Nobody has a lock now.'] : held),
    `Since their start: ${had.join('; ')}.`,
    ...ended,
  ].join('\n');
}

function edges(nodes: readonly DomainNode[], now: number): string {
  const rows = edgesOf(nodes);
  if (rows === undefined) return '';
  if (rows.length === 0) return 'No edge is connected.';
  return `Edges\n${table(
    rows.map(({ edge, core }) => [
      edge.name,
      edge.address ?? 'the same machine',
      `behind it ${core}`,
      `${edge.sessions} sessions`,
      edge.cutAt === null ? `connected, came ${minutes(edge.since, now)}` : `CUT OFF ${minutes(edge.cutAt, now)}`,
    ]),
  )}`;
}

function minutes(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
