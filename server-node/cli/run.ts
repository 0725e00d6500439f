import { ParleyError } from '../../shared/errors.ts';
import { startNode } from '../node.ts';
import { Log } from '../observe/log.ts';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { notifySystemd } from './notify.ts';
import { openFolder, readOptions, required } from './options.ts';
import { dropStartPages } from './start-pages.ts';

const help = `parleyd run --data DIR

Runs the node in DIR until SIGTERM or SIGINT. SIGHUP reads the certificate again,
and whom it lets in as an edge (edge.authorities).
The log goes to standard error. Under systemd (Type=notify) it says when it is ready.
`;

/** when a start is over, with all that comes after it, milliseconds */
const SETTLED_MS = 500;

/** What the operating system refused, in words. */
export function startFailure(error: unknown): unknown {
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  const where = `${address ?? ''}${port === undefined ? '' : ` port ${port}`}`.trim();
  if (code === 'EADDRINUSE') {
    return new ParleyError({
      code: 'port-taken',
      what: `parleyd can't listen on ${where}.`,
      why: 'Another program has that port already.',
      todo: 'Stop it, or choose another port under [listen].',
    });
  }
  if (code === 'EACCES') {
    return new ParleyError({
      code: 'port-refused',
      what: `The system does not let parleyd listen on ${where}.`,
      why: 'Ports below 1024 need a right of their own.',
      todo: 'Choose a higher port, or give CAP_NET_BIND_SERVICE.',
    });
  }
  return error;
}

export const run: Command = {
  help,
  async run(args) {
    const { values } = readOptions(args, { data: { type: 'string' } }, help);
    const { folder, config } = openFolder(required(values.data, '--data', help));
    const log = new Log(config['log.level']);
    process.on('uncaughtException', (error) => log.error('a bug was caught at the last moment', error));
    process.on('unhandledRejection', (error) => log.error('a bug was caught at the last moment', error));
    const lost = (why: string) => {
      log.error(`this node stops at once: ${why}`);
      process.exit(EXIT.failed); // whoever runs us starts us again; what waited here goes on at another node
    };
    const node = await startNode(config, folder, log, lost).catch((error: unknown) => {
      throw startFailure(error);
    });
    const places = node.addresses.map(({ name, address }) => `${name} ${address}`).join(', ');
    log.info(`parleyd ${VERSION} serves ${config.domain}: ${places}`);
    await notifySystemd('READY=1');
    setTimeout(() => void dropStartPages(), SETTLED_MS).unref();
    process.on('SIGHUP', () => {
      try {
        node.reload();
        log.info('the certificate was read again');
      } catch (error) {
        log.error('the new certificate is unusable, the old one stays', error);
      }
    });
    await new Promise<void>((resolve) => {
      process.once('SIGTERM', resolve);
      process.once('SIGINT', resolve);
    });
    log.info('stopping');
    await notifySystemd('STOPPING=1');
    await node.stop();
    log.info('stopped');
    process.exit(EXIT.ok);
  },
};
