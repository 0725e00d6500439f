import { type Element, el } from '../xml/element.ts';
import { NS } from './namespaces.ts';

export type ErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** The error types that RFC 6120 §8.3.3 gives the conditions that we answer with. */
const TYPES = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'remote-server-not-found': 'cancel',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'unexpected-request': 'wait',
} as const satisfies Record<string, ErrorType>;

export type Condition = keyof typeof TYPES;

/** An expected refusal of a stanza (RFC 6120 §8.3). Anything else thrown in a handler is a bug. */
export class StanzaError extends Error {
  override readonly name = 'StanzaError';
  readonly condition: Condition;
  readonly text: string | undefined;

  constructor(condition: Condition, text?: string) {
    super(text ?? condition);
    this.condition = condition;
    this.text = text;
  }

  element(): Element {
    const condition = el(this.condition, NS.stanzaErrors);
    const text = this.text === undefined ? [] : [el('text', NS.stanzaErrors, { 'xml:lang': 'en' }, this.text)];
    return el('error', NS.client, { type: TYPES[this.condition] }, condition, ...text);
  }
}
