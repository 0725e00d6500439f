import * as v from 'valibot';
import { Timestamp } from './node.ts';

/** An account of the domain, as the operator sees it. */
export const Person = v.object({
  /** the localpart of the bare JID */
  name: v.string(),
  state: v.picklist(['active', 'suspended']),
  createdAt: Timestamp,
  /** when a session of theirs last began or ended; null: never */
  lastSeenAt: v.nullable(Timestamp),
  sessions: v.number(),
});
export type Person = v.InferOutput<typeof Person>;
