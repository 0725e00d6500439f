import * as v from 'valibot';

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
});
export type ClusterNode = v.InferOutput<typeof ClusterNode>;

export const ClusterStatus = v.object({
  node: v.string(),
  /** the NATS server that it is connected to, and whether it is now */
  nats: v.object({ address: v.string(), version: v.string(), connected: v.boolean() }),
  nodes: v.array(ClusterNode),
  /** nodes that this one took for dead and withdrew, and links that it gave up, since its start */
  withdrawn: v.number(),
  linksBroken: v.number(),
});
export type ClusterStatus = v.InferOutput<typeof ClusterStatus>;
