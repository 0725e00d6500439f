import * as v from 'valibot';
import { Client } from '../domain/client.ts';
import { LogLine } from '../domain/log-line.ts';
import { Timestamp } from '../domain/node.ts';
import { Person } from '../domain/person.ts';
import { Session } from '../domain/session.ts';
import { method } from '../rpc.ts';

const domain = v.string();
const name = v.pipe(v.string(), v.nonEmpty('a name is missing'));
const password = v.pipe(v.string(), v.nonEmpty('the password is empty'));
const ended = v.object({ sessionsEnded: v.number() });
/** when the node answered: the age of what is shown */
const asOf = Timestamp;

export const peopleMethods = {
  'people.list': method(
    v.strictObject({ domain, search: v.optional(v.string(), ''), after: v.optional(v.string(), '') }),
    v.object({ people: v.array(Person), total: v.number(), asOf }),
  ),
  'people.add': method(v.strictObject({ domain, name, password }), v.object({ jid: v.string() })),
  'people.password': method(v.strictObject({ domain, name, password }), ended),
  'people.suspend': method(v.strictObject({ domain, name }), ended),
  'people.activate': method(v.strictObject({ domain, name }), v.object({})),
  'people.remove': method(v.strictObject({ domain, name }), ended),
  /** the clients that have access to an account (XEP-0494) */
  'people.clients': method(v.strictObject({ domain, name }), v.object({ clients: v.array(Client) })),
  /** takes a client's tokens and ends its sessions; one that knows the password may come back */
  'people.revoke': method(v.strictObject({ domain, name, client: v.string() }), ended),
};

export const sessionMethods = {
  /** from what the node last said; it does not wait for the host */
  'sessions.list': method(
    v.strictObject({ domain }),
    v.object({ sessions: v.array(Session), total: v.number(), asOf: v.nullable(asOf), live: v.boolean() }),
  ),
  'sessions.end': method(v.strictObject({ domain, jid: v.string() }), v.object({ ended: v.boolean() })),
};

export const logMethods = {
  /** oldest first; new lines follow as `log.line` events */
  'log.tail': method(
    v.strictObject({
      domain,
      lines: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 200),
    }),
    v.object({ lines: v.array(LogLine), asOf: v.nullable(asOf), live: v.boolean() }),
  ),
};

/** After a link was lost and found again, `sessions.reset` comes first: ask for the list again. */
export const liveEvents = {
  'sessions.opened': v.object({ domain, session: Session }),
  'sessions.changed': v.object({ domain, session: Session }),
  'sessions.closed': v.object({ domain, jid: v.string() }),
  'sessions.reset': v.object({ domain }),
  'log.line': v.object({ domain, line: LogLine }),
};
