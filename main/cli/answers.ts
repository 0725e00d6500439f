import { readFileSync } from 'node:fs';
import type { Prompt } from '../../shared/console-api/secrets.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Engine } from '../engine.ts';
import { askAtTerminal, isInteractive } from './tty.ts';

export interface AnswerOptions {
  readonly remember?: boolean | undefined;
  readonly 'password-file'?: string | undefined;
  readonly 'sudo-password-file'?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly 'vault-passphrase-file'?: string | undefined;
}

/**
 * Answers what the engine asks: once from the files that were named, else at the terminal, else not at all.
 * @throws ParleyError `no-password-file`
 */
export function answerPrompts(engine: Engine, files: AnswerOptions): void {
  const used = new Set<string>();
  // Standard input is read when it is needed, a file now: one that is missing is better told before anything begins.
  const named = [
    files['password-file'],
    files['sudo-password-file'],
    files['passphrase-file'],
    files['vault-passphrase-file'],
  ];
  const known = new Map<string, string>(
    named.flatMap((file) => (file === undefined || file === '-' ? [] : [[file, firstLine(file)] as const])),
  );
  const fromFile = (prompt: Prompt): string | undefined => {
    const file = fileFor(prompt, files);
    // One that was refused is not given again.
    if (file === undefined || used.has(prompt.title)) return undefined;
    used.add(prompt.title);
    const text = known.get(file) ?? firstLine(file);
    known.set(file, text);
    return text;
  };
  engine.on('prompts.asked', async (prompt) => {
    const given = fromFile(prompt);
    const answers = given !== undefined ? prompt.questions.map(() => given) : await atTerminal(prompt, files);
    const remember = (files.remember ?? false) && prompt.canRemember;
    await engine.call('prompts.answer', { promptId: prompt.promptId, answers, remember }).catch(() => undefined);
  });
}

function fileFor({ kind, questions }: Prompt, files: AnswerOptions): string | undefined {
  if (kind === 'vault') return files['vault-passphrase-file'];
  if (kind === 'passphrase') return files['passphrase-file'];
  if (kind === 'sudo') return files['sudo-password-file'] ?? files['password-file'];
  return questions.length === 1 && questions[0]?.echo === false ? files['password-file'] : undefined;
}

async function atTerminal(prompt: Prompt, files: AnswerOptions): Promise<string[] | null> {
  if (!isInteractive() || fileFor(prompt, files) !== undefined) return null;
  if (prompt.text !== '') process.stderr.write(`${prompt.text}\n`);
  const answers: string[] = [];
  for (const { label, echo } of prompt.questions) {
    const answer = await askAtTerminal(prompt.questions.length === 1 && !echo ? prompt.title : label, echo);
    if (answer === null) return null;
    answers.push(answer);
  }
  return answers;
}

/** @throws ParleyError `no-password-file` */
export function firstLine(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw new ParleyError({
      code: 'no-password-file',
      what: `The password can't be read from ${file}.`,
      why: `The system said: ${(error as Error).message}`,
      todo: 'Name a file that you may read, or - for standard input.',
    });
  }
}
