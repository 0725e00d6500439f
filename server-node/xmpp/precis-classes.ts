import { joiningType } from './unicode-ranges.ts';

/** RFC 8264 §9.6: exceptions, which are asked first. */
const ALWAYS = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/;
const IN_CONTEXT = /^[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9\u200c\u200d]$/;
const NEVER = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/;
/** §9.10 Unassigned, §9.9 OldHangulJamo, §9.13 PrecisIgnorableProperties, §9.12 Controls */
const UNASSIGNED = /^[\p{Cn}\p{Co}\p{Cs}]$/u;
const OLD_HANGUL = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]$/;
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\p{Cc}]$/u;
const ASCII = /^[\x21-\x7e]$/;
const LETTER_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
/** §9.18 OtherLetterDigits, §9.14 Spaces, §9.15 Symbols, §9.16 Punctuation: of the FreeformClass alone */
const FREEFORM = /^[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]$/u;

type Class = 'identifier' | 'freeform';

/** Whether every character of a text is of the class (RFC 8264 §8: the derived property, in the order given there). */
export function isOfClass(text: string, wanted: Class): boolean {
  const characters = [...text];
  return characters.every((c, i) => {
    if (ALWAYS.test(c)) return true;
    if (IN_CONTEXT.test(c)) return fitsContext(characters, i);
    if (NEVER.test(c)) return false;
    if (ASCII.test(c)) return true;
    if (UNASSIGNED.test(c) || OLD_HANGUL.test(c) || IGNORABLE.test(c)) return false;
    const compatible = c.normalize('NFKC') !== c; // §9.17 HasCompat
    if (wanted === 'freeform') return compatible || LETTER_DIGIT.test(c) || FREEFORM.test(c);
    return !compatible && LETTER_DIGIT.test(c);
  });
}

const script = (name: string) => new RegExp(`^\\p{Script=${name}}$`, 'u');
const GREEK = script('Greek');
const HEBREW = script('Hebrew');
const KANA_OR_HAN = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const VIRAMA =
  /^[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0eba\u0f84\u1039\u103a\u1714\u1715\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua82c\ua8c4\ua953\ua9c0\uaaf6\uabed\u{10a3f}\u{11046}\u{11070}\u{1107f}\u{110b9}\u{11133}\u{11134}\u{111c0}\u{11235}\u{112ea}\u{1134d}\u{11442}\u{114c2}\u{115bf}\u{1163f}\u{116b6}\u{1172b}\u{11839}\u{1193d}\u{1193e}\u{119e0}\u{11a34}\u{11a47}\u{11a99}\u{11c3f}\u{11d44}\u{11d45}\u{11d97}\u{11f41}\u{11f42}]$/u;

/** The rules for characters that depend on their neighbours (RFC 5892 appendix A). */
function fitsContext(characters: readonly string[], at: number): boolean {
  const c = characters[at] ?? '';
  const before = characters[at - 1] ?? '';
  const after = characters[at + 1] ?? '';
  if (c === '\u200d') return VIRAMA.test(before); // A.2
  if (c === '\u200c') return VIRAMA.test(before) || joins(characters, at); // A.1
  if (c === '\u00b7') return before === 'l' && after === 'l'; // A.3
  if (c === '\u0375') return GREEK.test(after); // A.4
  if (c === '\u05f3' || c === '\u05f4') return HEBREW.test(before); // A.5, A.6
  if (c === '\u30fb') return characters.some((other) => KANA_OR_HAN.test(other)); // A.7
  const indic = /^[\u06f0-\u06f9]$/;
  const arabic = /^[\u0660-\u0669]$/;
  return !characters.some((other) => (arabic.test(c) ? indic : arabic).test(other)); // A.8, A.9
}

/** Letters that would join stand on both sides, marks between them passed over. */
function joins(characters: readonly string[], at: number): boolean {
  const next = (step: number): string => {
    for (let i = at + step; i >= 0 && i < characters.length; i += step) {
      const type = joiningType(characters[i]?.codePointAt(0) ?? 0);
      if (type !== 'T') return type;
    }
    return 'U';
  };
  return ['L', 'D'].includes(next(-1)) && ['R', 'D'].includes(next(1));
}
