import { createHash } from 'node:crypto';

const WIDTH = 17;
const HEIGHT = 9;
const MARKS = ' .o+=*BOX@%&#/^SE';

/** The picture OpenSSH draws of a key (the drunken bishop), so that two people can compare it by eye. */
export function randomart(blob: Buffer, algorithm: string): string {
  const field = walk(createHash('sha256').update(blob).digest());
  const rows = Array.from({ length: HEIGHT }, (_, y) => {
    const cells = field.slice(y * WIDTH, (y + 1) * WIDTH);
    return `|${cells.map((visits) => MARKS[visits] ?? '?').join('')}|`;
  });
  const title = algorithm
    .replace(/^ssh-/, '')
    .replace(/^ecdsa-sha2-/, '')
    .toUpperCase();
  return [border(`[${title}]`), ...rows, border('[SHA256]')].join('\n');
}

function walk(digest: Buffer): number[] {
  const field = new Array<number>(WIDTH * HEIGHT).fill(0);
  const most = MARKS.length - 3;
  const start = Math.floor(WIDTH / 2) + Math.floor(HEIGHT / 2) * WIDTH;
  let x = Math.floor(WIDTH / 2);
  let y = Math.floor(HEIGHT / 2);
  for (const byte of digest)
    for (let shift = 0; shift < 8; shift += 2) {
      const pair = (byte >> shift) & 3;
      x = Math.min(WIDTH - 1, Math.max(0, x + (pair & 1 ? 1 : -1)));
      y = Math.min(HEIGHT - 1, Math.max(0, y + (pair & 2 ? 1 : -1)));
      const at = y * WIDTH + x;
      field[at] = Math.min(most, (field[at] ?? 0) + 1);
    }
  field[start] = MARKS.length - 2;
  field[y * WIDTH + x] = MARKS.length - 1;
  return field;
}

function border(label: string): string {
  const left = Math.floor((WIDTH - label.length) / 2);
  return `+${'-'.repeat(left)}${label}${'-'.repeat(WIDTH - label.length - left)}+`;
}
