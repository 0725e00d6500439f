import * as v from 'valibot';
import { Client } from '../domain/client.ts';
import { LogLine } from '../domain/log-line.ts';
import { NodeStatus } from '../domain/node.ts';
import { Person } from '../domain/person.ts';
import { Session } from '../domain/session.ts';
import { method } from '../rpc.ts';

/** Grows when a method changes its meaning; a console asks first and refuses what it doesn't know. */
export const NODE_API_VERSION = 1;

const none = v.strictObject({});
const name = v.pipe(v.string(), v.nonEmpty('a name is missing'), v.maxBytes(1023, 'a name has at most 1023 bytes'));
const password = v.pipe(
  v.string(),
  v.nonEmpty('the password is empty'),
  v.maxBytes(1023, 'a password has at most 1023 bytes'),
);
const limit = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200);

export const NodeVersion = v.object({
  version: v.string(),
  api: v.number(),
  runtime: v.string(),
  platform: v.string(),
});

export const ImportReport = v.object({
  added: v.number(),
  skipped: v.array(v.object({ name: v.string(), why: v.string() })),
});

/** What a node answers on its admin socket: JSON-RPC 2.0 in WebSocket text frames. */
export const nodeMethods = {
  version: method(none, NodeVersion),
  status: method(none, NodeStatus),
  /** in the order of their names; `after` is the last name of the page before */
  'users.list': method(
    v.strictObject({ limit, after: v.optional(v.string(), ''), search: v.optional(v.string(), '') }),
    v.object({ users: v.array(Person), total: v.number() }),
  ),
  'users.add': method(v.strictObject({ name, password }), v.object({ jid: v.string() })),
  'users.import': method(v.strictObject({ people: v.array(v.strictObject({ name, password })) }), ImportReport),
  'users.password': method(v.strictObject({ name, password }), v.object({ sessionsEnded: v.number() })),
  'users.suspend': method(v.strictObject({ name }), v.object({ sessionsEnded: v.number() })),
  'users.activate': method(v.strictObject({ name }), v.object({})),
  'users.remove': method(v.strictObject({ name }), v.object({ sessionsEnded: v.number() })),
  /** the clients that have access to an account */
  'users.clients': method(v.strictObject({ name }), v.object({ clients: v.array(Client) })),
  /** takes the tokens of a client, and ends its sessions; one that knows the password may come back */
  'users.revoke': method(v.strictObject({ name, client: v.string() }), v.object({ sessionsEnded: v.number() })),
  /** in the order of their full JIDs; `after` is the last JID of the page before */
  'sessions.list': method(
    v.strictObject({ limit, after: v.optional(v.string(), '') }),
    v.object({ sessions: v.array(Session), total: v.number() }),
  ),
  'sessions.end': method(v.strictObject({ jid: v.string() }), v.object({ ended: v.boolean() })),
  /** sends everybody who is connected here to other nodes, so many a second, and lets nobody in any more */
  'cluster.drain': method(
    v.strictObject({ perSecond: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(10_000)), 100) }),
    v.object({ sessions: v.number() }),
  ),
  /** takes people in again; `drained`: whether it did not before. Older nodes do not know it: they take people in when restarted */
  'cluster.undrain': method(none, v.object({ drained: v.boolean() })),
  'log.tail': method(v.strictObject({ lines: limit }), v.object({ lines: v.array(LogLine) })),
  /** Prometheus text format 0.0.4 */
  metrics: method(none, v.object({ text: v.string() })),
  /** from now on this connection gets the events of these kinds, and those of no other */
  subscribe: method(v.strictObject({ to: v.array(v.picklist(['sessions', 'log', 'status'])) }), v.object({})),
};
export type NodeMethods = typeof nodeMethods;

/** Sent as JSON-RPC notifications: method is the event's name, params its data. */
export const nodeEvents = {
  'session.opened': Session,
  'session.changed': Session,
  'session.closed': v.object({ jid: v.string() }),
  'log.line': LogLine,
  /** every two seconds, and soon after its numbers have changed, to those who subscribed to status */
  status: NodeStatus,
};
export type NodeEvents = typeof nodeEvents;
