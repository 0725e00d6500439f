import { type LabelledMetric, type Metric, prometheusText } from '../../observe/metrics.ts';
import type { Edge } from '../edge.ts';
import type { LinkCore } from './link-core.ts';
import type { RemoteSession } from './remote-session.ts';

export interface EdgeReportParts {
  readonly edge: Edge<RemoteSession>;
  readonly cores: readonly LinkCore[];
  readonly version: string;
  readonly startedAt: number;
  readonly now: () => number;
}

/** What an edge says of itself. */
export class EdgeReport {
  readonly #parts: EdgeReportParts;

  constructor(parts: EdgeReportParts) {
    this.#parts = parts;
  }

  /** Prometheus text. */
  metrics(): string {
    const { edge, cores, startedAt, now } = this.#parts;
    const cpu = process.cpuUsage();
    const metric = (name: string, kind: Metric['kind'], help: string, value: number): Metric => ({
      name: `parleyd_edge_${name}`,
      kind,
      help,
      value,
    });
    const each = (
      name: string,
      kind: Metric['kind'],
      help: string,
      value: (core: LinkCore) => number,
    ): LabelledMetric => ({
      name: `parleyd_edge_${name}`,
      kind,
      help,
      label: 'domain',
      values: cores.map((core) => [core.domain, value(core)]),
    });
    return prometheusText([
      metric('connections', 'gauge', 'Open connections, logged in or not.', edge.size),
      each(
        'cores_connected',
        'gauge',
        'Cores that are there, by domain.',
        ({ cores: { lines } }) => lines.filter(({ ready }) => ready).length,
      ),
      each('sessions', 'gauge', 'Sessions, by domain.', ({ sessions }) => sessions.all),
      each('sessions_without_core', 'gauge', 'Sessions that no core has now.', ({ sessions }) => sessions.orphans),
      {
        name: 'parleyd_edge_core_sessions',
        kind: 'gauge',
        help: 'Sessions by core.',
        label: 'core',
        values: cores.flatMap((core) =>
          core.cores.lines.map((line) => [line.address.name, core.sessionsOf(line)] as const),
        ),
      },
      each(
        'core_losses_total',
        'counter',
        'Core processes that went, since the start.',
        ({ cores: { counts } }) => counts.losses,
      ),
      each('handed_over_total', 'counter', 'Sessions handed to another core.', ({ handedOver }) => handedOver),
      each('away_seconds_total', 'counter', 'Time without any core.', ({ cores: { counts } }) => counts.awayMs / 1000),
      each('link_bytes_total', 'counter', 'Bytes written to cores.', ({ cores: { traffic } }) => traffic.bytes),
      each('link_batches_total', 'counter', 'Batches written to cores.', ({ cores: { traffic } }) => traffic.batches),
      {
        name: 'parleyd_edge_refused_total',
        kind: 'counter',
        help: 'Who was refused or ended, by reason (docs/abuse.md).',
        values: edge.refusals.entries(),
      },
      {
        name: 'parleyd_edge_slowed_total',
        kind: 'counter',
        help: 'How often a client was not read for a while.',
        values: edge.slowings.entries(),
      },
      metric('memory_bytes', 'gauge', 'Resident memory.', process.memoryUsage.rss()),
      metric('cpu_seconds_total', 'counter', 'User and system time since the start.', (cpu.user + cpu.system) / 1e6),
      metric('start_time_seconds', 'gauge', 'When the edge was started, since the epoch.', startedAt / 1000),
      metric('up_seconds', 'gauge', 'How long it has run.', (now() - startedAt) / 1000),
    ]);
  }

  /** For people and scripts: JSON. */
  status(): string {
    const { edge, cores, version, startedAt } = this.#parts;
    const status = {
      version,
      pid: process.pid,
      startedAt,
      connections: edge.size,
      domains: cores.map((core) => ({
        domain: core.domain,
        sessions: core.sessions.all,
        withoutCore: core.sessions.orphans,
        losses: core.cores.counts.losses,
        cores: core.cores.lines.map((line) => ({
          address: line.address.name,
          connected: line.ready,
          sessions: core.sessionsOf(line),
        })),
      })),
    };
    return `${JSON.stringify(status, undefined, 2)}\n`;
  }
}
