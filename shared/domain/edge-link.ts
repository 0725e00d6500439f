import * as v from 'valibot';

/** An edge, a process that holds clients' connections, as a core behind it sees it. */
export const EdgeLink = v.object({
  /** of its process: a new one each start */
  id: v.string(),
  name: v.string(),
  /** where it is connected from; null: from this machine, over a Unix socket */
  address: v.nullable(v.string()),
  connected: v.boolean(),
  /** sessions of this core whose clients are there */
  sessions: v.number(),
  /** when it came; and when its link was cut, if it is; milliseconds since the epoch */
  since: v.number(),
  cutAt: v.nullable(v.number()),
});
export type EdgeLink = v.InferOutput<typeof EdgeLink>;
