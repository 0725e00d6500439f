import * as v from 'valibot';
import { ClusterStatus } from '../domain/cluster.ts';
import { EdgeLink } from '../domain/edge-link.ts';
import { Certificate, Listener, Timestamp } from '../domain/node.ts';
import { method } from '../rpc.ts';
import { none } from './app.ts';
import { HostId } from './hosts.ts';
import { Connection } from './provisioning.ts';

/** `unknown`: not asked yet in this sitting. `unreachable`: the host can't be reached. `down`: the host can, parleyd can't. */
export const Health = v.object({
  state: v.picklist(['unknown', 'connecting', 'well', 'warning', 'down', 'unreachable']),
  /** since when it is in this state */
  since: Timestamp,
  /** when the numbers beside it were true; null: never */
  asOf: v.nullable(Timestamp),
  /** what the check said, and what to do; null when it is well */
  problem: v.nullable(v.object({ code: v.string(), what: v.string(), why: v.string(), todo: v.string() })),
});
export type Health = v.InferOutput<typeof Health>;

/** One node of a domain that has several, as its own host tells and, where that is silent, as it told last. */
export const DomainNode = v.object({
  hostId: HostId,
  host: v.string(),
  /** its name among the nodes; null: it has not been heard yet */
  node: v.nullable(v.string()),
  health: Health,
  sessions: v.nullable(v.number()),
  version: v.nullable(v.string()),
  memoryBytes: v.nullable(v.number()),
  /** the servers between the nodes that its host carries */
  carries: v.array(v.picklist(['database', 'nats'])),
  /** how it sees the others */
  cluster: v.nullable(ClusterStatus),
  /** edges in front of it, where it takes any and tells */
  edges: v.optional(v.array(EdgeLink)),
});
export type DomainNode = v.InferOutput<typeof DomainNode>;

export const Domain = v.object({
  name: v.string(),
  hostId: HostId,
  /** as the operator knows the host: `user@address:port`, or `this computer` */
  host: v.string(),
  /** null: not seen running yet */
  version: v.nullable(v.string()),
  sessions: v.nullable(v.number()),
  people: v.nullable(v.number()),
  memoryBytes: v.nullable(v.number()),
  startedAt: v.nullable(Timestamp),
  listeners: v.array(Listener),
  health: Health,
  connection: v.nullable(Connection),
  /** where the domain runs on several hosts, the first one first */
  nodes: v.optional(v.array(DomainNode)),
  /** edges in front of a domain on one host, where it takes any */
  edges: v.optional(v.array(EdgeLink)),
  createdAt: Timestamp,
});
export type Domain = v.InferOutput<typeof Domain>;

const one = v.strictObject({ domain: v.string() });

export const domainMethods = {
  'domains.list': method(none, v.object({ domains: v.array(Domain) })),
  'domains.get': method(one, Domain),
  /** takes everything of the domain off its host, people and messages too; the operator has typed its name */
  'domains.remove': method(v.strictObject({ domain: v.string(), typed: v.string() }), v.object({ runId: v.string() })),
  /** forgets the domain here and leaves the host as it is, for a host that is gone */
  'domains.forget': method(v.strictObject({ domain: v.string(), typed: v.string() }), v.object({})),
  'domains.certificate': method(one, Certificate),
};

export const domainEvents = {
  'domains.changed': Domain,
  'domains.removed': v.object({ domain: v.string() }),
};
