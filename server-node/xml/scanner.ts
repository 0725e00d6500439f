import {
  AMPERSAND,
  BRACKET,
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
import { Prefixes } from './namespaces.ts';
import { readTag, type Tag, unknownReference } from './tag.ts';

export interface Limits {
  /** the longest stanza, and the longest stream header, in bytes */
  readonly stanzaBytes: number;
  /** the deepest element below the stream, the stanza itself being 1 */
  readonly depth: number;
  /** the most attributes of one element */
  readonly attributes: number;
  /** the most elements of one stanza */
  readonly elements: number;
}

/** What a scanner tells. A handler may call `reset` or `pause` from within; the scanner then stops where it is. */
export interface ScannerHandler {
  /** the stream's opening tag */
  opened(tag: Tag): void;
  /** a child of the stream, whole: `raw` are its bytes, `tag` its opening tag */
  stanza(tag: Tag, raw: Bytes): void;
  /** the stream's closing tag */
  closed(): void;
}

/** in bytes; leading zeros make a reference as long as one likes, and we like no more than this */
const LONGEST_REFERENCE = 32;

/**
 * Cuts a stream's bytes into stanzas, and checks while it passes that they are well-formed (XML 1.0, Namespaces in
 * XML 1.0), free of what RFC 6120 §11.1 forbids, and within the limits. Every byte is looked at once; the bytes of a
 * stanza are handed on as they came.
 *
 * What has arrived of an unfinished tag is read again when more arrives; text is not. What is unfinished waits for `>`,
 * for the quote that ends an attribute, or for the end of a CDATA section: pieces without it are only put aside, so that
 * feeding byte by byte costs no more than the length.
 */
export class Scanner {
  #data: Bytes = '';
  /** pieces put aside, not yet joined to #data */
  #aside: Bytes[] = [];
  #asideBytes = 0;
  /** the next byte to read */
  #at = 0;
  /** where the stanza began that is being read, or -1; what of it was read in earlier turns stands in #head */
  #start = -1;
  #head: Bytes = '';
  #tag: Tag | undefined;
  #elements = 0;
  #names: string[] = [];
  #prefixes = new Prefixes();
  #paused = false;
  /** what has to come before a look is worth while; '' for anything. #tail: what has come that may be its beginning */
  #wants: Bytes = '';
  #tail: Bytes = '';
  #fresh = true;
  #limits: Limits;
  readonly #handler: ScannerHandler;

  constructor(limits: Limits, handler: ScannerHandler) {
    this.#limits = limits;
    this.#handler = handler;
  }

  set limits(limits: Limits) {
    this.#limits = limits;
  }

  /** the bytes that are held and not yet read */
  get pending(): number {
    return this.#data.length - this.#at + this.#asideBytes;
  }

  /** no stanza is being read, and nothing waits to be */
  get between(): boolean {
    return this.#names.length === 1 && this.#start < 0 && this.pending === 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Reads on.
   * @throws XmlError; the scanner can't be used afterwards
   */
  feed(piece: Bytes): void {
    if (this.#paused || !this.#worthWhile(piece)) {
      this.#aside.push(piece);
      this.#asideBytes += piece.length;
      if (!this.#paused) this.#checkSize(this.#head.length + this.pending);
      return;
    }
    this.#join(piece);
    this.#run();
  }

  #worthWhile(piece: Bytes): boolean {
    if (this.#wants === '') return true;
    const there = this.#tail + piece;
    if (there.includes(this.#wants)) return true;
    this.#tail = lastOf(there, this.#wants.length - 1);
    return false;
  }

  /** What is being read is not whole until that comes. */
  #waitFor(bytes: Bytes): false {
    this.#wants = bytes;
    this.#tail = lastOf(this.#data, bytes.length - 1);
    return false;
  }

  /** Stops reading after the current stanza; what comes in is kept. */
  pause(): void {
    this.#paused = true;
  }

  /** @throws XmlError */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#join('');
    this.#run();
  }

  /**
   * Expects a new stream (RFC 6120 §4.3.3). What has come in behind the last stanza is read as its beginning, or is
   * forgotten: bytes sent before TLS must not be taken for bytes sent within it.
   */
  reset(keep: boolean): void {
    if (!keep) {
      this.#data = '';
      this.#at = 0;
      this.#aside = [];
      this.#asideBytes = 0;
    }
    this.#start = -1;
    this.#head = '';
    this.#wants = '';
    this.#names.length = 0;
    this.#prefixes.clear();
    this.#fresh = true;
  }

  #join(piece: Bytes): void {
    if (this.#aside.length > 0) {
      this.#data += this.#aside.join('');
      this.#aside = [];
      this.#asideBytes = 0;
    }
    this.#data = this.#data === '' ? piece : this.#data + piece;
  }

  #run(): void {
    this.#wants = '';
    while (!this.#paused && this.#step());
    if (this.#start >= 0) {
      this.#head += this.#data.slice(this.#start, this.#at);
      this.#start = 0;
    }
    if (this.#at > 0) {
      this.#data = this.#at >= this.#data.length ? '' : this.#data.slice(this.#at);
      this.#at = 0;
    }
    if (!this.#paused) this.#checkSize(this.#head.length + this.#data.length);
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#limits.stanzaBytes) {
      throw new XmlError('policy-violation', `a stanza is longer than ${this.#limits.stanzaBytes} bytes`);
    }
  }

  /** Reads one token; false when its end has not arrived. */
  #step(): boolean {
    if (this.#at >= this.#data.length) return false;
    const depth = this.#names.length;
    if (depth < 2) return this.#between(depth);
    return this.#data.charCodeAt(this.#at) === 0x3c ? this.#markup() : this.#text();
  }

  /** Between stanzas, or before the stream: white space and markup, nothing else. */
  #between(depth: number): boolean {
    const data = this.#data;
    let i = this.#at;
    if (depth === 0 && this.#fresh && data.charCodeAt(i) === 0xef) {
      if (data.length - i < 3) return false;
      if (data.startsWith('\xef\xbb\xbf', i)) i += 3;
    }
    while (i < data.length && isSpace(data.charCodeAt(i))) i++;
    const skipped = i > this.#at;
    this.#at = i;
    if (i >= data.length) return false;
    if (data.charCodeAt(i) !== 0x3c) throw new XmlError('bad-format', 'text between stanzas');
    return depth === 0 ? this.#prologue(skipped) : this.#markup();
  }

  #prologue(afterSpace: boolean): boolean {
    const data = this.#data;
    if (data.length - this.#at < 2) return false;
    if (data.charCodeAt(this.#at + 1) === 0x3f) {
      if (!this.#fresh || afterSpace) throw new XmlError('restricted-xml', 'a processing instruction');
      const end = data.indexOf('?>', this.#at);
      if (end < 0) return this.#waitFor('?>');
      checkDeclaration(data.slice(this.#at, end));
      this.#at = end + 2;
      this.#fresh = false;
      return true;
    }
    return this.#markup();
  }

  #markup(): boolean {
    const data = this.#data;
    const next = data.charCodeAt(this.#at + 1);
    if (this.#at + 1 >= data.length) return false;
    if (next === 0x2f) return this.#closing();
    if (next === 0x21) return this.#cdata();
    if (next === 0x3f) throw new XmlError('restricted-xml', 'a processing instruction');
    return this.#opening();
  }

  #opening(): boolean {
    const cut = { until: '>' };
    const tag = readTag(this.#data, this.#at, this.#limits.attributes, cut);
    if (tag === undefined) return this.#waitFor(cut.until);
    const depth = this.#names.length;
    if (depth > this.#limits.depth) throw new XmlError('policy-violation', 'elements are nested too deep');
    this.#prefixes.open(tag, depth);
    const at = this.#at;
    this.#at += tag.end;
    if (depth === 0) {
      this.#fresh = false;
      this.#names.push(tag.name);
      this.#handler.opened(tag);
      if (tag.selfClosing) this.#handler.closed();
      return true;
    }
    if (depth === 1) {
      this.#start = at;
      this.#tag = tag;
      this.#elements = 0;
    }
    if (++this.#elements > this.#limits.elements)
      throw new XmlError('policy-violation', 'too many elements in a stanza');
    if (!tag.selfClosing) this.#names.push(tag.name);
    else {
      this.#prefixes.close(depth);
      if (depth === 1) this.#finish();
    }
    return true;
  }

  #closing(): boolean {
    const data = this.#data;
    const name = this.#names[this.#names.length - 1];
    if (name === undefined) throw new XmlError('not-well-formed', 'a closing tag before any other');
    let i = this.#at + 2 + name.length;
    const there = data.slice(this.#at + 2, i);
    if (!name.startsWith(there)) throw new XmlError('not-well-formed', `<${name}> is closed by another name`);
    if (there.length < name.length) return this.#waitFor('>');
    while (isSpace(data.charCodeAt(i))) i++;
    if (i >= data.length) return this.#waitFor('>');
    if (data.charCodeAt(i) !== 0x3e) throw new XmlError('not-well-formed', `<${name}> is closed by another name`);
    this.#at = i + 1;
    this.#names.pop();
    const depth = this.#names.length;
    this.#prefixes.close(depth);
    if (depth === 1) this.#finish();
    else if (depth === 0) this.#handler.closed();
    return true;
  }

  #finish(): void {
    const tag = this.#tag;
    const last = this.#data.slice(this.#start, this.#at);
    const raw = this.#head === '' ? last : this.#head + last;
    this.#start = -1;
    this.#head = '';
    this.#tag = undefined;
    this.#checkSize(raw.length);
    if (tag !== undefined) this.#handler.stanza(tag, raw);
  }

  /** The only `<!` that RFC 6120 §11.1 leaves: a CDATA section. */
  #cdata(): boolean {
    const data = this.#data;
    const begin = '<![CDATA[';
    if (!begin.startsWith(data.slice(this.#at, this.#at + begin.length))) {
      throw new XmlError('restricted-xml', 'a comment or a document type');
    }
    const end = data.indexOf(']]>', this.#at + begin.length);
    if (end < 0) return data.length - this.#at < begin.length ? false : this.#waitFor(']]>');
    if (this.#names.length < 2) throw new XmlError('bad-format', 'text between stanzas');
    for (let i = this.#at + begin.length; i < end; ) {
      const kind = TEXT_CLASS[data.charCodeAt(i)];
      if (kind === FORBIDDEN) throw new XmlError('not-well-formed', 'a control character');
      const length = kind === MULTIBYTE ? sequenceLength(data, i) : 1;
      if (length <= CUT || i + length > end) throw new XmlError('bad-format', 'not UTF-8');
      i += length;
    }
    this.#at = end + 3;
    return true;
  }

  #text(): boolean {
    const data = this.#data;
    const n = data.length;
    let i = this.#at;
    for (; i < n; ) {
      const kind = TEXT_CLASS[data.charCodeAt(i)];
      if (kind === 0) {
        i++;
        continue;
      }
      if (kind === MARKUP) break;
      if (kind === FORBIDDEN) throw new XmlError('not-well-formed', 'a control character');
      if (kind === MULTIBYTE) {
        const length = sequenceLength(data, i);
        if (length === CUT) return this.#stopAt(i);
        if (length === INVALID) throw new XmlError('bad-format', 'not UTF-8');
        i += length;
      } else if (kind === AMPERSAND) {
        let end = i + 1;
        while (end < n && NAME_CLASS[data.charCodeAt(end)] !== 0) end++;
        if (data.charCodeAt(i + 1) === 0x23)
          for (end = i + 2; end < n && NAME_CLASS[data.charCodeAt(end)] !== 0; ) end++;
        if (end >= n && n - i <= LONGEST_REFERENCE) return this.#stopAt(i);
        const known = data.charCodeAt(end) === 0x3b && reference(data.slice(i + 1, end)) !== undefined;
        if (!known) throw unknownReference(data.slice(i, end + 1));
        i = end + 1;
      } else if (kind === BRACKET) {
        if (data.startsWith(']]>', i)) throw new XmlError('not-well-formed', "']]>' in text");
        if (n - i < 3 && ']]>'.startsWith(data.slice(i))) return this.#stopAt(i);
        i++;
      } else throw new XmlError('bad-format', 'not bytes');
    }
    this.#at = i;
    return i < n;
  }

  #stopAt(i: number): false {
    this.#at = i;
    return false;
  }
}

const lastOf = (bytes: Bytes, count: number): Bytes => (count === 0 ? '' : bytes.slice(-count));

/** RFC 6120 §11.4, §11.6: version 1.0 and UTF-8, where they are named. */
function checkDeclaration(text: Bytes): void {
  if (!/^<\?xml[ \t\r\n]/.test(text)) throw new XmlError('restricted-xml', 'a processing instruction');
  const shape =
    /^<\?xml\s+version\s*=\s*(["'])1\.\d+\1(?:\s+encoding\s*=\s*(["'])([A-Za-z][\w.-]*)\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*$/;
  const found = shape.exec(text);
  if (found === null) throw new XmlError('not-well-formed', 'the XML declaration is not well-formed');
  const encoding = found[3];
  if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8') {
    throw new XmlError('unsupported-encoding', `encoding ${encoding}`);
  }
}
