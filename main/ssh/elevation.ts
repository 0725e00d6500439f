import { ParleyError } from '../../shared/errors.ts';
import { type Ask, ATTEMPTS } from './ask.ts';
import type { ExecResult, Rights } from './host.ts';
import { type Command, forLoginShell, sh } from './shell.ts';

type Run = (command: Command, stdin?: string, signal?: AbortSignal) => Promise<ExecResult>;

const RIGHTS: readonly Rights[] = ['root', 'sudo', 'sudo-password', 'none'];

/** The way to root on one host: looked for once, at the first command that needs it. */
export interface Elevation {
  rights(signal?: AbortSignal): Promise<Rights>;
  /** what to run instead, and what has to go before its standard input */
  wrap(command: Command, signal?: AbortSignal): Promise<{ command: Command; before: string }>;
}

const PROBE = sh`if [ "$(id -u)" = 0 ]; then echo root
elif ! command -v sudo >/dev/null 2>&1; then echo none
elif sudo -n true 2>/dev/null; then echo sudo
else echo sudo-password; fi`;

export function createElevation(name: string, run: Run, ask: Ask, loginPassword: () => string | undefined): Elevation {
  let found: Promise<{ rights: Rights; password: string }> | undefined;
  const find = (signal?: AbortSignal) => {
    found ??= look(name, run, ask, loginPassword(), signal);
    // A refusal is not remembered: the operator may know the right password the next time.
    found.catch(() => (found = undefined));
    return found;
  };
  return {
    rights: async (signal) => (await find(signal)).rights,
    async wrap(command, signal) {
      const { rights, password } = await find(signal);
      const plain = forLoginShell(command);
      if (rights === 'root') return { command: plain, before: '' };
      if (rights === 'sudo') return { command: sh`sudo -n -- ${plain}`, before: '' };
      if (rights === 'none') throw noRoot(name, 'There is no sudo on the host.');
      // -k: sudo must read the password each time, or the line would reach the command as its input.
      return { command: sh`sudo -k -S -p '' -- ${plain}`, before: `${password}\n` };
    },
  };
}

async function look(name: string, run: Run, ask: Ask, login: string | undefined, signal?: AbortSignal) {
  // The last line: a login shell may say something of its own first.
  const said = (await run(forLoginShell(PROBE), undefined, signal)).stdout.trim().split('\n').at(-1) ?? '';
  const rights = RIGHTS.find((it) => it === said) ?? 'none';
  if (rights !== 'sudo-password') return { rights, password: '' };
  if (login !== undefined && (await accepts(name, run, login, signal))) return { rights, password: login };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const answers = await ask(
      {
        kind: 'sudo',
        title: `sudo password on ${name}`,
        text: attempt === 1 ? '' : 'The host refused the one before.',
        questions: [{ label: 'Password', echo: false }],
        attempt,
        subject: `sudo ${name}`,
      },
      signal,
    );
    if (answers === null) throw attempt === 1 ? declined(name) : wrongPassword(name);
    const password = answers[0] ?? '';
    if (await accepts(name, run, password, signal)) return { rights, password };
  }
  throw wrongPassword(name);
}

async function accepts(name: string, run: Run, password: string, signal?: AbortSignal): Promise<boolean> {
  const { code, stderr } = await run(sh`env LC_ALL=C sudo -k -S -p '' true`, `${password}\n`, signal);
  if (/not in the sudoers|not allowed|may not run/i.test(stderr)) throw noRoot(name, `The host said: ${stderr.trim()}`);
  if (/tty/i.test(stderr)) throw noRoot(name, `sudo wants a terminal there. The host said: ${stderr.trim()}`);
  return code === 0;
}

const noRoot = (name: string, why: string) =>
  new ParleyError({
    code: 'no-root',
    what: `${name} can't become root.`,
    why,
    todo: 'Log in as root, or give this user the right to use sudo, then try again.',
  });

const declined = (name: string) =>
  new ParleyError({
    code: 'declined',
    what: `${name} needs the sudo password, and none was given.`,
    why: 'Installing parleyd needs root, and sudo asks for a password there.',
    todo: 'Try again and type it; on the command line, --sudo-password-file FILE gives it too.',
  });

const wrongPassword = (name: string) =>
  new ParleyError({
    code: 'wrong-sudo-password',
    what: `sudo on ${name} refused the password.`,
    why: 'It is not the one of the user that is logged in.',
    todo: 'Try again with the password of that user.',
  });
