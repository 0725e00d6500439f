import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks at the terminal; null when the operator ends the input. What is typed is shown only when `echo` says so. */
export async function askAtTerminal(label: string, echo: boolean): Promise<string | null> {
  if (!echo) process.stderr.write(`${label}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: echo ? process.stderr : silent, terminal: true });
  const ended = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  // In raw mode the terminal turns Ctrl-C into a character: it is passed on as the signal it stands for.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await Promise.race([lines.question(echo ? `${label}: ` : ''), ended]);
  } finally {
    lines.close();
    if (!echo) process.stderr.write('\n');
  }
}

/** A question that is answered with y or n; anything else is no. */
export async function confirm(question: string): Promise<boolean> {
  const answer = await askAtTerminal(`${question} [y/N]`, true);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
