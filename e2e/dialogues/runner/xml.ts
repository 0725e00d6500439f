/** An element as a dialogue compares it: names and namespaces, no prefixes. */
export interface Node {
  readonly name: string;
  readonly ns: string;
  /** by local name; those with a prefix as `{namespace}name`, but `xml:lang` */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (Node | string)[];
}

/** What a stream says, in order. */
export type StreamEvent =
  | { readonly kind: 'header'; readonly node: Node }
  | { readonly kind: 'element'; readonly node: Node }
  /** the stream's closing tag */
  | { readonly kind: 'end' }
  /** the connection is gone */
  | { readonly kind: 'closed' };

export const STREAMS = 'http://etherx.jabber.org/streams';
export const CLIENT = 'jabber:client';

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const resolved = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));/g, (whole, hex?: string, digits?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (digits !== undefined) return String.fromCodePoint(Number(digits));
    return ENTITIES[name ?? ''] ?? whole;
  });

export const escaped = (text: string): string =>
  text.replace(/[&<>'"]/g, (c) => `&${Object.entries(ENTITIES).find(([, value]) => value === c)?.[0] ?? ''};`);

interface Open {
  readonly node: { name: string; ns: string; attributes: Record<string, string>; children: (Node | string)[] };
  readonly raw: string;
  readonly scope: Readonly<Record<string, string>>;
}

/** Prefixes that need no declaration in a dialogue; '' is the default namespace. */
const KNOWN: Readonly<Record<string, string>> = { '': '', xml: 'http://www.w3.org/XML/1998/namespace' };

/**
 * Reads a stream as it comes. It is written for tests: whatever is no XML throws. A second header within a stream is the
 * restart of RFC 6120 §4.3.3.
 */
export class StreamReader {
  #text = '';
  readonly #open: Open[] = [];
  readonly #scope: Readonly<Record<string, string>>;
  readonly #tell: (event: StreamEvent) => void;

  constructor(tell: (event: StreamEvent) => void, scope: Readonly<Record<string, string>> = KNOWN) {
    this.#tell = tell;
    this.#scope = scope;
  }

  /** whether something was begun and not finished */
  get unfinished(): boolean {
    return this.#text.trim() !== '' || this.#open.length > 1;
  }

  feed(text: string): void {
    this.#text += text;
    while (this.#step());
  }

  #step(): boolean {
    const text = this.#text;
    if (text === '') return false;
    if (text[0] !== '<') {
      const end = text.indexOf('<');
      if (end < 0 && text.length < 65_536) return false; // the rest of a text may follow
      const part = end < 0 ? text : text.slice(0, end);
      this.#text = text.slice(part.length);
      this.#add(resolved(part));
      return true;
    }
    if (text.startsWith('<?')) return this.#skip('?>');
    if (text.startsWith('<!--')) return this.#skip('-->');
    if (text.startsWith('<![CDATA[')) {
      const end = text.indexOf(']]>');
      if (end < 0) return false;
      this.#add(text.slice(9, end));
      this.#text = text.slice(end + 3);
      return true;
    }
    const tag = /^<(\/?)([^\s/>]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>/.exec(text);
    if (tag === null) {
      if (/^<[^<>'"]*>/.test(text.replace(/"[^"]*"|'[^']*'/g, ''))) throw new Error(`no XML: ${text.slice(0, 200)}`);
      return false;
    }
    this.#text = text.slice(tag[0].length);
    const [, closing = '', name = '', attributes = '', selfClosing = ''] = tag;
    if (closing !== '') this.#close(name);
    else {
      this.#begin(name, attributes);
      if (selfClosing !== '') this.#close(name);
    }
    return true;
  }

  #skip(mark: string): boolean {
    const end = this.#text.indexOf(mark);
    if (end < 0) return false;
    this.#text = this.#text.slice(end + mark.length);
    return true;
  }

  #add(text: string): void {
    if (this.#open.length > 1) this.#open.at(-1)?.node.children.push(text);
    else if (text.trim() !== '') throw new Error(`text between stanzas: ${text.slice(0, 200)}`);
  }

  #begin(raw: string, text: string): void {
    const outer = this.#open.at(-1)?.scope ?? this.#scope;
    const scope: Record<string, string> = { ...outer };
    const attributes: Record<string, string> = {};
    let left = text;
    for (let found = ATTRIBUTE.exec(left); found !== null; found = ATTRIBUTE.exec(left)) {
      left = left.slice(found[0].length);
      const [, name = '', , double, single] = found;
      const value = resolved(double ?? single ?? '');
      if (name === 'xmlns') scope[''] = value;
      else if (name.startsWith('xmlns:')) scope[name.slice(6)] = value;
      else if (attributes[name] !== undefined) throw new Error(`attribute ${name} twice in <${raw}>`);
      else attributes[name] = value;
    }
    if (left.trim() !== '') throw new Error(`no XML in <${raw}${text}>`);
    const colon = raw.indexOf(':');
    const prefix = colon < 0 ? '' : raw.slice(0, colon);
    const ns = scope[prefix];
    if (ns === undefined) throw new Error(`the prefix of <${raw}> is not declared`);
    const node = { name: raw.slice(colon + 1), ns, attributes: expanded(attributes, scope), children: [] };
    if (node.name === 'stream' && ns === STREAMS) {
      this.#open.length = 0;
      this.#tell({ kind: 'header', node });
    }
    this.#open.push({ node, raw, scope });
  }

  #close(raw: string): void {
    const last = this.#open.pop();
    if (last === undefined || last.raw !== raw) throw new Error(`</${raw}> closes <${last?.raw ?? 'nothing'}>`);
    const outer = this.#open.at(-1);
    if (outer === undefined) this.#tell({ kind: 'end' });
    else if (this.#open.length === 1) this.#tell({ kind: 'element', node: last.node });
    else outer.node.children.push(last.node);
  }
}

/** Attributes whose prefix says a namespace are known by that. */
function expanded(attributes: Record<string, string>, scope: Readonly<Record<string, string>>): Record<string, string> {
  const named = ([name, value]: [string, string]): [string, string] => {
    const colon = name.indexOf(':');
    if (colon < 0 || name.startsWith('xml:')) return [name, value];
    const ns = scope[name.slice(0, colon)];
    if (ns === undefined) throw new Error(`the prefix of ${name} is not declared`);
    return [`{${ns}}${name.slice(colon + 1)}`, value];
  };
  return Object.fromEntries(Object.entries(attributes).map(named));
}

const ATTRIBUTE = /^\s*([^\s=]+)\s*=\s*("([^"]*)"|'([^']*)')/;

