import * as v from 'valibot';
import { Timestamp } from './node.ts';

export const Session = v.object({
  /** full JID: it identifies the session */
  jid: v.string(),
  connectedAt: Timestamp,
  /** the client's IP address and port, as the node sees it */
  address: v.string(),
  transport: v.picklist(['tcp', 'starttls', 'tls', 'websocket', 'bosh']),
  /** such as `TLSv1.3`, null on a connection without TLS */
  tls: v.nullable(v.string()),
  mechanism: v.string(),
  /** null until the client has sent its first presence (RFC 6121 §4.2) */
  presence: v.nullable(v.object({ show: v.string(), status: v.string(), priority: v.number() })),
});
export type Session = v.InferOutput<typeof Session>;
