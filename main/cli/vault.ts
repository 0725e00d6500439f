import { ParleyError } from '../../shared/errors.ts';
import { firstLine } from './answers.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { askAtTerminal, isInteractive } from './tty.ts';

export const vault: Command = {
  help: `parley vault create
parley vault show

The vault keeps the passwords that you let Parley remember (--remember), in one file locked with a passphrase. It is for
computers without a keychain that Parley can use, and for the command line.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {});
    const [what] = words(positionals, 'create or show');
    const { engine, out } = open(values);
    if (what === 'create') {
      const passphrase = await newPassphrase(values['vault-passphrase-file']);
      out.result(
        await engine.call('secrets.create', { passphrase }),
        'The vault is made. Without its passphrase nobody can open it.',
      );
      return EXIT.ok;
    }
    if (what !== 'show') throw usage(`'vault' is followed by create or show, not '${what}'.`);
    const state = await engine.call('secrets.state', {});
    out.result(
      state,
      state.store === 'vault' ? 'There is a vault.' : 'There is no vault: parley vault create makes one.',
    );
    return EXIT.ok;
  },
};

async function newPassphrase(file: string | undefined): Promise<string> {
  if (file !== undefined || !isInteractive()) return firstLine(file ?? '-');
  const [first, second] = [await askAtTerminal('New passphrase', false), await askAtTerminal('Once more', false)];
  if (first !== null && first === second) return first;
  throw new ParleyError({
    code: 'usage',
    what: 'No vault was made.',
    why: 'The two passphrases differ.',
    todo: 'Try again.',
  });
}
