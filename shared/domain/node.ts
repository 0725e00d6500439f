import * as v from 'valibot';
import { ClusterStatus } from './cluster.ts';
import { EdgeLink } from './edge-link.ts';

/** Milliseconds since 1970-01-01T00:00:00Z. */
export const Timestamp = v.pipe(v.number(), v.integer(), v.minValue(0));

export const Certificate = v.object({
  subject: v.string(),
  issuer: v.string(),
  names: v.array(v.string()),
  /** SHA-256 of the DER form: 64 hexadecimal digits, lower case */
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not a SHA-256 fingerprint')),
  notBefore: Timestamp,
  notAfter: Timestamp,
  selfSigned: v.boolean(),
});
export type Certificate = v.InferOutput<typeof Certificate>;

export const Listener = v.object({
  name: v.picklist(['c2s', 'c2s_tls', 'http', 'https', 'components', 'edges']),
  /** host:port, or [v6]:port */
  address: v.string(),
});
export type Listener = v.InferOutput<typeof Listener>;

/** What a node answers when asked how it is. */
export const NodeStatus = v.object({
  domain: v.string(),
  version: v.string(),
  pid: v.number(),
  startedAt: Timestamp,
  sessions: v.number(),
  users: v.number(),
  listeners: v.array(Listener),
  certificate: Certificate,
  storage: v.object({ kind: v.string(), path: v.string(), bytes: v.number() }),
  /** resident set of the process */
  memoryBytes: v.number(),
  /** user and system time since the start */
  cpuSeconds: v.number(),
  /** counters since the start */
  messages: v.number(),
  logins: v.number(),
  /** of a node among others of its domain */
  cluster: v.optional(ClusterStatus),
  /** of a node that takes edges; not told by older ones */
  edges: v.optional(v.array(EdgeLink)),
});
export type NodeStatus = v.InferOutput<typeof NodeStatus>;
