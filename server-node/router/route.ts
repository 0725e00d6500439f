import type { Condition } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { External, Externals } from './externals.ts';
import type { Session } from './session.ts';

/** Where a stanza goes. */
export type Destination =
  | { readonly kind: 'sessions'; readonly sessions: readonly Session[] }
  /** another domain, through who is connected for it */
  | { readonly kind: 'external'; readonly external: External }
  /** the server itself answers, for the domain */
  | { readonly kind: 'server' }
  /** the server answers for an account: its bare JID */
  | { readonly kind: 'account'; readonly name: string }
  /** nobody is there who could take it now: it is kept, if the account exists */
  | { readonly kind: 'offline'; readonly name: string }
  | { readonly kind: 'error'; readonly condition: Condition }
  /** silently ignored, as the specification asks */
  | { readonly kind: 'nobody' };

export interface Directory {
  readonly domain: string;
  of(name: string): readonly Session[];
  get(name: string, resource: string): Session | undefined;
  readonly externals: Externals;
}

const NOBODY: Destination = { kind: 'nobody' };
const SERVER: Destination = { kind: 'server' };
const UNAVAILABLE: Destination = { kind: 'error', condition: 'service-unavailable' };
const NOT_FOUND: Destination = { kind: 'error', condition: 'remote-server-not-found' };
const BAD_REQUEST: Destination = { kind: 'error', condition: 'bad-request' };
const IQ_TYPES: readonly string[] = ['get', 'set', 'result', 'error'];
const SUBSCRIPTION_TYPES: readonly string[] = ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed', 'probe'];

/** Decides where a stanza addressed to `to` goes (RFC 6120 §10, RFC 6121 §8). Pure: it reads the directory, no more. */
export function route(stanza: Stanza, to: Jid, directory: Directory): Destination {
  if (to.domain !== directory.domain) {
    const external = directory.externals.get(to.domain);
    if (external !== undefined) return { kind: 'external', external };
    if (stanza.type === 'error' || stanza.type === 'result') return NOBODY;
    return directory.externals.expected(to.domain) ? UNAVAILABLE : NOT_FOUND;
  }
  if (to.local === '') return to.resource === '' ? SERVER : UNAVAILABLE; // RFC 6120 §10.5.1, §10.5.2
  if (stanza.name === 'message')
    return to.resource === '' ? messageToBare(stanza, to, directory) : messageToFull(stanza, to, directory);
  if (stanza.name === 'iq') return iqToUser(stanza, to, directory);
  return presenceToUser(stanza, to, directory);
}

/** RFC 6121 §8.5.2 */
function messageToBare(stanza: Stanza, to: Jid, directory: Directory): Destination {
  if (stanza.type === 'error') return NOBODY; // §8.5.2.1.1, §8.5.2.2.1
  if (stanza.type === 'groupchat') return UNAVAILABLE; // §8.5.2.1.1
  const sessions = willing(directory.of(to.local));
  if (sessions.length > 0) return { kind: 'sessions', sessions }; // §8.5.2.1.1: all of the non-negative resources
  return stanza.type === 'headline' ? NOBODY : { kind: 'offline', name: to.local }; // §8.5.2.2.1
}

/** Resources that are available with a priority of 0 or more (RFC 6121 §4.7.2.3). Mostly all: then nothing is copied. */
function willing(sessions: readonly Session[]): readonly Session[] {
  for (const session of sessions) {
    if (session.presence === undefined || session.priority < 0) {
      return sessions.filter((one) => one.presence !== undefined && one.priority >= 0);
    }
  }
  return sessions;
}

/** RFC 6121 §8.5.3 */
function messageToFull(stanza: Stanza, to: Jid, directory: Directory): Destination {
  const session = directory.get(to.local, to.resource);
  if (session !== undefined) return { kind: 'sessions', sessions: [session] }; // §8.5.3.1
  if (stanza.type === 'chat') return messageToBare(stanza, to, directory); // §8.5.3.2.1: as if to the bare JID
  return stanza.type === 'error' || stanza.type === 'headline' ? NOBODY : UNAVAILABLE;
}

/** RFC 6121 §8.5.2.1.3, §8.5.3.1, §8.5.3.2.3 */
function iqToUser(stanza: Stanza, to: Jid, directory: Directory): Destination {
  // RFC 6120 §8.2.3: a router must refuse a type that there is not, and nobody could answer what has no id
  if (!IQ_TYPES.includes(stanza.type) || stanza.id === undefined) return BAD_REQUEST;
  if (to.resource === '') return { kind: 'account', name: to.local };
  const session = directory.get(to.local, to.resource);
  if (session !== undefined) return { kind: 'sessions', sessions: [session] };
  return stanza.type === 'get' || stanza.type === 'set' ? UNAVAILABLE : NOBODY;
}

/** Presence without a type, `unavailable` and `error` go to resources; the rest is subscriptions, kept by the account. */
function presenceToUser(stanza: Stanza, to: Jid, directory: Directory): Destination {
  const plain = stanza.type === '' || stanza.type === 'unavailable' || stanza.type === 'error';
  if (!plain) {
    if (!SUBSCRIPTION_TYPES.includes(stanza.type)) return BAD_REQUEST; // §4.7.1
    // §8.5.3.2.2: what settles a subscription is no business of a resource that isn't there
    const settles = stanza.type === 'subscribed' || stanza.type === 'unsubscribe' || stanza.type === 'unsubscribed';
    if (settles && to.resource !== '' && directory.get(to.local, to.resource) === undefined) return NOBODY;
    return { kind: 'account', name: to.local };
  }
  if (to.resource !== '') {
    const session = directory.get(to.local, to.resource); // §8.5.3.2.2: no match, silently ignored
    return session === undefined ? NOBODY : { kind: 'sessions', sessions: [session] };
  }
  if (stanza.type === 'error') return NOBODY;
  const sessions = directory.of(to.local).filter((session) => session.presence !== undefined);
  return sessions.length === 0 ? NOBODY : { kind: 'sessions', sessions }; // §8.5.2.1.2
}
