import type { Domain, DomainNode, Health } from '../../shared/console-api/domains.ts';
import type { LogLine } from '../../shared/domain/log-line.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import type { Session } from '../../shared/domain/session.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { DomainRow, FleetStore, NodeRow } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
import { healthOfNodes } from './cluster-health.ts';
import { Link, type Reach } from './link.ts';
import type { NodeClient, NodeEvent } from './node-client.ts';

export interface MonitorEvents {
  domain(domain: Domain): void;
  removed(domain: string): void;
  opened(domain: string, session: Session): void;
  changed(domain: string, session: Session): void;
  closed(domain: string, jid: string): void;
  reset(domain: string): void;
  line(domain: string, line: LogLine): void;
}

export interface MonitorDeps {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal: AbortSignal) => Promise<Host>;
  readonly reach: (domain: string, hostId: string) => Reach;
  readonly hostName: (hostId: string) => string;
  readonly events: MonitorEvents;
}

export type Monitor = ReturnType<typeof createMonitor>;

/** What is known of each domain's nodes now, and the way to ask them. */
export function createMonitor({ store, connect, reach, hostName, events }: MonitorDeps) {
  const links = new Map<string, Map<string, Link>>();
  const overall = new Map<string, Health>();

  const rowOf = (domain: string): DomainRow => store.domain(domain) ?? unknown(domain);
  const hostsOf = (row: DomainRow): string[] => {
    const nodes = store.nodes(row.name).map((it) => it.host_id);
    return nodes.length === 0 ? [row.host_id] : nodes;
  };

  function linkTo(domain: string, hostId: string): Link {
    const ofDomain = links.get(domain) ?? new Map<string, Link>();
    links.set(domain, ofDomain);
    const found = ofDomain.get(hostId);
    if (found !== undefined) return found;
    const link = new Link({
      connect: (signal) => connect(hostId, signal),
      reach: () => reach(domain, hostId),
      onEvent: (event) => tell(domain, hostId, event),
      onReset: (snapshot) => {
        remember(domain, hostId, snapshot.status);
        events.reset(domain);
        announce(domain);
      },
      onHealth: () => announce(domain),
    });
    ofDomain.set(hostId, link);
    return link;
  }

  /** A link to each node of a domain; one that is no longer there is closed. */
  function linksTo(domain: string): Link[] {
    const hosts = hostsOf(rowOf(domain));
    for (const [hostId, link] of links.get(domain) ?? [])
      if (!hosts.includes(hostId)) {
        link.close();
        links.get(domain)?.delete(hostId);
      }
    return hosts.map((hostId) => linkTo(domain, hostId));
  }

  function tell(domain: string, hostId: string, event: NodeEvent): void {
    if (event.name === 'session.opened') events.opened(domain, event.data);
    else if (event.name === 'session.changed') events.changed(domain, event.data);
    else if (event.name === 'session.closed') events.closed(domain, event.data.jid);
    else if (event.name === 'log.line') events.line(domain, event.data);
    else {
      remember(domain, hostId, event.data);
      announce(domain);
    }
  }

  function remember(domain: string, hostId: string, status: NodeStatus | null): void {
    if (status === null || store.domain(domain) === undefined) return;
    store.domainSeen(domain, Date.now(), status);
    store.nodeSeen(domain, hostId, Date.now(), status);
  }

  function announce(domain: string): void {
    const row = store.domain(domain);
    if (row !== undefined) events.domain(view(row));
  }

  function nodeView(row: DomainRow, node: NodeRow): DomainNode {
    const link = links.get(row.name)?.get(node.host_id);
    const status = link?.snapshot.status ?? node.last_status;
    const seen = node.last_seen_at;
    return {
      ...{ hostId: node.host_id, host: hostName(node.host_id), node: status?.cluster?.node ?? null },
      health: link
        ? { ...link.health, asOf: link.health.asOf ?? seen }
        : { state: 'unknown', since: seen ?? node.added_at, asOf: seen, problem: null },
      sessions: link?.live ? link.snapshot.sessions.size : (status?.sessions ?? null),
      ...{ version: status?.version ?? null, memoryBytes: status?.memoryBytes ?? null },
      ...{ carries: carriedBy(row.spec, node.host_id), cluster: status?.cluster ?? null },
      ...(status?.edges && { edges: status.edges }),
    };
  }

  function view(row: DomainRow): Domain {
    const nodes = store.nodes(row.name).map((it) => nodeView(row, it));
    const known = hostsOf(row).map((hostId) => links.get(row.name)?.get(hostId));
    const link = known.find((it) => it?.live) ?? known[0];
    const status = link?.snapshot.status ?? row.last_status;
    const sessions = link?.live ? link.snapshot.sessions.size : (status?.sessions ?? null);
    const several = nodes.length > 0;
    return {
      ...{ name: row.name, hostId: row.host_id, createdAt: row.created_at },
      host: nodes.length > 1 ? `${nodes.length} hosts` : hostName(row.host_id),
      ...{ version: status?.version ?? null, people: status?.users ?? null },
      sessions: several ? nodes.reduce<number | null>((sum, it) => added(sum, it), null) : sessions,
      ...{
        memoryBytes: several ? memoryOf(nodes) : (status?.memoryBytes ?? null),
        startedAt: status?.startedAt ?? null,
      },
      listeners: status?.listeners ?? [],
      health: several ? sinceWhen(row.name, healthOfNodes(nodes)) : healthAlone(row, link),
      ...{ connection: row.connection, ...(several ? { nodes } : status?.edges && { edges: status.edges }) },
    };
  }

  const healthAlone = (row: DomainRow, link: Link | undefined): Health =>
    link
      ? { ...link.health, asOf: link.health.asOf ?? row.last_seen_at }
      : { state: 'unknown', since: row.last_seen_at ?? row.created_at, asOf: row.last_seen_at, problem: null };

  /** The health of all nodes together is made anew each time; since when it is so is kept here. */
  function sinceWhen(domain: string, health: Health): Health {
    const before = overall.get(domain);
    const same = before?.state === health.state && before.problem?.code === health.problem?.code;
    const now = same ? { ...health, since: before.since } : health;
    overall.set(domain, now);
    return now;
  }

  /** The open link to a node of the domain that answers, for one question. @throws ParleyError: why there is none */
  async function client(domain: string): Promise<NodeClient> {
    const all = linksTo(domain);
    const inOrder = [...all.filter((it) => it.live), ...all.filter((it) => !it.live)];
    let first: unknown;
    for (const link of inOrder) {
      try {
        return await link.client();
      } catch (error) {
        first ??= error;
      }
    }
    throw first;
  }

  /** Who looks at a domain wants to see it live: links are made if there are none, and the answer does not wait for them. */
  function watched(domain: string): Link[] {
    const all = linksTo(domain);
    for (const link of all) if (!link.live) link.watch();
    return all;
  }

  const togetherOf = (all: readonly Link[]) => ({
    asOf: all.map((it) => it.snapshot.asOf).find((it) => it !== null) ?? null,
    live: all.some((it) => it.live),
  });

  return {
    list: (): Domain[] => store.domains().map(view),
    get: (domain: string): Domain => view(rowOf(domain)),
    announce,
    client,

    sessions(domain: string) {
      const all = watched(domain);
      // What a lost node told last stands only until another node has withdrawn its sessions: then nobody is there.
      const heard = all.filter((it) => it.live || all.length === 1);
      const sessions = heard.flatMap((it) => [...it.snapshot.sessions.values()]);
      return { sessions: sessions.sort((a, b) => (a.jid < b.jid ? -1 : 1)), ...togetherOf(all) };
    },

    /** Ends a session at the node that has it. */
    async endSession(domain: string, jid: string): Promise<{ ended: boolean }> {
      const there = linksTo(domain).find((it) => it.live && it.snapshot.sessions.has(jid));
      return (await (there?.client() ?? client(domain))).call('sessions.end', { jid });
    },

    log(domain: string, lines: number) {
      const all = watched(domain);
      const whole = all.flatMap((it) => it.snapshot.log);
      if (all.length > 1) whole.sort((a, b) => a.at - b.at);
      return { lines: whole.slice(-lines), ...togetherOf(all) };
    },

    /** Asks every node; who does not answer is known to be away after that. */
    async askAll(domain: string): Promise<void> {
      await Promise.allSettled(linksTo(domain).map((it) => it.client()));
    },

    watch: (domain: string): void => {
      for (const link of linksTo(domain)) link.watch();
    },

    /** Keeps a link to each node of each domain that is installed. */
    watchAll(): void {
      for (const row of store.domains())
        if (row.connection !== null) for (const link of linksTo(row.name)) link.watch();
    },

    forget(domain: string): void {
      for (const link of links.get(domain)?.values() ?? []) link.close();
      overall.delete(domain);
      if (links.delete(domain) || store.domain(domain) === undefined) events.removed(domain);
    },

    /** A node is no longer one of the domain's. */
    forgetNode(domain: string): void {
      linksTo(domain);
      events.reset(domain);
      announce(domain);
    },

    close(): void {
      for (const all of links.values()) for (const link of all.values()) link.close();
    },
  };
}

const memoryOf = (nodes: readonly DomainNode[]): number | null =>
  nodes.reduce<number | null>((sum, it) => (it.memoryBytes === null ? sum : (sum ?? 0) + it.memoryBytes), null);

const added = (sum: number | null, { sessions, health }: DomainNode): number | null =>
  sessions === null || health.state === 'down' || health.state === 'unreachable' ? sum : (sum ?? 0) + sessions;

function carriedBy({ cluster }: DomainRow['spec'], hostId: string): DomainNode['carries'] {
  const { postgres, nats } = cluster ?? {};
  return [
    ...(postgres?.kind === 'installed' && postgres.hostId === hostId ? (['database'] as const) : []),
    ...(nats?.kind === 'installed' && nats.hostIds.includes(hostId) ? (['nats'] as const) : []),
  ];
}

function unknown(domain: string): never {
  throw new ParleyError({
    code: 'no-domain',
    what: `There is no domain '${domain}'.`,
    why: 'The fleet does not know it.',
    todo: 'parley domain list shows those it knows; parley provision makes a new one.',
  });
}
