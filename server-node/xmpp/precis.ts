const ASCII_LOCAL = /^[!#$%()*+,.0-9;=?[\\\]^_`a-z{|}~-]+$/;
const ASCII_RESOURCE = /^[\x20-\x7e]+$/;
/** RFC 8264 §4.2: letters, digits and marks, and printable ASCII */
const IDENTIFIER = /^[\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}\x21-\x7e]+$/u;
/** RFC 7622 §3.3.1: excluded from localparts on top of that */
const LOCAL_EXCLUDED = /["&'/:<>@]/;
const LAST_RESORT =
  /[\p{Cc}\p{Cn}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/u;

const utf8Length = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Full-width and half-width forms as their ordinary ones (RFC 8265 §3.3.2, the width mapping rule). */
const mapWidth = (text: string): string => text.replace(/[\uff01-\uffee\u3000]/g, (c) => c.normalize('NFKC'));

/**
 * A localpart in the form in which two are compared: UsernameCaseMapped (RFC 8265 §3.3) less the characters that
 * RFC 7622 §3.3.1 excludes. Undefined when it is none. 1 to 1023 bytes.
 */
export function prepareLocal(text: string): string | undefined {
  if (ASCII_LOCAL.test(text)) return text.length <= 1023 ? text : undefined;
  const mapped = mapWidth(text).toLowerCase().normalize('NFC');
  const fits = utf8Length(mapped) >= 1 && utf8Length(mapped) <= 1023;
  if (!fits || !IDENTIFIER.test(mapped) || LOCAL_EXCLUDED.test(mapped)) return undefined;
  for (const c of mapped) if (c.normalize('NFKC') !== c.normalize('NFC')) return undefined; // RFC 8264 §9.17 HasCompat
  return mapped;
}

/** A resourcepart as OpaqueString (RFC 8265 §4.2, RFC 7622 §3.4). Undefined when it is none. 1 to 1023 bytes. */
export function prepareResource(text: string): string | undefined {
  if (ASCII_RESOURCE.test(text)) return text.length <= 1023 ? text : undefined;
  const mapped = text.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  const bytes = utf8Length(mapped);
  return bytes >= 1 && bytes <= 1023 && !LAST_RESORT.test(mapped) ? mapped : undefined;
}

/** A password as OpaqueString (RFC 8265 §4.2). Undefined when it has characters that can't be typed twice alike. */
export const preparePassword = (text: string): string | undefined =>
  text === '' || LAST_RESORT.test(text) ? undefined : text.replace(/\p{Zs}/gu, ' ').normalize('NFC');

/** A domainpart (RFC 7622 §3.2): small letters, no dot at the end. Undefined when it is none. */
export function prepareDomain(text: string): string | undefined {
  const mapped = mapWidth(text)
    .replace(/[\u3002\uff61]/g, '.')
    .toLowerCase()
    .normalize('NFC')
    .replace(/\.$/, '');
  const bytes = utf8Length(mapped);
  if (bytes < 1 || bytes > 1023 || /[\s"&'/<>@]/.test(mapped) || LAST_RESORT.test(mapped)) return undefined;
  return mapped;
}
