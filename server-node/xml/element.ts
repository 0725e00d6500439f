import { type Bytes, decode, encode } from './chars.ts';
import { escapeText, escapeValue, unescapeBytes } from './entities.ts';
import { readTag } from './tag.ts';

export type Attributes = Readonly<Record<string, string>>;
export type Child = Element | string;

/** An element with its namespace resolved. Text is Unicode; attributes keep their prefix, and `xmlns:…` stays one. */
export class Element {
  readonly name: string;
  readonly ns: string;
  readonly attributes: Attributes;
  readonly children: readonly Child[];

  constructor(name: string, ns: string, attributes: Attributes = {}, children: readonly Child[] = []) {
    this.name = name;
    this.ns = ns;
    this.attributes = attributes;
    this.children = children;
  }

  get elements(): Element[] {
    return this.children.filter((child): child is Element => typeof child !== 'string');
  }

  /** The first child of that name and namespace (its own, when none is named). */
  child(name: string, ns: string = this.ns): Element | undefined {
    return this.elements.find((child) => child.name === name && child.ns === ns);
  }

  all(name: string, ns: string = this.ns): Element[] {
    return this.elements.filter((child) => child.name === name && child.ns === ns);
  }

  /** The character data of this element alone. */
  get text(): string {
    return this.children.filter((child) => typeof child === 'string').join('');
  }

  /** As bytes for the wire, within an element of namespace `outer`. */
  serialize(outer = ''): Bytes {
    let out = `<${this.name}`;
    if (this.ns !== outer) out += ` xmlns='${escapeValue(encode(this.ns))}'`;
    for (const [name, value] of Object.entries(this.attributes))
      out += ` ${encode(name)}='${escapeValue(encode(value))}'`;
    if (this.children.length === 0) return `${out}/>`;
    out += '>';
    for (const child of this.children) {
      out += typeof child === 'string' ? escapeText(encode(child)) : child.serialize(this.ns);
    }
    return `${out}</${this.name}>`;
  }
}

/** An element in few words: `el('ping', 'urn:xmpp:ping')`. */
export const el = (name: string, ns: string, attributes: Attributes = {}, ...children: Child[]): Element =>
  new Element(name, ns, attributes, children);

type Scope = Readonly<Record<string, string>>;

/**
 * Builds the element whose bytes a scanner has found well-formed. `ns` is the default namespace around it, `scope` the
 * prefixes declared around it.
 */
export function parseElement(raw: Bytes, ns: string, scope: Scope = {}): Element {
  return new Builder(raw).element(ns, scope);
}

class Builder {
  readonly #raw: Bytes;
  #at = 0;

  constructor(raw: Bytes) {
    this.#raw = raw;
  }

  element(outerNs: string, outerScope: Scope): Element {
    const tag = readTag(this.#raw, this.#at, Number.POSITIVE_INFINITY);
    if (tag === undefined) throw new Error('an element ends before its tag does');
    this.#at += tag.end;
    const attributes: Record<string, string> = {};
    let ns = outerNs;
    let scope = outerScope;
    for (let i = 0; i < tag.attributes.length; i += 2) {
      const name = decode(tag.attributes[i] ?? '');
      const value = decode(tag.attributes[i + 1] ?? '');
      if (name === 'xmlns') ns = value;
      else if (name.startsWith('xmlns:')) scope = { ...scope, [name.slice(6)]: value }; // the scanner caps how many there are
      if (name !== 'xmlns') attributes[name] = value;
    }
    const colon = tag.name.indexOf(':');
    const own = colon < 0 ? ns : (scope[tag.name.slice(0, colon)] ?? '');
    const local = decode(colon < 0 ? tag.name : tag.name.slice(colon + 1));
    return new Element(local, own, attributes, tag.selfClosing ? [] : this.#children(ns, scope));
  }

  #children(ns: string, scope: Scope): Child[] {
    const children: Child[] = [];
    let text = '';
    const flush = () => {
      if (text !== '') children.push(decode(text));
      text = '';
    };
    for (;;) {
      const next = this.#raw.indexOf('<', this.#at);
      if (next < 0) throw new Error('an element ends before its closing tag');
      text += unescapeBytes(normalizeLines(this.#raw.slice(this.#at, next)));
      this.#at = next;
      if (this.#raw.startsWith('<![CDATA[', next)) {
        const end = this.#raw.indexOf(']]>', next);
        text += normalizeLines(this.#raw.slice(next + 9, end));
        this.#at = end + 3;
      } else if (this.#raw.charCodeAt(next + 1) === 0x2f) {
        flush();
        this.#at = this.#raw.indexOf('>', next) + 1;
        return children;
      } else {
        flush();
        children.push(this.element(ns, scope));
      }
    }
  }
}

/** XML 1.0 §2.11: a line ends in U+000A; a U+000D that came as a reference stays. */
function normalizeLines(text: Bytes): Bytes {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}
