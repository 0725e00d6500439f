import * as v from 'valibot';
import { Timestamp } from './node.ts';

/** One line of parleyd's log. */
export const LogLine = v.object({
  at: Timestamp,
  level: v.picklist(['debug', 'info', 'warn', 'error']),
  text: v.string(),
});
export type LogLine = v.InferOutput<typeof LogLine>;
