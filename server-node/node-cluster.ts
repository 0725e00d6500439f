import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ClusterStatus } from '../shared/domain/cluster.ts';
import { ParleyError } from '../shared/errors.ts';
import { Cluster } from './cluster/cluster.ts';
import { NatsBus } from './cluster/nats.ts';
import {
  CLUSTER_TIMES,
  type ClusterContinuity,
  type ClusterNode,
  type LeftMessage,
  NameTaken,
  OtherWire,
} from './cluster/parts.ts';
import { transitKey } from './cluster/transit.ts';
import type { Config } from './config/keys.ts';
import type { Log } from './observe/log.ts';
import type { LabelledMetric, Metric } from './observe/metrics.ts';
import type { Router } from './router/router.ts';
import { offlineKey } from './router/session.ts';
import type { Safekeeping } from './sessions/safekeeping.ts';
import { postgresOf } from './storage/open.ts';
import { PostgresLeases } from './storage/postgres/leases.ts';
import type { Stores } from './storage/stores.ts';
import type { Safe } from './stream/ports.ts';
import { VERSION } from './version.ts';

/** keys of messages that came with sessions of other nodes are remembered, for who clears up after a node */
const MOST_TAKEN = 100_000;

export interface NodeClusterParts {
  readonly config: Config;
  readonly path: (name: string) => string;
  readonly log: Log;
  readonly stores: Stores;
  readonly safe: Safekeeping;
  readonly run: string;
  readonly router: () => Router;
  readonly continuity: () => ClusterContinuity;
  readonly onLost: (why: string) => void;
}

/** What tells this run of a node from all others: its name, and something new. */
export const runOf = (config: Config): string => `${nodeName(config)}.${randomBytes(6).toString('hex')}`;

export const isClustered = (config: Config): boolean => config['cluster.nats'].length > 0;

/** How long a node that can't renew its lease goes on. */
const stopMs = (leaseMs: number): number => leaseMs * 0.75;

const nodeName = (config: Config): string => (config['cluster.node'] === 'auto' ? hostname() : config['cluster.node']);

/** Where clients reach this node by itself; undefined when nobody is to be sent here. */
export function ownAddress(config: Config): string | null {
  const given = config['cluster.address'];
  if (given === 'auto') return null;
  return /:\d{1,5}$/.test(given) ? given : `${given}:${config['listen.c2s'].split(':').at(-1) ?? '5222'}`;
}

/** This node's place among the others of its domain. */
export class NodeCluster {
  readonly cluster: Cluster;
  readonly #bus: NatsBus;
  readonly #leases: PostgresLeases;
  readonly #parts: NodeClusterParts;

  private constructor(bus: NatsBus, leases: PostgresLeases, parts: NodeClusterParts) {
    const { config, log, stores, safe, run, router, continuity, onLost } = parts;
    this.#bus = bus;
    this.#leases = leases;
    this.#parts = parts;
    const leaseMs = config['cluster.lease_seconds'] * 1000;
    this.cluster = new Cluster({
      domain: config.domain,
      node: nodeName(config),
      run,
      version: VERSION,
      info: { address: ownAddress(config) },
      bus,
      leases,
      stores,
      safe: {
        put: (account, stanza, key, also) => safe.putShared(account, stanza, key, also),
        drop: (key) => safe.known(key).drop(),
      },
      times: { ...CLUSTER_TIMES, leaseMs, stopMs: stopMs(leaseMs) },
      clock: () => performance.now(),
      now: Date.now,
      log,
      router,
      continuity,
      onLost,
    });
  }

