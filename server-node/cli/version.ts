import { NODE_API_VERSION } from '../../shared/node-api/contract.ts';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { readOptions } from './options.ts';

const help = `parleyd version [--json]

Says which parleyd this is: its version, that of its admin interface, and the runtime it carries.
`;

export const version: Command = {
  help,
  async run(args) {
    const { values } = readOptions(args, { json: { type: 'boolean' } }, help);
    const runtime =
      process.versions['bun'] === undefined ? `node ${process.versions.node}` : `bun ${process.versions['bun']}`;
    const facts = { version: VERSION, api: NODE_API_VERSION, runtime, platform: `${process.platform}-${process.arch}` };
    process.stdout.write(
      values.json ? `${JSON.stringify(facts)}\n` : `parleyd ${VERSION} (${facts.runtime}, ${facts.platform})\n`,
    );
    return EXIT.ok;
  },
};
