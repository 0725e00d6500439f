import type { Bytes } from '../xml/chars.ts';
import { Element, parseElement } from '../xml/element.ts';
import { attribute, readTag, type Tag } from '../xml/tag.ts';
import { NS } from '../xmpp/namespaces.ts';

const KNOWN: readonly string[] = [NS.client, NS.tls, NS.sasl, NS.sasl2, NS.management, NS.clientState];
/** the language that our side of every stream declares */
const OUR_LANGUAGE = 'en';

const otherLanguage = (header: Tag | undefined): string | undefined => {
  const language = header === undefined ? undefined : attribute(header, 'xml:lang');
  return language === undefined || language === OUR_LANGUAGE ? undefined : language;
};

/** Whether a stanza of the stream may need to be written anew: its header declares prefixes, or another language. */
export const speaksOtherwise = (header: Tag): boolean =>
  otherLanguage(header) !== undefined ||
  header.attributes.some((name, i) => i % 2 === 0 && name.startsWith('xmlns:') && name !== 'xmlns:stream');

/**
 * Writes an element anew so that it needs nothing of the stream it came in: without a prefix on its name, with the
 * prefixes declared that the stream's header declared for it, and a stanza with the stream's language (RFC 6120 §8.1.5).
 * An element that needs none of that stays as it is.
 */
export function normalize(tag: Tag, raw: Bytes, header: Tag | undefined): { readonly tag: Tag; readonly raw: Bytes } {
  const scope: Record<string, string> = {};
  const declared: Record<string, string> = {};
  for (let i = 0; i < (header?.attributes.length ?? 0); i += 2) {
    const name = header?.attributes[i] ?? '';
    const value = header?.attributes[i + 1] ?? '';
    if (!name.startsWith('xmlns:')) continue;
    scope[name.slice(6)] = value;
    if (name !== 'xmlns:stream' && raw.includes(`${name.slice(6)}:`)) declared[name] = value;
  }
  const language = attribute(tag, 'xml:lang') === undefined ? otherLanguage(header) : undefined;
  const ns = header === undefined ? NS.client : (attribute(header, 'xmlns') ?? '');
  const plain = !tag.name.includes(':') && Object.keys(declared).length === 0 && ns === NS.client;
  if (plain && language === undefined) return { tag, raw };
  const element = parseElement(raw, ns, scope);
  if (language !== undefined && element.ns === NS.client) declared['xml:lang'] = language;
  const whole = new Element(element.name, element.ns, { ...declared, ...element.attributes }, element.children);
  const bytes = whole.serialize(NS.client);
  const written = KNOWN.includes(whole.ns) ? readTag(bytes, 0, Number.POSITIVE_INFINITY) : undefined;
  return { tag: written ?? { ...tag, name: `other:${tag.name}` }, raw: bytes };
}
