import { encode } from '../xml/chars.ts';
import type { Element } from '../xml/element.ts';
import { NS } from './namespaces.ts';

/** i;octet (RFC 4790 §9.3): by the bytes of UTF-8. */
const octets = (a: string, b: string): number => (encode(a) < encode(b) ? -1 : encode(a) > encode(b) ? 1 : 0);

const sorted = (texts: readonly string[]): string[] => [...texts].sort(octets);

const repeats = (texts: readonly string[]): boolean => new Set(texts).size !== texts.length;

/** A form's fields by name, if it is one that counts: its FORM_TYPE is hidden (XEP-0115 §5.4). */
function formOf(x: Element): { readonly type: readonly string[]; readonly fields: readonly Element[] } | undefined {
  const fields = x.all('field');
  const type = fields.find((field) => field.attributes['var'] === 'FORM_TYPE');
  if (type === undefined || type.attributes['type'] !== 'hidden') return undefined;
  return {
    type: [...new Set(type.all('value').map((value) => value.text))],
    fields: fields.filter((field) => field !== type),
  };
}

/**
 * The string S that a caps hash is made of (XEP-0115 §5.1), from the children of a disco#info result; undefined when the
 * result is ill-formed (§5.4): something in it is there twice.
 */
export function capsText(info: readonly Element[]): string | undefined {
  const of = (name: string, ns: string) => info.filter((e) => e.name === name && e.ns === ns);
  const identities = of('identity', NS.discoInfo).map(({ attributes: a }) =>
    [a['category'] ?? '', a['type'] ?? '', a['xml:lang'] ?? '', a['name'] ?? ''].join('/'),
  );
  const features = of('feature', NS.discoInfo).map((e) => e.attributes['var'] ?? '');
  const forms = of('x', NS.dataForms)
    .map(formOf)
    .filter((form) => form !== undefined);
  const types = forms.map((form) => form.type[0] ?? '');
  if (repeats(identities) || repeats(features) || repeats(types) || forms.some(({ type }) => type.length !== 1))
    return undefined;
  const parts = [...sorted(identities), ...sorted(features)];
  for (const { type, fields } of [...forms].sort((a, b) => octets(a.type[0] ?? '', b.type[0] ?? ''))) {
    parts.push(type[0] ?? '');
    const byName = fields.map((field) => ({ name: field.attributes['var'] ?? '', values: field.all('value') }));
    for (const { name, values } of byName.sort((a, b) => octets(a.name, b.name)))
      parts.push(name, ...sorted(values.map((value) => value.text)));
  }
  return parts.map((part) => `${part}<`).join('');
}

/** The features that the children of a disco#info result name. */
export const featuresOf = (info: readonly Element[]): string[] =>
  info.filter((e) => e.name === 'feature' && e.ns === NS.discoInfo).map((e) => e.attributes['var'] ?? '');
