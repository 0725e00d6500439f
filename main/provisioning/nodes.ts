import type { Plan } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { DomainRow, FleetStore } from '../fleet/fleet-store.ts';
import { dropNode } from './lead-leave.ts';

/** A domain that has several hosts. @throws ParleyError `no-domain`, `alone` */
export function requireCluster(store: FleetStore, domain: string) {
  const row = store.domain(domain) ?? noDomain(domain);
  const { spec } = row;
  if (spec.cluster === undefined) throw alone(domain);
  return { ...row, spec: { ...spec, cluster: spec.cluster } };
}

/** @throws ParleyError `no-node`, `carries-servers`, `last-nodes` */
export function requireRemovable(store: FleetStore, domain: string, hostId: string, lost = false): void {
  const { spec } = requireCluster(store, domain);
  const nodes = requireNode(store, domain, hostId);
  const { postgres, nats } = spec.cluster;
  if (nodes.length <= 2) throw lastNodes(domain);
  if (postgres.kind === 'installed' && postgres.hostId === hostId) throw carries(domain, 'the database');
  // One of three that is lost is missed by nobody; one that lives would be stopped under those who are connected to it.
  const servers = nats.kind === 'installed' && nats.hostIds.includes(hostId) ? nats.hostIds.length : 0;
  if (servers === 1 || (servers > 1 && !lost)) throw carries(domain, 'a NATS server');
}

export function requireNode(store: FleetStore, domain: string, hostId: string) {
  const nodes = store.nodes(domain);
  if (!nodes.some((it) => it.host_id === hostId)) throw noNode(domain);
  return nodes;
}

/** A lost host's node: nothing is asked of the host, its lease ends by itself. */
export function forgetNode(store: FleetStore, domain: string, hostId: string): void {
  requireRemovable(store, domain, hostId, true);
  dropNode(store, domain, hostId);
}

/** The domain's own wish, with one host more. */
export function specWith({ spec }: DomainRow, hostId: string): Plan['spec'] {
  const { cluster } = spec;
  if (cluster === undefined) throw alone(spec.domain);
  return { ...spec, cluster: { ...cluster, hosts: [...new Set([...cluster.hosts, hostId])] } };
}

const noDomain = (domain: string): never => {
  throw new ParleyError({
    code: 'no-domain',
    what: `There is no domain '${domain}'.`,
    why: 'The fleet does not know it.',
    todo: 'parley domain list shows those it knows.',
  });
};

const alone = (domain: string) =>
  new ParleyError({
    code: 'alone',
    what: `${domain} runs on one host and keeps its data there.`,
    why: 'Nodes of one domain share a PostgreSQL, and provisioning moves no data.',
    todo: 'Move it to PostgreSQL on the host first: parleyd storage move --help tells how.',
  });

const noNode = (domain: string) =>
  new ParleyError({
    code: 'no-node',
    what: `${domain} has no node on that host.`,
    why: 'The fleet knows of none there.',
    todo: `parley cluster show ${domain} lists its nodes.`,
  });

const carries = (domain: string, what: string) =>
  new ParleyError({
    code: 'carries-servers',
    what: `This host carries ${what} of ${domain}.`,
    why: 'All nodes need it, so the host can not leave the domain.',
    todo: 'Drain it if its people are to be elsewhere; moving the servers is done by hand.',
  });

const lastNodes = (domain: string) =>
  new ParleyError({
    code: 'last-nodes',
    what: `${domain} has two nodes, and keeps them.`,
    why: 'With one of them gone it would be no domain over several hosts.',
    todo: 'Add another host first, or remove the whole domain.',
  });
