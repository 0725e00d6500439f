import { openStores, placeOf } from '../storage/open.ts';
import { StorageError } from '../storage/stores.ts';
import type { Command } from './command.ts';
import { DATABASE_OPTIONS, databaseHelp } from './database.ts';
import { EXIT } from './exit.ts';
import { howTo, type NodeFolder, openFolder, readOptions, required, usage } from './options.ts';
import { moveStorage } from './storage-move.ts';

const help = `parleyd storage check --data DIR [--json]
parleyd storage move --data DIR --to postgres://user@host:5432/database | --to sqlite

check reads the whole database and finds damage: in the file, and in rows that nobody can use; says what to do about
each. It may run beside the node. Exit code 0: all is well, 1: something is not.

move copies everything into the other kind of storage, compares it row by row, and then lets the node use that one. No
node of the domain may run meanwhile. The old data stay where they are. It can be interrupted: then the node goes on
with what it had, and the next try begins anew.

${databaseHelp}`;

export const storage: Command = {
  help,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      { data: { type: 'string' }, json: { type: 'boolean' }, to: { type: 'string' }, ...DATABASE_OPTIONS },
      help,
      true,
    );
    const node = () => openFolder(required(values.data, '--data', help));
    if (positionals[0] === 'check') return check(node(), values.json === true);
    if (positionals[0] === 'move') return moveStorage(node(), required(values.to, '--to', help), values);
    throw usage('What shall be done with the storage?', howTo(help));
  },
};

async function check(node: NodeFolder, json: boolean): Promise<number> {
  const path = placeOf(node.config, node.path);
  const damage = await lookAt(node);
  if (json) process.stdout.write(`${JSON.stringify({ path, damage })}\n`);
  else if (damage.length === 0) process.stdout.write(`${path} is sound.\n`);
  else for (const one of damage) process.stdout.write(`DAMAGED  ${one}.\n`);
  return damage.length === 0 ? EXIT.ok : EXIT.failed;
}

/** What is damaged; a file that can't even be opened is as well, and a database that does not answer may be sound. */
async function lookAt(node: NodeFolder): Promise<string[]> {
  try {
    const stores = await openStores(node.config, node.path);
    try {
      return await stores.check();
    } finally {
      await stores.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError) || error.unavailable) throw error;
    return [`${error.message}: stop the node and restore the last backup`];
  }
}
