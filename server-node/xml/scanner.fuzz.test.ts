// The scanner beside a parser that others wrote: what it lets through means the same there, and cuts change nothing.
import assert from 'node:assert/strict';
import { DOMParser, type Element as DomElement, type Node as DomNode, onErrorStopParsing } from '@xmldom/xmldom';
import { fuzz, type Random } from '../fuzz.fixture.ts';
import { type Bytes, decode, encode } from './chars.ts';
import { Element, parseElement } from './element.ts';
import { XmlError } from './errors.ts';
import { Scanner } from './scanner.ts';

const LIMITS = { stanzaBytes: 20_000, depth: 12, attributes: 10, elements: 200 };
const OPEN = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** What a scanner tells of pieces, and how it ended. */
function scan(pieces: readonly Bytes[]): { stanzas: Bytes[]; end: string } {
  const stanzas: Bytes[] = [];
  let end = '';
  const scanner = new Scanner(LIMITS, {
    opened: () => {},
    stanza: (_tag, raw) => void stanzas.push(raw),
    closed: () => {
      end = 'closed';
    },
  });
  try {
    for (const piece of pieces) scanner.feed(piece);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    end = error.condition;
  }
  return { stanzas, end };
}

const NAMES = ['a', 'b', 'message', 'x:y', 'ünde', 'iq', 'a.b-c'];
const TEXTS = ['', 'hello', ' ', '&amp;&lt;&#65;&#x1F600;', 'ü€😀', "it's", '<![CDATA[<&]]]>', 'a\nb\tc', '&#13;'];

/** A well-formed element within the limits. */
function element(random: Random, depth: number): string {
  const name = random.of(NAMES);
  const attributes = new Map<string, string>();
  if (name.startsWith('x:')) attributes.set('xmlns:x', 'urn:x');
  for (let n = random.below(4); n > 0; n--) {
    const [key, value] = [
      random.of(['id', 'to', 'xmlns', 'xml:lang', 'é']),
      random.of(['', 'v', '&quot;', 'ü>', '&#x9;']),
    ];
    attributes.set(key, key === 'xmlns' ? random.of(['urn:a', 'jabber:client']) : value);
  }
  const quote = random.of(["'", '"']);
  let out = `<${name}`;
  for (const [key, value] of attributes)
    out += `${random.of([' ', '\n', '  '])}${key}${random.of(['', ' '])}=${quote}${value}${quote}`;
  if (random.below(3) === 0) return `${out}/>`;
  out += '>';
  for (let n = random.below(4); n > 0; n--)
    out += depth < 8 && random.below(2) === 0 ? element(random, depth + 1) : random.of(TEXTS);
  return `${out}</${name}>`;
}

/** An element as two parsers can agree on it. */
function ours(one: Element): unknown {
  const children: unknown[] = [];
  for (const child of one.children) {
    if (child instanceof Element) children.push(ours(child));
    else if (typeof children.at(-1) === 'string') children.push(`${children.pop()}${child}`);
    else if (child !== '') children.push(child);
  }
  const attributes = Object.entries(one.attributes).filter(([key]) => !key.startsWith('xmlns'));
  return [one.ns, one.name, attributes.sort(), children];
}

function theirs(one: DomElement): unknown {
  const children: unknown[] = [];
  for (let child: DomNode | null = one.firstChild; child !== null; child = child.nextSibling) {
    if (child.nodeType === 1) children.push(theirs(child as DomElement));
    else if (typeof children.at(-1) === 'string') children.push(`${children.pop()}${child.nodeValue}`);
    else if (child.nodeValue !== '') children.push(child.nodeValue);
  }
  const attributes = [...one.attributes].filter(({ name }) => !name.startsWith('xmlns'));
  const list = attributes.map(({ name, value }) => [name, value]).sort();
  return [one.namespaceURI ?? '', one.localName, list, children];
}

const dom = (raw: Bytes): DomElement | null =>
  new DOMParser({ onError: onErrorStopParsing }).parseFromString(
    `<r xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>${decode(raw)}</r>`,
    'text/xml',
  ).documentElement?.firstChild as DomElement | null;

fuzz('what is well-formed passes, and means the same to another parser', 700, (random) => {
  const stanzas = Array.from({ length: 1 + random.below(3) }, () => encode(element(random, 0)));
  const text = OPEN + stanzas.join(random.of(['', ' ', '\n']));
  const { stanzas: found, end } = scan(random.cuts(text));
  assert.deepEqual([found, end], [stanzas, ''], text);
  for (const raw of found) {
    const other = dom(raw);
    assert.ok(other !== null);
    assert.deepEqual(ours(parseElement(raw, 'jabber:client')), theirs(other), raw);
  }
});

fuzz('what was changed is refused or well-formed, and cuts change nothing', 2500, (random) => {
  const text = OPEN + random.mutated(encode(element(random, 0)), '<>/=\'"& ax:]![CDAT\x00\x80\xc3\xbc?-;#\r');
  const whole = scan([text]);
  assert.deepEqual(scan(random.cuts(text)).stanzas, whole.stanzas, JSON.stringify(text));
  for (const raw of whole.stanzas) {
    const other = dom(raw); // throws where it is not well-formed
    assert.ok(other !== null);
    assert.deepEqual(ours(parseElement(raw, 'jabber:client')), theirs(other), JSON.stringify(raw));
  }
});

fuzz('any bytes at all end in stanzas or in an error', 1500, (random) => {
  let text = random.below(2) === 0 ? OPEN : '';
  for (let n = random.below(200); n > 0; n--)
    text += random.below(2) === 0 ? random.of([...'<>/\'"=& ![]?;#xa']) : String.fromCharCode(random.below(256));
  assert.deepEqual(scan(random.cuts(text)).stanzas, scan([text]).stanzas);
});
