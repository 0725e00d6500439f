import type { Bytes } from '../xml/chars.ts';
import { escapeText, escapeValue } from '../xml/entities.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { NS } from '../xmpp/namespaces.ts';
import { type Problem, type StreamCondition, streamProblem } from './header.ts';

/** How a stream begins and ends on its wire: as one document over TCP, as messages over a WebSocket. */
export interface Framing {
  /** the stream is one document, whose opening declares what holds for all within */
  readonly document: boolean;
  /** our opening; `to`: whom the client said it was */
  opening(domain: string, id: string, to: string | undefined): Bytes;
  features(children: Bytes): Bytes;
  /** a stream error (RFC 6120 §4.9); `more`: an application's own condition; `content`: what stands within the condition */
  error(condition: StreamCondition, text: string | undefined, more: Bytes, content?: Bytes): Bytes;
  readonly closing: Bytes;
  /** what is wrong with the client's opening */
  problem(tag: Tag): Problem | undefined;
}

const errorContent = (condition: StreamCondition, text: string | undefined, more: Bytes, content = ''): Bytes => {
  const words = text === undefined ? '' : `<text xmlns='${NS.streamErrors}' xml:lang='en'>${escapeText(text)}</text>`;
  const within = content === '' ? '/>' : `>${escapeText(content)}</${condition}>`;
  return `<${condition} xmlns='${NS.streamErrors}'${within}${words}${more}`;
};

const addressee = (to: string | undefined): Bytes => (to === undefined ? '' : ` to='${escapeValue(to)}'`);

/** RFC 6120 §4: the stream is a document, its opening a tag that stays open. */
export const documentFraming: Framing = {
  document: true,
  opening: (domain, id, to) =>
    `<?xml version='1.0'?><stream:stream from='${domain}'${addressee(to)} id='${id}' version='1.0' xml:lang='en'` +
    ` xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`,
  features: (children) => `<stream:features>${children}</stream:features>`,
  error: (condition, text, more, content) =>
    `<stream:error>${errorContent(condition, text, more, content)}</stream:error>`,
  closing: '</stream:stream>',
  problem: streamProblem,
};

/** RFC 7395 §3.3: each message is a document of its own, which declares its namespaces. */
export const messageFraming: Framing = {
  document: false,
  opening: (domain, id, to) =>
    `<open xmlns='${NS.framing}' from='${domain}'${addressee(to)} id='${id}' version='1.0' xml:lang='en'/>`,
  features: (children) => `<stream:features xmlns:stream='${NS.streams}'>${children}</stream:features>`,
  error: (condition, text, more, content) =>
    `<stream:error xmlns:stream='${NS.streams}'>${errorContent(condition, text, more, content)}</stream:error>`,
  closing: `<close xmlns='${NS.framing}'/>`,
  problem: openProblem,
};

/** XEP-0206: the <body/> around opens and closes; what is within needs its namespaces as over a WebSocket. */
export const bodyFraming: Framing = { ...messageFraming, opening: () => '', closing: '', problem: openProblem };

function openProblem(tag: Tag): Problem | undefined {
  const open = tag.name === 'open' && attribute(tag, 'xmlns') === NS.framing;
  return open ? undefined : ['invalid-namespace', 'a stream over a WebSocket begins with <open/>']; // RFC 7395 §3.3.2
}

const STANZA = /^<(?:message|presence|iq)(?=[ />])/;

/** A stanza that says itself of which namespace it is: outside of a document nobody else does (RFC 7395 §3.3.3). */
export const standingAlone = (bytes: Bytes): Bytes => {
  const tag = STANZA.exec(bytes)?.[0];
  return tag === undefined ? bytes : `${tag} xmlns='${NS.client}'${bytes.slice(tag.length)}`;
};
