// The only place where text becomes shell. Everything that runs on a host is a Command, and only `sh` makes one.

const MADE_HERE: unique symbol = Symbol('Command');

export interface Command {
  readonly text: string;
  readonly [MADE_HERE]: true;
}

/** What may stand in a command: a word, a number, several words, or another command as it is. */
export type Part = string | number | Command | readonly (string | number)[];

const PLAIN = /^[A-Za-z0-9_/.:=@%+,-]+$/;

/** One word for a POSIX shell. */
function quote(word: string): string {
  if (word.includes('\0')) throw new TypeError('A shell word cannot contain NUL.');
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function render(part: Part): string {
  if (typeof part === 'string') return quote(part);
  if (typeof part === 'number') return String(part);
  if ('text' in part) return part.text;
  return part.map((word) => quote(String(word))).join(' ');
}

/** A shell command; what is put in is quoted, so that it stays one word whatever it contains. */
export function sh(strings: TemplateStringsArray, ...parts: readonly Part[]): Command {
  const text = strings.reduce((sum, piece, i) => sum + (i === 0 ? '' : render(parts[i - 1] ?? '')) + piece, '');
  return { text: text.trim(), [MADE_HERE]: true };
}

/** Each in turn, as long as they succeed. */
export const all = (...commands: readonly Command[]): Command => joined(commands, ' && ');

/** Each on a line of its own, whatever came of the one before. */
export const lines = (...commands: readonly Command[]): Command => joined(commands, '\n');

/** Several commands where one is expected, as after `if` or `!`. */
export const group = (command: Command): Command => sh`{ ${command}; }`;

/** The same in a shell of its own, as an argument of env or sudo. */
export const shellWord = (command: Command): Command => sh`sh -c ${command.text}`;

function joined(commands: readonly Command[], by: string): Command {
  return { text: commands.map((command) => command.text).join(by), [MADE_HERE]: true };
}

/**
 * The command as it is handed to a login shell, which may be anything: it only has to start `sh`. The locale is
 * fixed, because Parley reads what the host says, and the administrator's folders are added for users without them.
 */
export function forLoginShell(command: Command): Command {
  const body: Command = { text: `PATH=$PATH:/usr/sbin:/sbin; ${command.text}`, [MADE_HERE]: true };
  return sh`env LC_ALL=C sh -c ${body.text}`;
}
