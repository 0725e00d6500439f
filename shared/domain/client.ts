import * as v from 'valibot';

/** An installation of a client that has access to an account (XEP-0494). Times are milliseconds since the epoch. */
export const Client = v.object({
  id: v.string(),
  /** what it says of itself; may be empty */
  software: v.string(),
  device: v.string(),
  firstSeen: v.number(),
  lastSeen: v.number(),
  /** it has a session now */
  connected: v.boolean(),
  /** it has shown the password, and so keeps access when its tokens are taken */
  password: v.boolean(),
  /** it has a token that is good (XEP-0484) */
  token: v.boolean(),
});
export type Client = v.InferOutput<typeof Client>;
