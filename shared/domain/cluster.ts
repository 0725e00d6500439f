import * as v from 'valibot';

/** Differences of counters, a second, over the last so many seconds. */
export const LinkRates = v.object({
  seconds: v.number(),
  stanzasOut: v.number(),
  stanzasIn: v.number(),
  batchesOut: v.number(),
  batchesIn: v.number(),
  bytesOut: v.number(),
  bytesIn: v.number(),
});
export type LinkRates = v.InferOutput<typeof LinkRates>;

/** One node of a domain's cluster, as another of them sees it. */
export const ClusterNode = v.object({
  node: v.string(),
  /** which run of it: a new one each start */
  run: v.string(),
  /** here: it speaks itself; linked: all is well; joining: it is being told who is there; silent: it was not heard lately */
  state: v.picklist(['here', 'linked', 'joining', 'silent']),
  sessions: v.number(),
  version: v.string(),
  /** it sends its people elsewhere, to be stopped */
  draining: v.boolean(),
  /** it can reach the database */
  database: v.boolean(),
  /** bytes that wait to reach it, and for how long the oldest has, milliseconds */
  backlog: v.number(),
  lagMs: v.number(),
  /** stanzas sent to its sessions, and got from it, since the link began */
  delivered: v.number(),
  received: v.number(),
  /** pieces that the bus had lost */
  resent: v.number(),
  /** where clients reach it by itself, if anywhere */
  address: v.nullable(v.string()),
  /** what goes over the link a second; null: the link is too young. Not told by older nodes, as all that is optional here */
  rates: v.optional(v.nullable(LinkRates)),
  /** how long a word takes there and back, the mean of the last ten seconds, milliseconds; null: not measured */
  roundTripMs: v.optional(v.nullable(v.number())),
});
export type ClusterNode = v.InferOutput<typeof ClusterNode>;

/** A node's lease, as another or it itself sees it; of runs that ended, only how. */
export const ClusterLease = v.object({
  node: v.string(),
  run: v.string(),
  /** fenced: another took it for dead; left: it stopped in order */
  state: v.picklist(['live', 'fenced', 'left']),
  renewals: v.number(),
  /** since when it was not renewed, milliseconds */
  renewedMs: v.nullable(v.number()),
  /** until it may be withdrawn if nothing more is heard; of itself: until it stops; milliseconds */
  leftMs: v.nullable(v.number()),
  /** what renews it: the database, or the word of other nodes while it does not reach that */
  by: v.nullable(v.picklist(['database', 'nodes'])),
});
export type ClusterLease = v.InferOutput<typeof ClusterLease>;

/** Work that only one node may do at a time. */
export const ClusterWork = v.object({
  node: v.string(),
  /** the lock's name: `roster/anna`, `adopt/RUN` */
  name: v.string(),
  /** it has the lock; else it waits for who has it */
  holds: v.boolean(),
  forMs: v.number(),
});
export type ClusterWork = v.InferOutput<typeof ClusterWork>;

/** A run of a node that ended, and who saw to what it left. */
export const ClusterSuccession = v.object({
  node: v.string(),
  run: v.string(),
  /** silent: it was taken for dead; left: it stopped in order; restarted: a new run of it took its place */
  how: v.picklist(['silent', 'left', 'restarted']),
  /** null: nobody had to, or it is not known there */
  by: v.nullable(v.string()),
  /** milliseconds since the epoch */
  at: v.number(),
  sessions: v.number(),
});
export type ClusterSuccession = v.InferOutput<typeof ClusterSuccession>;

export const ClusterStatus = v.object({
  node: v.string(),
  /** the NATS server that it is connected to, and whether it is now */
  nats: v.object({ address: v.string(), version: v.string(), connected: v.boolean() }),
  nodes: v.array(ClusterNode),
  /** nodes that this one took for dead and withdrew, and links that it gave up, since its start */
  withdrawn: v.number(),
  linksBroken: v.number(),
  /** how long a lease lasts, and how long a node that can't renew its own serves, milliseconds */
  leaseMs: v.optional(v.number()),
  stopMs: v.optional(v.number()),
  leases: v.optional(v.array(ClusterLease)),
  /** who is at what now, that takes long; the answering node tells all of its own */
  works: v.optional(v.array(ClusterWork)),
  /** of the answering node, since its start: locks it had, and locks it did not get or lost */
  locks: v.optional(v.object({ had: v.number(), failed: v.number() })),
  /** the newest first */
  successions: v.optional(v.array(ClusterSuccession)),
});
export type ClusterStatus = v.InferOutput<typeof ClusterStatus>;
