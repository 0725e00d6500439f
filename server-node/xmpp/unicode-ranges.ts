import { BIDI, JOINING } from './unicode-tables.ts';

/** Sorted ranges: from, to, from, to. */
type Ranges = readonly number[];

function unpack(text: string): Ranges {
  const ranges: number[] = [];
  let at = 0;
  for (const part of text.split('.')) {
    const [gap = '', length = '0'] = part.split(',');
    const from = at + Number.parseInt(gap, 36);
    at = from + Number.parseInt(length, 36);
    ranges.push(from, at);
  }
  return ranges;
}

function holds(ranges: Ranges, point: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (point < (ranges[middle * 2] ?? 0)) high = middle - 1;
    else if (point > (ranges[middle * 2 + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}

/** Tables are unpacked when somebody comes with such a name, which at most nodes nobody does. */
function lookup<K extends string, D>(tables: Readonly<Record<K, string>>, otherwise: D): (point: number) => K | D {
  const known = new Map<K, Ranges>();
  return (point) => {
    for (const name of Object.keys(tables) as K[]) {
      let ranges = known.get(name);
      if (ranges === undefined) {
        ranges = unpack(tables[name]);
        known.set(name, ranges);
      }
      if (holds(ranges, point)) return name;
    }
    return otherwise;
  };
}

/** The direction of a character (RFC 5893 §2). */
export const bidiClass = lookup(BIDI, 'L' as const);
/** How a letter joins its neighbours (RFC 5892 appendix A.1); U: it does not. */
export const joiningType = lookup(JOINING, 'U' as const);
