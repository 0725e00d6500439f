import { decode } from '../xml/chars.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { type Jid, parseJid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';

/** The conditions of RFC 6120 §4.9.3 that we end streams with. */
export type StreamCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'conflict'
  | 'connection-timeout'
  | 'host-unknown'
  | 'internal-server-error'
  | 'invalid-from'
  | 'invalid-namespace'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'reset'
  | 'resource-constraint'
  | 'restricted-xml'
  | 'see-other-host'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-stanza-type'
  | 'unsupported-version';

export type Problem = readonly [StreamCondition, string];

/** What is wrong with the tag that opens a stream over TCP, apart from whom it is for; or undefined. */
export function streamProblem(tag: Tag): Problem | undefined {
  const colon = tag.name.indexOf(':');
  const prefix = colon < 0 ? '' : tag.name.slice(0, colon);
  const namespace = attribute(tag, prefix === '' ? 'xmlns' : `xmlns:${prefix}`);
  if (namespace !== NS.streams) return ['invalid-namespace', 'the stream is not of the streams namespace']; // §4.8.1
  if (tag.name.slice(colon + 1) !== 'stream') return ['bad-format', 'the first element is not a stream'];
  if (prefix !== '' && prefix !== 'stream') return ['bad-namespace-prefix', "the prefix must be 'stream'"]; // §4.8.5
  if (prefix !== '' && attribute(tag, 'xmlns') !== NS.client)
    return ['invalid-namespace', 'the content must be of jabber:client']; // §4.8.2
  return undefined;
}

/** What is wrong with the attributes of a client's opening, whatever its framing; or undefined. */
export function addressProblem(tag: Tag, domain: string): Problem | undefined {
  const version = /^(\d+)\.\d+$/.exec(attribute(tag, 'version') ?? '');
  if (version === null || Number(version[1]) < 1)
    return ['unsupported-version', 'version 1.0 is the oldest spoken here']; // §4.7.5
  const to = parseJid(decode(attribute(tag, 'to') ?? ''));
  if (to?.toString() !== domain) return ['host-unknown', `this server serves ${domain}`]; // §4.9.3.6
  const from = claimed(tag);
  // XEP-0388 §2.1; RFC 6120 §4.9.3.9
  if (from === null || (from !== undefined && from.domain !== domain))
    return ['invalid-from', `'from' is no address of ${domain}`];
  return undefined;
}

/** Who the client says it is (RFC 6120 §4.7.1): undefined when it says nothing, null when that is no address. */
export function claimed(tag: Tag): Jid | undefined | null {
  const from = attribute(tag, 'from');
  if (from === undefined || from === '') return undefined;
  return parseJid(decode(from)) ?? null;
}
