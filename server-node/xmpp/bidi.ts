import { bidiClass } from './unicode-ranges.ts';

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const IN_RTL: readonly string[] = ['R', 'AL', 'AN', 'EN', 'ES', 'CS', 'ET', 'ON', 'BN', 'NSM'];
const IN_LTR: readonly string[] = ['L', 'EN', 'ES', 'CS', 'ET', 'ON', 'BN', 'NSM'];

/**
 * The Bidi Rule (RFC 5893 §2), which holds for names that have a character written from right to left (RFC 8264 §5.2.5):
 * who sees it must be able to tell where it begins and ends.
 */
export function bidiFits(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const classes = [...text].map((c) => bidiClass(c.codePointAt(0) ?? 0));
  if (!classes.some((c) => c === 'R' || c === 'AL' || c === 'AN')) return true;
  const [first] = classes;
  const last = classes.findLast((c) => c !== 'NSM'); // rules 3 and 6: marks may follow
  const only = (allowed: readonly string[]) => classes.every((c) => allowed.includes(c));
  if (first === 'L') return only(IN_LTR) && (last === 'L' || last === 'EN'); // rules 5, 6
  if (first !== 'R' && first !== 'AL') return false; // rule 1
  if (!only(IN_RTL)) return false; // rule 2
  if (classes.includes('EN') && classes.includes('AN')) return false; // rule 4
  return last === 'R' || last === 'AL' || last === 'EN' || last === 'AN'; // rule 3
}