  /** Connects to NATS. @throws ParleyError in words */
  static async connect(parts: NodeClusterParts): Promise<NodeCluster> {
    const { config, path, log } = parts;
    const postgres = postgresOf(config, path);
    if (postgres === undefined) {
      throw new ParleyError({
        code: 'configuration',
        what: 'The node is to be one of several, but keeps its data for itself.',
        why: 'cluster.nats is set, and storage.url is not.',
        todo: 'Set storage.url to the PostgreSQL that all nodes of the domain share; parleyd storage move takes the data there.',
      });
    }
    const file = (name: string) => (name === 'off' ? undefined : path(name));
    const bus = await NatsBus.connect(
      {
        urls: config['cluster.nats'],
        passwordFile: file(config['cluster.password_file']),
        credentialsFile: file(config['cluster.credentials']),
        ca: file(config['cluster.ca']),
        certificate: file(config['cluster.certificate']),
        key: file(config['cluster.key']),
        name: `parleyd ${nodeName(config)} ${config.domain}`,
      },
      log,
    ).catch((error: unknown) => {
      throw new ParleyError({
        code: 'nats',
        what: 'No NATS server lets this node in.',
        why: `${config['cluster.nats'].join(', ')}: ${error instanceof Error ? error.message : error}`,
        todo: 'See that one is running there, that this host may reach it, and that user, password and certificates are right.',
      });
    });
    return new NodeCluster(bus, new PostgresLeases(postgres), parts);
  }

  /** Joins the others. @throws ParleyError when one of them has this node's name, or can't be understood */
  async start(): Promise<void> {
    try {
      await this.cluster.start();
    } catch (error) {
      if (error instanceof OtherWire)
        throw new ParleyError({
          code: 'other-wire',
          what: 'This node can not join the others of its domain.',
          why: `The ${error.message}.`,
          todo: 'Bring the others to a version that lies between, one after the other, and this one then.',
        });
      if (!(error instanceof NameTaken)) throw error;
      throw new ParleyError({
        code: 'name-taken',
        what: 'This node can not join the others of its domain.',
        why: `One of them is named ${nodeName(this.#parts.config)} too, and serves.`,
        todo: 'Give this one a name of its own: cluster.node in parleyd.toml.',
      });
    }
  }

  async leave(): Promise<void> {
    await this.cluster.leave();
    await this.#bus.close();
    await this.#leases.close();
  }

  /** An address of another node that takes people in, in turn; undefined when none says one. */
  elsewhere(): string | undefined {
    const nodes = this.#takers();
    this.#turn++;
    return nodes[this.#turn % nodes.length];
  }
  #turn = 0;

  #takers(): string[] {
    return this.cluster.nodes().flatMap((node) => {
      const { address } = (node.info ?? {}) as { address?: string | null };
      return node.state === 'linked' && !node.draining && typeof address === 'string' ? [address] : [];
    });
  }

  /** Whether anybody is there to send people to. */
  get alone(): boolean {
    return !this.cluster.nodes().some((node) => node.state === 'linked' && !node.draining);
  }

