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
  /** an application's own condition, and the type when it is not the usual one (RFC 6120 §8.3.4) */
  readonly special: { readonly condition: Element; readonly type?: ErrorType } | undefined;

  constructor(condition: Condition, text?: string, special?: StanzaError['special']) {
    super(text ?? condition);
    this.condition = condition;
    this.text = text;
    this.special = special;
  }

  element(): Element {
    const condition = el(this.condition, NS.stanzaErrors);
    const text = this.text === undefined ? [] : [el('text', NS.stanzaErrors, { 'xml:lang': 'en' }, this.text)];
    const type = this.special?.type ?? TYPES[this.condition];
    return el('error', NS.client, { type }, condition, ...text, ...(this.special ? [this.special.condition] : []));
  }
}
