import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dialogue, parseDialogues } from './format.ts';
import { play, type Result, type Stage } from './play.ts';

export const folder = join(import.meta.dirname, '..');

/** Every dialogue below e2e/dialogues; files are named from there. */
export function allDialogues(): Dialogue[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`))
    .filter((file) => file.endsWith('.dialogue'))
    .sort()
    .flatMap((file) => parseDialogues(file, readFileSync(join(folder, file), 'utf8')));
}

/** Lines of a list; an empty one and what stands behind # is passed over. */
const linesOf = (file: string): string[] =>
  !existsSync(join(folder, file))
    ? []
    : readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .map((line) => line.replace(/#.*$/, '').trim())
        .filter((line) => line !== '');

/**
 * What awaits parleyd: folders, files, or single dialogues as `FILE: TITLE`, each with its reason behind a #. They are
 * skipped, and counted as skipped.
 */
export const awaited = (): readonly string[] => linesOf('awaited.txt');

export const nameOf = ({ file, title }: Dialogue): string => `${file}: ${title}`;

export const isAwaited = (dialogue: Dialogue, list: readonly string[]): boolean =>
  list.some(
    (one) =>
      one === nameOf(dialogue) || one === dialogue.file || dialogue.file.startsWith(`${one.replace(/\/$/, '')}/`),
  );

/** Lines of the list that name nothing: what they awaited was renamed or is gone. */
export const unknownAwaited = (dialogues: readonly Dialogue[], list: readonly string[]): readonly string[] =>
  list.filter((one) => !dialogues.some((dialogue) => isAwaited(dialogue, [one])));

/** How many accounts dialogues need: each of them has its own. */
export const accountsFor = (dialogues: readonly Dialogue[]): number =>
  dialogues.reduce(
    (sum, { people }) =>
      sum + new Set(people.filter(({ kind }) => kind !== 'nobody').map(({ account }) => account)).size,
    0,
  );

/** Plays them side by side: most of a dialogue is waiting for the other side. */
export async function playAll(
  dialogues: readonly Dialogue[],
  stage: Stage,
  told: (result: Result) => void = () => {},
  sideBySide = 12,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...dialogues];
  const work = async () => {
    for (let dialogue = queue.shift(); dialogue !== undefined; dialogue = queue.shift()) {
      const result = await play(dialogue, stage);
      results.push(result);
      told(result);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  return results.sort((a, b) => (nameOf(a.dialogue) < nameOf(b.dialogue) ? -1 : 1));
}
