import { connect } from 'node:net';
import { ParleyError } from '../../shared/errors.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { openFolder, readOptions, required } from './options.ts';

const help = `parleyd pipe --data DIR

Connects standard input and output to the node's admin socket, byte for byte, until either side closes.
The console uses it through SSH; only who may open the socket can.
`;

export const pipe: Command = {
  help,
  async run(args) {
    const { values } = readOptions(args, { data: { type: 'string' } }, help);
    const { config, path } = openFolder(required(values.data, '--data', help));
    const socket = connect(path(config['admin.socket']));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) =>
        reject(
          new ParleyError({
            code: 'not-running',
            what: `${config.domain} does not run here.`,
            why: `Its admin socket does not answer: ${error.message}.`,
            todo: 'Start it: parleyd run, or its systemd unit.',
          }),
        ),
      );
    });
    process.stdin.pipe(socket);
    socket.pipe(process.stdout);
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    process.exit(EXIT.ok);
  },
};
