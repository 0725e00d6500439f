import type { Bytes } from '../../xml/chars.ts';
import { escapeValue } from '../../xml/entities.ts';
import { type Limits, Scanner } from '../../xml/scanner.ts';
import { attribute, type Tag } from '../../xml/tag.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** A request of BOSH (XEP-0124 §5): the wrapper's attributes, and its payloads as they came. */
export interface Body {
  readonly rid: number;
  readonly sid: string | undefined;
  readonly terminate: boolean;
  /** XEP-0206 §4: the client has logged in, and a new stream begins */
  readonly restart: boolean;
  /** seconds; XEP-0124 §10 */
  readonly pause: number | undefined;
  readonly key: string | undefined;
  readonly newKey: string | undefined;
  readonly payloads: readonly Bytes[];
  attribute(name: string): string | undefined;
}

/** Reads a request. @throws XmlError when it is not well-formed; undefined when it is no <body/> with a `rid`. */
export function readBody(bytes: Bytes, limits: Limits): Body | undefined {
  let root: Tag | undefined;
  let whole = false;
  const payloads: Bytes[] = [];
  const scanner = new Scanner(limits, {
    opened: (tag) => {
      root = tag;
    },
    stanza: (_tag, raw) => void payloads.push(raw),
    closed: () => {
      whole = true;
    },
  });
  scanner.feed(bytes);
  if (root === undefined || !whole || root.name !== 'body' || attribute(root, 'xmlns') !== NS.bosh) return undefined;
  const tag = root;
  const read = (name: string) => attribute(tag, name);
  const rid = wholeNumber(read('rid'));
  if (rid === undefined) return undefined;
  return {
    rid,
    sid: read('sid'),
    terminate: read('type') === 'terminate',
    restart: ofXbosh(tag, 'restart') === 'true',
    pause: wholeNumber(read('pause')),
    key: read('key'),
    newKey: read('newkey'),
    payloads,
    attribute: read,
  };
}

/** A number that arithmetic is exact with (XEP-0124 §14), or undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  const number = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** An attribute of XEP-0206's namespace, whatever its prefix. */
function ofXbosh(tag: Tag, name: string): string | undefined {
  for (let i = 0; i < tag.attributes.length; i += 2) {
    const [prefix, local] = (tag.attributes[i] ?? '').split(':');
    if (local === name && attribute(tag, `xmlns:${prefix}`) === NS.xbosh) return tag.attributes[i + 1];
  }
  return undefined;
}

/** An answer. Attributes that are undefined are left out. */
export function body(attributes: Readonly<Record<string, string | number | undefined>>, payloads: Bytes = ''): Bytes {
  let out = `<body xmlns='${NS.bosh}'`;
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) out += ` ${name}='${escapeValue(String(value))}'`;
  return payloads === '' ? `${out}/>` : `${out}>${payloads}</body>`;
}
