import type { Bytes } from '../xml/chars.ts';
import { decode, own } from '../xml/chars.ts';
import { type Attributes, type Child, type Element, el, parseElement } from '../xml/element.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import type { StanzaError } from './errors.ts';
import type { Jid } from './jid.ts';
import { NS } from './namespaces.ts';

export type StanzaName = 'message' | 'presence' | 'iq';

/**
 * A stanza on its way. What a client sent is kept as its bytes: only the opening tag is written anew, to stamp `from`
 * (RFC 6120 §8.1.2.1), and the rest is parsed when somebody looks inside.
 */
export class Stanza {
  readonly name: StanzaName;
  readonly from: Jid;
  readonly to: Jid | undefined;
  readonly type: string;
  /** as it stands on the wire, without its quotes; undefined when there is none */
  readonly id: string | undefined;
  /** everything behind `from`: the other attributes as they came, and the content */
  readonly #rest: Bytes;
  #element: Element | undefined;

  private constructor(
    name: StanzaName,
    from: Jid,
    to: Jid | undefined,
    type: string,
    id: string | undefined,
    rest: Bytes,
  ) {
    this.name = name;
    this.from = from;
    this.to = to;
    this.type = type;
    this.id = id;
    this.#rest = rest;
  }

  /** What a client of ours sent; `from` is its full JID, whatever it claimed, and `to` what its attribute was read as. */
  static received(tag: Tag, raw: Bytes, from: Jid, to: Jid | undefined): Stanza {
    return new Stanza(
      tag.name as StanzaName,
      from,
      to,
      attribute(tag, 'type') ?? '',
      attribute(tag, 'id'),
      restOf(tag, raw),
    );
  }

  /** A stanza of the server's own making. */
  static made(
    name: StanzaName,
    from: Jid,
    to: Jid | undefined,
    attributes: Attributes,
    children: readonly Child[],
  ): Stanza {
    const all = to === undefined ? attributes : { to: to.toString(), ...attributes };
    const element = el(name, NS.client, all, ...children);
    const rest = element.serialize(NS.client).slice(name.length + 1);
    return new Stanza(name, from, to, attributes['type'] ?? '', attributes['id'], rest);
  }

  /** The whole stanza as bytes, in a stream whose default namespace is jabber:client. */
  get wire(): Bytes {
    return `<${this.name} from='${this.from.wire}'${this.#rest}`;
  }

  /** The stanza's content as a tree; built once, when first asked for. */
  get element(): Element {
    this.#element ??= parseElement(this.wire, NS.client);
    return this.#element;
  }

  /** The bytes behind `from`, for a copy that is sent to somebody else or in another's name. */
  get rest(): Bytes {
    return this.#rest;
  }

  /** The same stanza in another's name: a client's presence is broadcast from its full JID, a subscription from its bare one. */
  withFrom(from: Jid): Stanza {
    return new Stanza(this.name, from, this.to, this.type, this.id, this.#rest);
  }

  /** The same stanza to somebody else. */
  withTo(to: Jid): Stanza {
    const { to: _to, from: _from, ...attributes } = this.element.attributes;
    return Stanza.made(this.name, this.from, to, attributes, this.element.children);
  }

  /** The same stanza with the same bytes in another string. */
  withRest(rest: Bytes): Stanza {
    return new Stanza(this.name, this.from, this.to, this.type, this.id === undefined ? undefined : own(this.id), rest);
  }

  /** Answers an IQ request. */
  result(from: Jid, ...children: Child[]): Stanza {
    return Stanza.made('iq', from, this.from, { id: decode(this.id ?? ''), type: 'result' }, children);
  }

  /** Answers with an error (RFC 6120 §8.3.1); the answer carries what was refused, when it is small and `quote` says so. */
  error(from: Jid, error: StanzaError, quote = true): Stanza {
    const id = this.id === undefined ? {} : { id: decode(this.id) };
    const echo =
      quote && this.name !== 'presence' && this.#rest.length < 1024
        ? this.element.elements.filter((e) => e.name !== 'error')
        : [];
    return Stanza.made(this.name, from, this.from, { ...id, type: 'error' }, [...echo, error.element()]);
  }
}

/** The bytes behind the opening tag's name, without a `from` or a default namespace among the attributes. */
function restOf(tag: Tag, raw: Bytes): Bytes {
  const { attributes, spans } = tag;
  let rest = '';
  let from = tag.nameEnd;
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] !== 'from' && attributes[i] !== 'xmlns') continue;
    rest += raw.slice(from, spans[i]);
    from = spans[i + 1] ?? from;
  }
  return rest + raw.slice(from);
}
