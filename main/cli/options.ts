import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ParleyError } from '../../shared/errors.ts';

/** Every command takes these. */
export const COMMON = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  data: { type: 'string' },
  releases: { type: 'string' },
  'password-file': { type: 'string' },
  'sudo-password-file': { type: 'string' },
  'passphrase-file': { type: 'string' },
  'vault-passphrase-file': { type: 'string' },
  remember: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

export const COMMON_HELP = `
  --json                       one JSON object a line, for scripts
  --data DIR                   Parley's own folder, when it is not the usual one
  --releases DIR               where parleyd-linux-x64 and -arm64 are, when not beside Parley
  --password-file FILE         the login password; - is standard input
  --sudo-password-file FILE    the sudo password, when it is another
  --passphrase-file FILE       the passphrase of the key
  --vault-passphrase-file FILE the passphrase of the vault of saved passwords
  --remember                   save the passwords that are given in the vault

Exit codes: 0 done, 1 failed, 2 wrong command line, 3 the host refuses or its key is not trusted,
4 stopped by a finding before anything was changed, 130 cancelled.
`;

/** @throws ParleyError `usage` */
export function readOptions<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options: { ...COMMON, ...options }, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage((error as Error).message);
  }
}

/** @throws ParleyError `usage` when a word is missing or one too many is there */
export function words(positionals: readonly string[], ...names: readonly string[]): string[] {
  if (positionals.length < names.length) throw usage(`${names[positionals.length]} is missing.`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw usage(`'${extra}' is one word too many.`);
  return [...positionals];
}

export const usage = (why: string) =>
  new ParleyError({
    code: 'usage',
    what: 'Parley does not understand this command.',
    why,
    todo: 'Add --help to see how it is written.',
  });