/** The elements of a text, in a stream whose content is jabber:client. A stream header may stand alone, unclosed. */
export function parseXml(text: string): Node[] {
  const nodes: Node[] = [];
  const header = /^\s*(?:<\?[^>]*\?>\s*)?<stream:stream\b/.test(text);
  const reader = new StreamReader(
    (event) => {
      if (event.kind === 'element' || (header && event.kind === 'header')) nodes.push(event.node);
    },
    { ...KNOWN, '': CLIENT, stream: STREAMS },
  );
  if (header) reader.feed(text);
  else reader.feed(`<stream:stream>${text}</stream:stream>`);
  if (reader.unfinished) throw new Error('the XML is not finished');
  return nodes;
}

/** For people who read what went wrong. */
export function show(node: Node, outer = CLIENT, depth = 0): string {
  const pad = '  '.repeat(depth);
  const ns = node.ns === outer ? '' : ` xmlns='${node.ns}'`;
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => ` ${name}='${escaped(value)}'`)
    .join('');
  const children = node.children.filter((child) => typeof child !== 'string' || child.trim() !== '');
  if (children.length === 0) return `${pad}<${node.name}${ns}${attributes}/>`;
  const text = children.every((child) => typeof child === 'string');
  const inner = children.map((child) =>
    typeof child === 'string' ? (text ? escaped(child) : `${pad}  ${escaped(child)}`) : show(child, node.ns, depth + 1),
  );
  return text
    ? `${pad}<${node.name}${ns}${attributes}>${inner.join('')}</${node.name}>`
    : `${pad}<${node.name}${ns}${attributes}>\n${inner.join('\n')}\n${pad}</${node.name}>`;
}
