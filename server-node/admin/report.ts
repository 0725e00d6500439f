import type { ClusterStatus } from '../../shared/domain/cluster.ts';
import type { EdgeLink } from '../../shared/domain/edge-link.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import type { Config } from '../config/keys.ts';
import type { Log } from '../observe/log.ts';
import { type LabelledMetric, type Metric, prometheusText } from '../observe/metrics.ts';
import type { Counts, Refused } from '../observe/refusals.ts';
import type { Router } from '../router/router.ts';
import { StorageError, type Stores } from '../storage/stores.ts';
import { sessionInfo } from './handlers.ts';
import type { RpcConnection } from './rpc-connection.ts';

const STATUS_EVERY_MS = 2000;
/** numbers that have just changed are told after this, so that a crowd that comes is told once */
const STATUS_SOON_MS = 150;

/** What a node knows of edges in other processes. */
export interface EdgesOfOthers {
  /** connected now */
  readonly size: number;
  /** sessions whose clients are at one of them */
  readonly sessions: number;
  readonly counts: { readonly came: number; readonly lost: number };
  readonly traffic: { readonly bytes: number; readonly batches: number };
  links(): EdgeLink[];
}

export interface ReportParts {
  readonly config: Config;
  readonly storage: { readonly kind: string; readonly path: string };
  readonly identity: { readonly info: NodeStatus['certificate'] };
  readonly stores: Stores;
  readonly router: Router;
  readonly edge: {
    readonly size: number;
    readonly refusals: Counts<Refused>;
    readonly slowings: Counts<'bytes' | 'stanzas'>;
  };
  readonly guard: { readonly wrong: number };
  /** this node among others of its domain */
  readonly cluster?: { status(): ClusterStatus; metrics(): (Metric | LabelledMetric)[] } | undefined;
  /** edges of other processes, where there may be some */
  readonly desk: EdgesOfOthers | undefined;
  readonly version: string;
  readonly startedAt: number;
  readonly addresses: () => NodeStatus['listeners'];
}

