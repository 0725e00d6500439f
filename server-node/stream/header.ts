import type { Bytes } from '../xml/chars.ts';
import { escapeText, escapeValue } from '../xml/entities.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { NS } from '../xmpp/namespaces.ts';

/** The conditions of RFC 6120 §4.9.3 that we end streams with. */
export type StreamCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'conflict'
  | 'connection-timeout'
  | 'host-unknown'
  | 'internal-server-error'
  | 'invalid-namespace'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'reset'
  | 'resource-constraint'
  | 'restricted-xml'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-stanza-type'
  | 'unsupported-version';

/** The opening of our side of a stream (RFC 6120 §4.7). */
export function openingTag(domain: string, id: string, to: string | undefined): Bytes {
  const addressee = to === undefined ? '' : ` to='${escapeValue(to)}'`;
  return (
    `<?xml version='1.0'?><stream:stream from='${domain}'${addressee} id='${id}' version='1.0' xml:lang='en'` +
    ` xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`
  );
}

/** A stream error (RFC 6120 §4.9) and the end of the stream. */
export function closingError(condition: StreamCondition, text?: string): Bytes {
  const words = text === undefined ? '' : `<text xmlns='${NS.streamErrors}' xml:lang='en'>${escapeText(text)}</text>`;
  return `<stream:error><${condition} xmlns='${NS.streamErrors}'/>${words}</stream:error></stream:stream>`;
}

/** What is wrong with a client's stream header, or undefined. */
export function headerProblem(tag: Tag, domain: string): readonly [StreamCondition, string] | undefined {
  const colon = tag.name.indexOf(':');
  const prefix = colon < 0 ? '' : tag.name.slice(0, colon);
  const namespace = attribute(tag, prefix === '' ? 'xmlns' : `xmlns:${prefix}`);
  if (namespace !== NS.streams) return ['invalid-namespace', 'the stream is not of the streams namespace']; // §4.8.1
  if (tag.name.slice(colon + 1) !== 'stream') return ['bad-format', 'the first element is not a stream'];
  if (prefix !== '' && prefix !== 'stream') return ['bad-namespace-prefix', "the prefix must be 'stream'"]; // §4.8.5
  if (prefix !== '' && attribute(tag, 'xmlns') !== NS.client)
    return ['invalid-namespace', 'the content must be of jabber:client']; // §4.8.2
  const version = /^(\d+)\.\d+$/.exec(attribute(tag, 'version') ?? '');
  if (version === null || Number(version[1]) < 1)
    return ['unsupported-version', 'version 1.0 is the oldest spoken here']; // §4.7.5
  const to = (attribute(tag, 'to') ?? '').toLowerCase().replace(/\.$/, '');
  if (to !== domain) return ['host-unknown', `this server serves ${domain}`]; // §4.9.3.6
  return undefined;
}
