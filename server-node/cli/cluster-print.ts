import type { ClusterNode, ClusterStatus } from '../../shared/domain/cluster.ts';
import {
  leaseText,
  lockText,
  NO_LEADER,
  rateText,
  renewedText,
  secondsText,
  successionText,
  workText,
} from '../../shared/domain/cluster-words.ts';
import type { EdgeLink } from '../../shared/domain/edge-link.ts';

/** Columns of the width that each needs. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return all.map((row) => `${line(row)}\n`).join('');
}

const stateOf = ({ state, draining }: ClusterNode): string => (draining ? `${state}, draining` : state);

/** What a node knows of its cluster, for people. `now`: milliseconds since the epoch */
export function clusterText(found: ClusterStatus, edges: readonly EdgeLink[] | undefined, now: number): string {
  return [nodes(found), links(found), leases(found), leaders(found, now), edgeTable(edges, now)]
    .filter((part) => part !== '')
    .join('\n');
}

function nodes({ nats, nodes: all }: ClusterStatus): string {
  const rows = all.map((node) => [
    ...[node.node, stateOf(node), String(node.sessions), node.database ? 'reached' : 'OUT OF REACH'],
    ...[`${Math.ceil(node.backlog / 1024)} KiB`, `${node.lagMs} ms`, node.version, node.address ?? ''],
  ]);
  const head = ['node', 'state', 'sessions', 'database', 'waiting', 'lag', 'version', 'address'];
  return `NATS ${nats.version} at ${nats.address}: ${nats.connected ? 'connected' : 'OUT OF REACH'}\n\n${table(head, rows)}`;
}

function links({ node, nodes: all }: ClusterStatus): string {
  const others = all.filter(({ state }) => state !== 'here');
  if (others.length === 0) return '';
  const rows = others.map(({ node: to, rates, roundTripMs }) => [
    to,
    ...(rates
      ? [rates.stanzasOut, rates.stanzasIn, rates.batchesOut, rates.batchesIn].map(rateText)
      : ['too young', '', '', '']),
    roundTripMs === null || roundTripMs === undefined ? 'not known' : `${roundTripMs.toFixed(1)} ms`,
    rates ? `last ${Math.round(rates.seconds)} s` : '',
  ]);
  const head = ['to', 'stanzas out', 'stanzas in', 'batches out', 'batches in', 'round trip', 'window'];
  return `Links of ${node}\n${table(head, rows)}`;
}

function leases({ node, leases: all, leaseMs, stopMs }: ClusterStatus): string {
  if (all === undefined) return '';
  const rows = all.map((lease) => [lease.node, leaseText(lease, lease.node === node), renewedText(lease)]);
  const long = `Leases last ${secondsText(leaseMs ?? 0)}; a node that can't renew its own stops after ${secondsText(stopMs ?? 0)}`;
  return `${long}\n${table(['node', 'lease', 'renewed'], rows)}`;
}

function leaders({ node, works, locks, successions }: ClusterStatus, now: number): string {
  if (works === undefined) return '';
  const count =
    locks === undefined ? '' : `${node} has had ${locks.had} since its start, and failed to get ${locks.failed}.`;
  const held = works.map((work) => `${work.node} ${workText(work)}: ${lockText(work.name)}`);
  const ended = (successions ?? []).map(
    (one) =>
      `${one.node} ${successionText(one, one.sessions === 1 ? '1 session' : `${one.sessions} sessions`)}, ${ago(one.at, now)}`,
  );
  const lines = [`${NO_LEADER} ${count}`, ...(held.length === 0 ? ['Nobody has one now.'] : held), ...ended];
  return `${lines.join('\n')}\n`;
}

function edgeTable(edges: readonly EdgeLink[] | undefined, now: number): string {
  if (edges === undefined) return '';
  if (edges.length === 0) return 'No edge is connected, though listen.edges is open.\n';
  const rows = edges.map((edge) => [
    edge.name,
    edge.address ?? 'this machine',
    edge.cutAt === null ? 'connected' : `CUT OFF, ${ago(edge.cutAt, now)}`,
    String(edge.sessions),
    ago(edge.since, now),
  ]);
  return table(['edge', 'from', 'state', 'sessions', 'came'], rows);
}

function ago(at: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