/** What the node says of itself: its status, its metrics, and events to those who listen. */
export class NodeReport {
  readonly #parts: ReportParts;
  readonly #undo: (() => void)[] = [];
  #tellStatus = () => {};
  #usersBefore = 0;
  #soon: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  async status(): Promise<NodeStatus> {
    const { config, identity, stores, storage, router, version, startedAt, addresses, cluster, desk } = this.#parts;
    const cpu = process.cpuUsage();
    return {
      domain: config.domain,
      version,
      pid: process.pid,
      startedAt,
      sessions: router.sessions.size,
      users: await this.#users(),
      listeners: addresses(),
      certificate: identity.info,
      storage: { ...storage, bytes: stores.bytes() },
      memoryBytes: process.memoryUsage.rss(),
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      messages: router.counters.messages,
      logins: router.counters.logins,
      ...(cluster === undefined ? {} : { cluster: cluster.status() }),
      ...(desk === undefined ? {} : { edges: desk.links() }),
    };
  }

  /** As many as there were when the database answered last: the rest of the status is wanted most when it does not. */
  async #users(): Promise<number> {
    try {
      this.#usersBefore = await this.#parts.stores.accounts.count();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
    return this.#usersBefore;
  }

  /** Prometheus text. */
  metrics(): string {
    const { router, edge, guard, stores, startedAt, identity, desk } = this.#parts;
    const { counters } = router;
    const cpu = process.cpuUsage();
    const metric = (name: string, kind: Metric['kind'], help: string, value: number): Metric => ({
      name: `parleyd_${name}`,
      kind,
      help,
      value,
    });
    const byReason = (name: string, help: string, counts: Counts<string>): LabelledMetric => ({
      name: `parleyd_${name}`,
      kind: 'counter',
      help,
      values: counts.entries(),
    });
    return prometheusText([
      metric('sessions', 'gauge', 'Bound sessions.', router.sessions.size),
      metric('connections', 'gauge', 'Open connections, logged in or not.', edge.size),
      metric(
        'connections_refused_total',
        'counter',
        'Connections that were not let in.',
        (['full', 'network', 'rate', 'strangers'] as const).reduce((sum, why) => sum + edge.refusals.get(why), 0),
      ),
      byReason('refused_total', 'Who was refused or ended, by reason (docs/abuse.md).', edge.refusals),
      byReason(
        'slowed_total',
        'How often a client was not read for a while, by what it had too much of.',
        edge.slowings,
      ),
      ...(desk === undefined
        ? []
        : [
            metric('edges', 'gauge', 'Edges of other processes that are connected.', desk.size),
            metric('edge_sessions', 'gauge', 'Sessions whose clients are at such an edge.', desk.sessions),
            metric('edges_total', 'counter', 'Edges that have come since the start.', desk.counts.came),
            metric('edges_lost_total', 'counter', 'Edges that did not come back in time.', desk.counts.lost),
            metric('edge_link_bytes_total', 'counter', 'Bytes written to edges.', desk.traffic.bytes),
            metric('edge_link_batches_total', 'counter', 'Batches written to edges.', desk.traffic.batches),
          ]),
      metric('login_failures_total', 'counter', 'Wrong passwords and tokens since the start.', guard.wrong),
      metric('logins_total', 'counter', 'Sessions bound since the start.', counters.logins),
      metric('messages_total', 'counter', 'Messages received from clients since the start.', counters.messages),
      metric(
        'messages_offline_total',
        'counter',
        'Messages for people who were away, since the start.',
        counters.offline,
      ),
      metric('stanza_errors_total', 'counter', 'Stanzas answered with an error since the start.', counters.errors),
      metric('storage_bytes', 'gauge', 'Size of the database with its log.', stores.bytes()),
      metric('memory_bytes', 'gauge', 'Resident memory.', process.memoryUsage.rss()),
      metric('cpu_seconds_total', 'counter', 'User and system time since the start.', (cpu.user + cpu.system) / 1e6),
      metric('start_time_seconds', 'gauge', 'When the node was started, since the epoch.', startedAt / 1000),
      metric(
        'certificate_end_seconds',
        'gauge',
        'When the certificate ends, since the epoch.',
        identity.info.notAfter / 1000,
      ),
      ...(this.#parts.cluster?.metrics() ?? []),
    ]);
  }

  /** From now on tells these connections what they subscribed to. */
  publishTo(connections: ReadonlySet<RpcConnection>, log: Log): void {
    const { hooks } = this.#parts.router;
    const each = (kind: string, tell: (connection: RpcConnection) => void) => {
      for (const connection of connections) if (connection.subscribed.has(kind)) tell(connection);
    };
    hooks.on('session-opened', 'observe', ({ session }) =>
      each('sessions', (c) => c.event('session.opened', sessionInfo(session))),
    );
    hooks.on('presence-sent', 'observe', ({ session }) =>
      each('sessions', (c) => c.event('session.changed', sessionInfo(session))),
    );
    hooks.on('session-closed', 'observe', ({ session }) =>
      each('sessions', (c) => c.event('session.closed', { jid: session.jid.toString() })),
    );
    this.#undo.push(log.follow((line) => each('log', (c) => c.event('log.line', line))));
    this.#tellStatus = () => {
      if (![...connections].some((connection) => connection.subscribed.has('status'))) return;
      this.status().then(
        (status) => each('status', (c) => c.event('status', status)),
        (error: unknown) => log.error('the status could not be told', error),
      );
    };
    hooks.on('session-opened', 'observe', () => this.changed());
    hooks.on('session-closed', 'observe', () => this.changed());
    const timer = setInterval(this.#tellStatus, STATUS_EVERY_MS);
    this.#undo.push(() => clearInterval(timer));
  }

  /** Numbers of the status have changed: whoever listens is told soon. */
  changed(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#tellStatus();
    }, STATUS_SOON_MS);
  }

  stop(): void {
    clearTimeout(this.#soon);
    for (const undo of this.#undo) undo();
  }
}
