import type { Bytes } from './chars.ts';
import { encode } from './chars.ts';

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * The character an entity or character reference stands for, as bytes; undefined when XML 1.0 §4.1 or RFC 6120 §11.1
 * forbids it. `name` is what stands between `&` and `;`.
 */
export function reference(name: string): Bytes | undefined {
  if (name.charCodeAt(0) !== 0x23) return Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
  const digits = /^#(?:x0*([0-9a-fA-F]{1,6})|0*([0-9]{1,7}))$/.exec(name);
  if (!digits) return undefined;
  const code = digits[1] === undefined ? Number.parseInt(digits[2] ?? '', 10) : Number.parseInt(digits[1], 16);
  return isXmlChar(code) ? encode(String.fromCodePoint(code)) : undefined;
}

const isXmlChar = (code: number): boolean =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x10000 && code <= 0x10ffff);

/** Replaces the references in bytes that a scanner has found well-formed. */
export function unescapeBytes(bytes: Bytes): Bytes {
  if (!bytes.includes('&')) return bytes;
  return bytes.replace(/&([^;]*);/g, (whole, name: string) => reference(name) ?? whole);
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const VALUE_ESCAPES: Readonly<Record<string, string>> = {
  ...TEXT_ESCAPES,
  "'": '&apos;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** Text or bytes as character data. */
export const escapeText = (text: string): string => text.replace(/[&<>]/g, (c) => TEXT_ESCAPES[c] ?? c);

/** Text or bytes as an attribute's value, in quotes of either kind. */
export const escapeValue = (text: string): string =>
  /[&<>'"\n\r\t]/.test(text) ? text.replace(/[&<>'"\n\r\t]/g, (c) => VALUE_ESCAPES[c] ?? c) : text;
