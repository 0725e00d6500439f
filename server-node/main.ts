import { faultOf, ParleyError } from '../shared/errors.ts';
import { commands, HELP } from './cli/commands.ts';
import { EXIT } from './cli/exit.ts';

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
  } catch (error) {
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

process.exitCode = await main(process.argv.slice(2));
