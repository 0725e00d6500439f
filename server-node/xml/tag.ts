import {
  type Bytes,
  CUT,
  FORBIDDEN,
  INVALID,
  isSpace,
  MARKUP,
  MULTIBYTE,
  NAME_CLASS,
  sequenceLength,
  TEXT_CLASS,
} from './chars.ts';
import { reference } from './entities.ts';
import { XmlError } from './errors.ts';

/** An opening tag as it stands on the wire. Names carry their prefix; values have their references replaced. */
export interface Tag {
  readonly name: string;
  /** name, value, name, value: a flat list is cheaper than a map for the three or four that a stanza has */
  readonly attributes: readonly string[];
  /** where each attribute begins (at its leading space) and ends, relative to the tag's `<`; two numbers an attribute */
  readonly spans: readonly number[];
  readonly selfClosing: boolean;
  /** the offset just behind the name, relative to `<` */
  readonly nameEnd: number;
  /** the offset just behind `>`, relative to `<` */
  readonly end: number;
}

/** The value of an attribute, or undefined. */
export function attribute(tag: Tag, name: string): string | undefined {
  const list = tag.attributes;
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return undefined;
}

/**
 * Reads the opening tag that begins at `at` (the `<`). Undefined when its end has not arrived yet.
 * `cut` then says which byte has to come before a look is worth while.
 * @throws XmlError when it is not well-formed or has more than `maxAttributes`
 */
export function readTag(data: Bytes, at: number, maxAttributes: number, cut?: { until: Bytes }): Tag | undefined {
  const nameEnd = readName(data, at + 1);
  if (nameEnd === CUT) return undefined;
  const name = data.slice(at + 1, nameEnd);
  const attributes: string[] = [];
  const spans: number[] = [];
  let i = nameEnd;
  for (;;) {
    const before = i;
    while (isSpace(data.charCodeAt(i))) i++;
    if (i >= data.length) return undefined;
    const byte = data.charCodeAt(i);
    if (byte === 0x3e) return { name, attributes, spans, selfClosing: false, nameEnd: nameEnd - at, end: i + 1 - at };
    if (byte === 0x2f) {
      if (i + 1 >= data.length) return undefined;
      if (data.charCodeAt(i + 1) !== 0x3e) throw new XmlError('not-well-formed', `'/' in the tag of <${name}>`);
      return { name, attributes, spans, selfClosing: true, nameEnd: nameEnd - at, end: i + 2 - at };
    }
    if (i === before) throw new XmlError('not-well-formed', `no space before an attribute of <${name}>`);
    const end = readAttribute(data, i, attributes, cut);
    if (end === CUT) return undefined;
    spans.push(before - at, end - at);
    i = end;
    if (attributes.length > maxAttributes * 2) {
      throw new XmlError('policy-violation', `<${name}> has more than ${maxAttributes} attributes`);
    }
  }
}

/** Reads `name = 'value'` at `i` into the list; returns where it ends, or CUT. */
function readAttribute(data: Bytes, i: number, into: string[], cut: { until: Bytes } | undefined): number {
  const nameEnd = readName(data, i);
  if (nameEnd === CUT) return CUT;
  const name = data.slice(i, nameEnd);
  let at = nameEnd;
  while (isSpace(data.charCodeAt(at))) at++;
  if (at >= data.length) return CUT;
  if (data.charCodeAt(at) !== 0x3d) throw new XmlError('not-well-formed', `attribute ${name} has no value`);
  at++;
  while (isSpace(data.charCodeAt(at))) at++;
  if (at >= data.length) return CUT;
  const quote = data.charCodeAt(at);
  if (quote !== 0x27 && quote !== 0x22) throw new XmlError('not-well-formed', `attribute ${name} is not quoted`);
  const end = data.indexOf(quote === 0x27 ? "'" : '"', at + 1);
  if (end < 0) {
    if (cut !== undefined) cut.until = quote === 0x27 ? "'" : '"';
    return CUT;
  }
  for (let k = 0; k < into.length; k += 2) {
    if (into[k] === name) throw new XmlError('not-well-formed', `attribute ${name} stands twice`);
  }
  into.push(name, readValue(data, at + 1, end));
  return end + 1;
}

/** The value between two quotes, checked and with its references replaced. */
function readValue(data: Bytes, start: number, end: number): Bytes {
  let value = '';
  let from = start;
  for (let i = start; i < end; ) {
    const kind = TEXT_CLASS[data.charCodeAt(i)] ?? FORBIDDEN;
    if (kind === MARKUP) throw new XmlError('not-well-formed', "'<' in an attribute's value");
    if (kind === FORBIDDEN) throw new XmlError('not-well-formed', "a control character in an attribute's value");
    if (kind === MULTIBYTE) {
      const length = sequenceLength(data, i);
      if (length <= CUT || i + length > end) throw new XmlError('bad-format', 'not UTF-8');
      i += length;
    } else if (data.charCodeAt(i) === 0x26) {
      const semicolon = data.indexOf(';', i);
      const bytes = semicolon < 0 || semicolon > end ? undefined : reference(data.slice(i + 1, semicolon));
      if (bytes === undefined) throw unknownReference(data.slice(i, i + 12));
      value += data.slice(from, i) + bytes;
      from = i = semicolon + 1;
    } else if (data.charCodeAt(i) < 0x20) {
      // XML 1.0 §2.11, §3.3.3: a line's end and a tabulator are a space there, unless they come as references
      value += `${data.slice(from, i)} `;
      i += data.startsWith('\r\n', i) ? 2 : 1;
      from = i;
    } else i++;
  }
  return from === start ? data.slice(start, end) : value + data.slice(from, end);
}

/** RFC 6120 §11.1: only the five predefined entities; an unknown one is a restricted feature, a bad one a fault. */
export const unknownReference = (text: string): XmlError =>
  /^&[A-Za-z_][\w.-]*;/.test(text)
    ? new XmlError('restricted-xml', 'an entity that is not predefined')
    : new XmlError('not-well-formed', "'&' that begins no reference");

/** Where the name that begins at `i` ends; CUT when the data end before it does. */
export function readName(data: Bytes, i: number): number {
  if (i >= data.length) return CUT;
  if (NAME_CLASS[data.charCodeAt(i)] !== 1)
    throw new XmlError('not-well-formed', 'a name begins with a wrong character');
  let at = i;
  let colons = 0;
  for (; at < data.length; at++) {
    const byte = data.charCodeAt(at);
    if (byte >= 0x80) {
      const length = sequenceLength(data, at);
      if (length === CUT) return CUT;
      if (length === INVALID) throw new XmlError('bad-format', 'not UTF-8');
      at += length - 1;
    } else if (byte === 0x3a) {
      colons++;
      if (NAME_CLASS[data.charCodeAt(at + 1)] === 2)
        // Namespaces in XML 1.0 §3: what follows begins like a name
        throw new XmlError('not-well-formed', 'a name begins with a wrong character');
    }
    if (NAME_CLASS[byte] === 0) break;
  }
  if (at >= data.length) return CUT;
  const edge = colons > 0 && (data.charCodeAt(i) === 0x3a || data.charCodeAt(at - 1) === 0x3a);
  if (colons > 1 || edge) throw new XmlError('not-well-formed', 'a colon at a wrong place in a name');
  return at;
}
