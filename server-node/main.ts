import { faultOf, ParleyError } from '../shared/errors.ts';
import { commands, HELP } from './cli/commands.ts';
import { EXIT } from './cli/exit.ts';
import { StorageError } from './storage/stores.ts';

/** `parleyd COMMAND …`: finds the command, and turns what it throws into words and an exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const [name = 'help', ...rest] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(HELP);
    return argv.length === 0 ? EXIT.usage : EXIT.ok;
  }
  const command = commands[name === '--version' ? 'version' : name];
  if (command === undefined) {
    process.stderr.write(`parleyd: there is no command '${name}'.\n\n${HELP}`);
    return EXIT.usage;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(command.help);
    return EXIT.ok;
  }
  try {
    return await command.run(rest);
  } catch (thrown) {
    const error = fileFault(thrown) ?? storageFault(thrown) ?? thrown;
    const { what, why, todo } = faultOf(error);
    process.stderr.write(`parleyd: ${what}\n  ${why}\n  ${todo}\n`);
    if (!(error instanceof ParleyError)) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    return error instanceof ParleyError && error.code === 'usage'
      ? EXIT.usage
      : error instanceof ParleyError && error.code === 'exists'
        ? EXIT.exists
        : EXIT.failed;
  }
}

function storageFault(error: unknown): ParleyError | undefined {
  if (!(error instanceof StorageError)) return undefined;
  const todo = error.full
    ? 'Make room, and try again.'
    : error.unavailable
      ? 'See whether PostgreSQL runs and whether storage.url names it; then try again.'
      : 'Do what it says; if the database is damaged or gone, put back the last backup.';
  return new ParleyError({
    code: 'storage',
    what: "The node's database can't be used.",
    why: `${error.message}.`,
    todo,
  });
}

/** What the system said of a file, in three lines; undefined when it was something else. */
function fileFault(error: unknown): ParleyError | undefined {
  const { code, path } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'It is not there.',
    EACCES: 'You have no right to.',
    EPERM: 'The system does not allow it.',
    ENOTDIR: 'A part of its path is no folder.',
    EISDIR: 'It is a folder.',
    ENOSPC: 'The disk is full.',
    EROFS: 'The file system is read-only.',
  };
  const why = code === undefined ? undefined : reasons[code];
  if (why === undefined || path === undefined) return undefined;
  return new ParleyError({
    code: 'file',
    what: `${path} can't be used.`,
    why,
    todo: 'Correct the path or its rights, and try again.',
  });
}

process.exitCode = await main(process.argv.slice(2));
// what a failed start left open must not keep the process
if (process.exitCode !== EXIT.ok) process.exit();
