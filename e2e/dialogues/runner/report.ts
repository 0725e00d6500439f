// docs/dialogues.md, from a run against each server. The reasons are kept by hand in ../differences.txt.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dialogue } from './format.ts';
import { folder, nameOf } from './library.ts';
import type { Result } from './play.ts';

export interface Run {
  readonly server: string;
  readonly results: readonly Result[];
}

export interface Reason {
  readonly server: string;
  /** what the names of the dialogues contain, or what the server did instead */
  readonly marks: readonly string[];
  readonly text: string;
}

/** Blocks of `SERVER`, then lines of marks that begin with `- `, then the reason. */
export function readReasons(text: string): Reason[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => block.split('\n').filter((line) => !line.startsWith('#')))
    .filter((lines) => lines.join('').trim() !== '')
    .map(([server = '', ...lines]) => ({
      server,
      marks: lines.filter((line) => line.startsWith('- ')).map((line) => line.slice(2).trim()),
      text: lines.filter((line) => !line.startsWith('- ')).join(' '),
    }));
}

const failed = ({ failure }: Result): boolean => failure !== undefined;
const choice = ({ clause }: Dialogue): boolean => clause.endsWith('(choice)');
const specificationOf = ({ clause }: Dialogue): string => clause.split(' §')[0] ?? '';

function counts(all: readonly Dialogue[], runs: readonly Run[]): string[] {
  const head = ['specification', 'dialogues', 'of these a choice', ...runs.map(({ server }) => server)];
  const row = (name: string, of: (dialogue: Dialogue) => boolean): string[] => {
    const passed = (run: Run) => run.results.filter((result) => of(result.dialogue) && !failed(result)).length;
    const mine = all.filter(of);
    return [name, String(mine.length), String(mine.filter(choice).length), ...runs.map((run) => String(passed(run)))];
  };
  const names = [...new Set(all.map(specificationOf))].sort();
  const rows = [
    head,
    head.map(() => '---'),
    ...names.map((name) => row(name, (dialogue) => specificationOf(dialogue) === name)),
    row('all', () => true),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`);
}

function differences({ server, results }: Run, reasons: readonly Reason[]): string[] {
  const short = server.split(' ')[0] ?? '';
  const left = results.filter(failed);
  const line = ({ dialogue, saw }: Result) => `- ${nameOf(dialogue)} (${dialogue.clause}): ${saw ?? ''}`;
  const blocks: string[] = [];
  for (const reason of reasons.filter((one) => one.server === short)) {
    const matches = ({ dialogue, saw }: Result) =>
      reason.marks.some((mark) => nameOf(dialogue).includes(mark) || saw === mark);
    const mine = left.filter(matches);
    if (mine.length === 0) continue;
    for (const one of mine) left.splice(left.indexOf(one), 1);
    blocks.push(`${reason.text}\n\n${mine.map(line).join('\n')}\n`);
  }
  const choices = left.filter(({ dialogue }) => choice(dialogue));
  if (choices.length > 0)
    blocks.push(`The specification leaves a choice, and they chose otherwise:\n\n${choices.map(line).join('\n')}\n`);
  const others = left.filter(({ dialogue }) => !choice(dialogue));
  if (others.length > 0)
    blocks.push(`Nobody has looked into these; the clause says what was expected:\n\n${others.map(line).join('\n')}\n`);
  return [`## ${server}`, '', ...blocks];
}

export const keptReasons = (): Reason[] => readReasons(readFileSync(join(folder, 'differences.txt'), 'utf8'));

export function report(
  all: readonly Dialogue[],
  runs: readonly Run[],
  date: string,
  reasons: readonly Reason[],
): string {
  const [own, ...peers] = runs;
  const skipped = all.length - (own?.results.length ?? 0);
  return [
    '# Dialogues with parleyd and its peers',
    '',
    `Made on ${date} by \`npm run dialogues -- --report\`, which plays every dialogue of e2e/dialogues against parleyd and`,
    "against Debian's Prosody and ejabberd on this machine, configured as e2e/dialogues/peers says. Counts are dialogues that",
    `went as written. A choice is what a specification leaves open. ${skipped} dialogues await parleyd (e2e/dialogues/awaited.txt).`,
    '',
    ...counts(all, runs),
    '',
    'Below: where a peer did not do as written, and what it did instead. The dialogues were written from the specifications,',
    'by people who build one of the three: a difference is a question about a clause before it is a fault. A dialogue stops at',
    'its first difference, so that one habit of a server may stop many.',
    '',
    ...peers.flatMap((run) => differences(run, reasons)),
  ].join('\n');
}