  status(): ClusterStatus {
    const { counters, locks, successions } = this.cluster;
    const nodes = this.cluster.nodes().map(({ info, rates, roundTripMs, ...node }) => {
      const { address } = (info ?? {}) as { address?: string | null };
      const link = { rates: rates ?? null, roundTripMs: roundTripMs ?? null };
      return { ...node, address: address ?? null, ...(node.state === 'here' ? {} : link) };
    });
    const leaseMs = this.#parts.config['cluster.lease_seconds'] * 1000;
    const mine = nodes.find(({ state }) => state === 'here');
    return {
      node: mine?.node ?? '',
      nats: { ...this.#bus.server, connected: this.#bus.connected },
      nodes,
      withdrawn: counters.fenced,
      linksBroken: counters.links_broken,
      ...{ leaseMs, stopMs: stopMs(leaseMs), leases: this.cluster.leases(), works: this.cluster.works() },
      ...{ locks: { ...locks }, successions: [...successions] },
    };
  }

  metrics(): (Metric | LabelledMetric)[] {
    const { counters, transit } = this.cluster;
    const nodes = this.cluster.nodes();
    const metric = (name: string, kind: Metric['kind'], help: string, value: number): Metric => ({
      name: `parleyd_cluster_${name}`,
      kind,
      help,
      value,
    });
    const each = (
      name: string,
      kind: Metric['kind'],
      help: string,
      value: (node: ClusterNode) => number | undefined,
    ): LabelledMetric => ({
      ...{ name: `parleyd_cluster_${name}`, kind, help, label: 'node' },
      values: nodes.flatMap((node) => {
        const it = node.state === 'here' ? undefined : value(node);
        return it === undefined ? [] : [[node.node, it] as const];
      }),
    });
    return [
      metric('nodes', 'gauge', 'Nodes of the domain that this one knows, itself among them.', nodes.length),
      metric('sessions_elsewhere', 'gauge', 'Sessions of other nodes.', this.#parts.router().sessions.elsewhere),
      metric('in_transit', 'gauge', 'Stanzas sent to other nodes whose fate is not known yet.', transit.size),
      metric(
        'backlog_bytes',
        'gauge',
        'What waits to reach other nodes.',
        nodes.reduce((sum, { backlog }) => sum + backlog, 0),
      ),
      metric(
        'lag_seconds',
        'gauge',
        'How long the oldest of it waits.',
        Math.max(0, ...nodes.map(({ lagMs }) => lagMs)) / 1000,
      ),
      metric(
        'resent_total',
        'counter',
        'Pieces that NATS lost.',
        nodes.reduce((sum, { resent }) => sum + resent, 0),
      ),
      each('link_stanzas_sent_total', 'counter', 'Stanzas to sessions of that node.', ({ delivered }) => delivered),
      each('link_stanzas_received_total', 'counter', 'Stanzas from that node to sessions here.', (it) => it.received),
      each('link_round_trip_seconds', 'gauge', 'How long a word takes there and back, of late.', ({ roundTripMs }) =>
        roundTripMs === undefined ? undefined : roundTripMs / 1000,
      ),
      metric('locks_total', 'counter', 'Locks in the database that this node has had.', this.cluster.locks.had),
      metric(
        'locks_failed_total',
        'counter',
        'Locks in the database that it did not get, or lost.',
        this.cluster.locks.failed,
      ),
      metric('links_broken_total', 'counter', 'Links that were given up.', counters.links_broken),
      metric('nodes_withdrawn_total', 'counter', 'Nodes that this one took for dead.', counters.fenced),
      metric('nats_connected', 'gauge', '1 while NATS is there.', this.#bus.connected ? 1 : 0),
      metric('nats_published_bytes_total', 'counter', 'Bytes given to NATS.', this.#bus.counters.bytes),
    ];
  }

  /** Whether a session that came here brought a message that lies on another node's disk, by any of the names it has there. */
  tookOver({ key, also = [] }: LeftMessage): boolean {
    const run = key.slice(0, key.indexOf('!'));
    return [key, ...also.map((number) => transitKey.of(run, number))].some(
      (one) => this.#took.has(one) || this.#tookBefore.has(one),
    );
  }

  #tookOver(key: string): void {
    this.#took.add(key);
    if (this.#took.size < MOST_TAKEN) return;
    this.#tookBefore = this.#took;
    this.#took = new Set();
  }
  #took = new Set<string>();
  #tookBefore = new Set<string>();

  /** The safe as sessions know it: what came from another node, or was kept by one, is told apart by its key. */
  safe(): Safe {
    const { safe, run } = this.#parts;
    return {
      // who clears up after this node must know of the devices at other nodes that may have it too
      put: (account, stanza, key, receipt) =>
        safe.putShared(account, stanza, key, receipt && this.cluster.transit.numbersOf(receipt)),
      known: (key) => safe.known(key),
      foreign: (key) => {
        if (offlineKey.read(key) !== undefined) return undefined; // it waits for the account, not for a node
        const receipt = transitKey.read(key) === undefined ? undefined : this.cluster.receiptOf(key);
        if (receipt !== undefined) return receipt;
        if (key.startsWith(`${run}!`)) return undefined;
        this.#tookOver(key);
        return 'ours';
      },
    };
  }
}
