import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
const tokens = (text: string) =>
  new Map([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value]));

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const PAPERS = ['canvas', 'surface', 'raised', 'sunken', 'hover', 'accent-tint'];
const INKS = ['text-1', 'text-2', 'text-3', 'accent', 'amber', 'red', 'green'];
const TEXT = [
  ...PAPERS.flatMap((paper) => INKS.map((ink) => [ink, paper] as const)),
  ...(['text-1', 'text-2', 'amber'] as const).map((ink) => [ink, 'amber-tint'] as const),
  ...(['text-1', 'text-2', 'red'] as const).map((ink) => [ink, 'red-tint'] as const),
  ['on-accent', 'accent-fill'] as const,
  ['on-accent', 'accent-fill-hover'] as const,
];
const LINES = PAPERS.filter((paper) => paper !== 'accent-tint').map((paper) => ['line-strong', paper] as const);

for (const [theme, text] of [
  ['light', light],
  ['dark', dark],
] as const) {
  const colours = tokens(text);
  const check = (pairs: readonly (readonly [string, string])[], least: number) => {
    const low = pairs
      .map(([ink, paper]) => ({
        ink,
        paper,
        is: contrast(colours.get(ink) ?? '#000000', colours.get(paper) ?? '#000000'),
      }))
      .filter(({ is }) => is < least)
      .map(({ ink, paper, is }) => `${ink} on ${paper}: ${is.toFixed(2)}`);
    assert.deepEqual(low, []);
  };
  test(`${theme}: text is at least 4.5:1`, () => check(TEXT, 4.5));
  test(`${theme}: lines that carry meaning are at least 3:1`, () => check(LINES, 3));
}
