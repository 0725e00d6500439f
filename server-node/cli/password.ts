import { ParleyError } from '../../shared/errors.ts';

const ENTER = /[\r\n]/;
const INTERRUPT = '\x03';
const ERASE = /[\x7f\b]/;

/** The first line of standard input; on a terminal it is asked for, and not shown. */
export async function readPassword(): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) {
    process.stderr.write('Password: ');
    process.stdin.setRawMode(true);
  }
  let line = '';
  try {
    line = await firstLine(terminal);
  } finally {
    if (terminal) {
      process.stdin.setRawMode(false);
      process.stderr.write('\n');
    }
  }
  if (line !== '') return line;
  throw new ParleyError({
    code: 'no-password',
    what: 'There is no password.',
    why: 'Standard input was empty.',
    todo: 'Pipe it in: printf %s PASSWORD | parleyd user …',
  });
}

async function firstLine(terminal: boolean): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const piece of process.stdin) {
    text = terminal ? typed(text, String(piece)) : text + String(piece);
    if (ENTER.test(text)) break;
  }
  return text.split(ENTER)[0] ?? '';
}

/** What stands on the line after these keys. */
export function typed(line: string, keys: string): string {
  let text = line;
  for (const key of keys) {
    if (key === INTERRUPT)
      throw new ParleyError({
        code: 'interrupted',
        what: 'Nothing was changed.',
        why: 'You interrupted it.',
        todo: 'Start again when you like.',
      });
    text = ERASE.test(key) ? [...text].slice(0, -1).join('') : text + key;
  }
  return text;
}
