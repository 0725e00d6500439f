import type { Domain } from '../../shared/console-api/domains.ts';
import type { LogLine } from '../../shared/domain/log-line.ts';
import type { Session } from '../../shared/domain/session.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { DomainRow, FleetStore } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
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
  readonly reach: (domain: string) => Reach;
  readonly hostName: (hostId: string) => string;
  readonly events: MonitorEvents;
}

export type Monitor = ReturnType<typeof createMonitor>;

/** What is known of each domain's node now, and the way to ask it. */
export function createMonitor({ store, connect, reach, hostName, events }: MonitorDeps) {
  const links = new Map<string, Link>();

  function linkTo(domain: string): Link {
    const found = links.get(domain);
    if (found !== undefined) return found;
    const row = store.domain(domain) ?? unknown(domain);
    const link = new Link({
      connect: (signal) => connect(row.host_id, signal),
      reach: () => reach(domain),
      onEvent: (event) => tell(domain, event),
      onReset: (snapshot) => {
        remember(domain, snapshot.status);
        events.reset(domain);
        announce(domain);
      },
      onHealth: () => announce(domain),
    });
    links.set(domain, link);
    return link;
  }

  function tell(domain: string, event: NodeEvent): void {
    if (event.name === 'session.opened') events.opened(domain, event.data);
    else if (event.name === 'session.changed') events.changed(domain, event.data);
    else if (event.name === 'session.closed') events.closed(domain, event.data.jid);
    else if (event.name === 'log.line') events.line(domain, event.data);
    else {
      remember(domain, event.data);
      announce(domain);
    }
  }

  function remember(domain: string, status: Parameters<FleetStore['domainSeen']>[2] | null): void {
    if (status !== null && store.domain(domain)) store.domainSeen(domain, Date.now(), status);
  }

  function announce(domain: string): void {
    const row = store.domain(domain);
    if (row !== undefined) events.domain(view(row));
  }

  function view(row: DomainRow): Domain {
    const link = links.get(row.name);
    const status = link?.snapshot.status ?? row.last_status;
    const sessions = link?.live ? link.snapshot.sessions.size : (status?.sessions ?? null);
    return {
      ...{ name: row.name, hostId: row.host_id, host: hostName(row.host_id), createdAt: row.created_at },
      ...{ version: status?.version ?? null, sessions, people: status?.users ?? null },
      ...{ memoryBytes: status?.memoryBytes ?? null, startedAt: status?.startedAt ?? null },
      listeners: status?.listeners ?? [],
      health: link
        ? { ...link.health, asOf: link.health.asOf ?? row.last_seen_at }
        : { state: 'unknown', since: row.last_seen_at ?? row.created_at, asOf: row.last_seen_at, problem: null },
      connection: row.connection,
    };
  }

  return {
    list: (): Domain[] => store.domains().map(view),
    get: (domain: string): Domain => view(store.domain(domain) ?? unknown(domain)),
    announce,

    /** the open link to a node, for one question. @throws ParleyError: why there is none */
    client: (domain: string): Promise<NodeClient> => linkTo(domain).client(),
    link: linkTo,

    /** Keeps a link to each domain that is installed. */
    watchAll(): void {
      for (const row of store.domains()) if (row.connection !== null) linkTo(row.name).watch();
    },

    forget(domain: string): void {
      links.get(domain)?.close();
      if (links.delete(domain) || store.domain(domain) === undefined) events.removed(domain);
    },

    close(): void {
      for (const link of links.values()) link.close();
    },
  };
}

function unknown(domain: string): never {
  throw new ParleyError({
    code: 'no-domain',
    what: `There is no domain '${domain}'.`,
    why: 'The fleet does not know it.',
    todo: 'parley domain list shows those it knows; parley provision makes a new one.',
  });
}
