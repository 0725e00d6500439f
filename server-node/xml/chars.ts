/**
 * A string that carries bytes: one character a byte, U+0000 to U+00FF, as `latin1` decodes them. UTF-8 text on the
 * wire stays in this form from socket to socket; only what is looked at is decoded. Joining and cutting such strings
 * copies nothing, and a socket writes them with `latin1`.
 */
export type Bytes = string;

/** What a byte may do in character data (XML 1.0 §2.2, §2.4): one look-up decides. */
export const PLAIN = 0;
export const MARKUP = 1;
export const AMPERSAND = 2;
export const FORBIDDEN = 3;
export const MULTIBYTE = 4;
export const BRACKET = 5;

export const TEXT_CLASS: Uint8Array = new Uint8Array(256).map((_, byte) => {
  if (byte === 0x3c) return MARKUP;
  if (byte === 0x26) return AMPERSAND;
  if (byte === 0x5d) return BRACKET;
  if (byte >= 0x80) return MULTIBYTE;
  return byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d ? FORBIDDEN : PLAIN;
});

/** 1: may begin a name, 2: may only continue one. Multi-byte characters count as 1; `nameProblem` looks closer. */
export const NAME_CLASS: Uint8Array = new Uint8Array(256).map((_, byte) => {
  const c = String.fromCharCode(byte);
  if (/[A-Za-z_:]/.test(c) || byte >= 0x80) return 1;
  return /[-.0-9]/.test(c) ? 2 : 0;
});

export const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x09 || byte === 0x0d;

/** The multi-byte sequence goes on beyond the bytes that are there. */
export const CUT = 0;
/** It is not UTF-8 (RFC 3629), or a character that XML forbids (XML 1.0 §2.2: surrogates, U+FFFE, U+FFFF). */
export const INVALID = -1;

/** The length in bytes of the character that begins at `at` with a byte over 0x7F, or CUT, or INVALID. */
export function sequenceLength(data: Bytes, at: number): number {
  const first = data.charCodeAt(at);
  const length = first < 0xc2 ? INVALID : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : INVALID;
  if (length === INVALID) return INVALID;
  for (let i = 1; i < length; i++) {
    if (at + i >= data.length) return CUT;
    const byte = data.charCodeAt(at + i);
    if ((byte & 0xc0) !== 0x80) return INVALID;
    if (i === 1) {
      if ((first === 0xe0 && byte < 0xa0) || (first === 0xed && byte > 0x9f)) return INVALID;
      if ((first === 0xf0 && byte < 0x90) || (first === 0xf4 && byte > 0x8f)) return INVALID;
    }
  }
  const noncharacter = first === 0xef && data.charCodeAt(at + 1) === 0xbf && data.charCodeAt(at + 2) >= 0xbe;
  return noncharacter ? INVALID : length;
}

/** Text as the bytes of its UTF-8 form. */
export function encode(text: string): Bytes {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text whose UTF-8 form these bytes are. */
export function decode(bytes: Bytes): string {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** The same bytes in a string of their own, so that what is kept does not hold the network buffer it was cut from. */
export function own(bytes: Bytes): Bytes {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}
