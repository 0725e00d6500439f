import { openSqliteStores } from '../storage/sqlite/sqlite-stores.ts';
import { StorageError } from '../storage/stores.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { howTo, openFolder, readOptions, required, usage } from './options.ts';

const help = `parleyd storage check --data DIR [--json]

Reads the whole database and finds damage: in the file, and in rows that nobody can use; says what to do about each. It
may run beside the node. Exit code 0: all is well, 1: something is not.
`;

export const storage: Command = {
  help,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      { data: { type: 'string' }, json: { type: 'boolean' } },
      help,
      true,
    );
    if (positionals[0] !== 'check') throw usage('What shall be done with the storage?', howTo(help));
    const node = openFolder(required(values.data, '--data', help));
    const path = node.path(node.config['storage.path']);
    const damage = await lookAt(path);
    if (values.json) process.stdout.write(`${JSON.stringify({ path, damage })}\n`);
    else if (damage.length === 0) process.stdout.write(`${path} is sound.\n`);
    else for (const one of damage) process.stdout.write(`DAMAGED  ${one}.\n`);
    return damage.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

/** What is damaged; a file that can't even be opened is as well. */
async function lookAt(path: string): Promise<string[]> {
  try {
    const stores = await openSqliteStores(path);
    try {
      return await stores.check();
    } finally {
      await stores.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return [`${error.message}: stop the node and restore the last backup`];
  }
}
