import { domainToUnicode } from 'node:url';
import { bidiFits } from './bidi.ts';
import { isOfClass } from './precis-classes.ts';

const ASCII_LOCAL = /^[!#$%()*+,.0-9;=?[\\\]^_`a-z{|}~-]+$/;
const ASCII_RESOURCE = /^[\x20-\x7e]+$/;
const ASCII_DOMAIN = /^(?!xn--|.*\.xn--)[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*$/;
/** RFC 7622 §3.3.1: excluded from localparts on top of the class */
const LOCAL_EXCLUDED = /["&'/:<>@]/;
const IP_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');
const fits = (text: string): boolean => bytesOf(text) >= 1 && bytesOf(text) <= 1023;

/** Full-width and half-width forms as their ordinary ones (RFC 8265 §3.3.2, the width mapping rule). */
const mapWidth = (text: string): string => text.replace(/[\uff01-\uffee\u3000]/g, (c) => c.normalize('NFKC'));

/** RFC 8264 §7: a rule may make what another would change again; what is not stable after three rounds is no name. */
function stable(text: string, rule: (text: string) => string): string | undefined {
  let before = text;
  for (let round = 0; round < 4; round++) {
    const after = rule(before);
    if (after === before) return after;
    before = after;
  }
  return undefined;
}

/**
 * A localpart in the form in which two are compared: UsernameCaseMapped (RFC 8265 §3.3) less the characters that
 * RFC 7622 §3.3.1 excludes. Undefined when it is none. 1 to 1023 bytes.
 */
export function prepareLocal(text: string): string | undefined {
  if (ASCII_LOCAL.test(text)) return text.length <= 1023 ? text : undefined;
  if (text.length > 4096) return undefined;
  const mapped = stable(text, (given) => mapWidth(given).toLowerCase().normalize('NFC'));
  if (mapped === undefined || !fits(mapped) || LOCAL_EXCLUDED.test(mapped)) return undefined;
  return isOfClass(mapped, 'identifier') && bidiFits(mapped) ? mapped : undefined;
}

/**
 * Whether servers that prepare names by stringprep (RFC 6122) write a localpart as we do. They fold ß to ss and ς to σ: a
 * person of such a name could not be reached from there.
 */
export const sameByStringprep = (local: string): boolean =>
  local.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC') === local &&
  !/[\u200c\u200d]/.test(local);

/** OpaqueString (RFC 8265 §4.2): spaces made alike, NFC, and case as it is. Undefined when it is none, or empty. */
function opaque(text: string): string | undefined {
  const mapped = stable(text, (given) => given.replace(/\p{Zs}/gu, ' ').normalize('NFC'));
  return mapped !== undefined && mapped !== '' && isOfClass(mapped.replaceAll(' ', ''), 'freeform')
    ? mapped
    : undefined;
}

/** A resourcepart (RFC 7622 §3.4). Undefined when it is none. 1 to 1023 bytes. */
export function prepareResource(text: string): string | undefined {
  if (ASCII_RESOURCE.test(text)) return text.length <= 1023 ? text : undefined;
  if (text.length > 4096) return undefined;
  const mapped = opaque(text);
  return mapped !== undefined && fits(mapped) ? mapped : undefined;
}

/** A password as OpaqueString (RFC 8265 §4.2). Undefined when it has characters that can't be typed twice alike. */
export const preparePassword = (text: string): string | undefined => (text.length > 4096 ? undefined : opaque(text));

/**
 * A domainpart (RFC 7622 §3.2): a name in small letters and Unicode (an A-label becomes its U-label, RFC 5890 §2.3.2.1),
 * without a dot at the end, or an address. Undefined when it is none.
 */
export function prepareDomain(text: string): string | undefined {
  const lower = text.replace(/\.$/, '').toLowerCase();
  if (lower.length > 1023) return undefined;
  if (ASCII_DOMAIN.test(lower)) return lower;
  if (IP_LITERAL.test(lower)) return lower;
  const dotted = mapWidth(lower)
    .replace(/[\u3002\uff61]/g, '.')
    .replace(/\.$/, '');
  if (ASCII_DOMAIN.test(dotted)) return dotted;
  if (!/[^\x20-\x7e]|xn--/.test(dotted)) return undefined;
  // a URL would be cut there, or lose it, and what is left would be another's name
  if (/[\x00-\x20\x7f#%/:<>?@[\\\]^|]/.test(dotted)) return undefined;
  const name = domainToUnicode(dotted).normalize('NFC');
  if (/^[\x00-\x7f]*$/.test(name)) return ASCII_DOMAIN.test(name) ? name : undefined;
  return name !== '' && fits(name) && !/[\s"&'/<>@:]/.test(name) ? name : undefined;
}
