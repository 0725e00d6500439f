import type { Bytes } from '../xml/chars.ts';
import { Element, parseElement } from '../xml/element.ts';
import { attribute, readTag, type Tag } from '../xml/tag.ts';
import { NS } from '../xmpp/namespaces.ts';

const KNOWN: readonly string[] = [NS.client, NS.tls, NS.sasl];

/**
 * Writes an element anew so that it needs nothing of the stream it came in: without a prefix on its name, and with the
 * prefixes declared that the stream's header declared for it. An element that needs none of that stays as it is.
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
  const ns = header === undefined ? NS.client : (attribute(header, 'xmlns') ?? '');
  if (!tag.name.includes(':') && Object.keys(declared).length === 0 && ns === NS.client) return { tag, raw };
  const element = parseElement(raw, ns, scope);
  const whole = new Element(element.name, element.ns, { ...declared, ...element.attributes }, element.children);
  const bytes = whole.serialize(NS.client);
  const written = KNOWN.includes(whole.ns) ? readTag(bytes, 0, Number.POSITIVE_INFINITY) : undefined;
  return { tag: written ?? { ...tag, name: `other:${tag.name}` }, raw: bytes };
}
