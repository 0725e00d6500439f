import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred } from './deferred.ts';
import { cancelled, connectionLost, type ExecOptions, type ExecResult, type Host, throwIfCancelled } from './host.ts';
import { type Command, forLoginShell } from './shell.ts';

/** This computer, with the rights of the user who runs Parley: `root` is not to be had, and nothing here asks for it. */
export function localHost(): Host {
  const name = 'this computer';
  return {
    kind: 'local',
    name,
    rights: async () => 'none',
    async exec(command, options = {}) {
      throwIfCancelled(options.signal);
      return collect(start(command), options);
    },
    openSocket(path) {
      const { promise, resolve, reject } = deferred<Duplex>();
      const socket = connect(path, () => resolve(socket));
      socket.once('error', (error) => reject(connectionLost(name, error.message)));
      return promise;
    },
    openTcp(address, port) {
      const { promise, resolve, reject } = deferred<Duplex>();
      const socket = connect(port, address, () => resolve(socket));
      socket.once('error', reject);
      return promise;
    },
    async openProgram(command) {
      const child = start(command);
      return Duplex.from({ readable: child.stdout, writable: child.stdin });
    },
    onClose: () => undefined,
    close: () => undefined,
  };
}

const start = (command: Command) => spawn('/bin/sh', ['-c', forLoginShell(command).text], { stdio: 'pipe' });

async function collect(child: ReturnType<typeof start>, { stdin, onStdout, signal }: ExecOptions): Promise<ExecResult> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const stop = () => child.kill();
  signal?.addEventListener('abort', stop, { once: true });
  child.stdout.on('data', (chunk: Buffer) => (onStdout ? onStdout(chunk) : out.push(chunk)));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const { promise: ended, resolve, reject } = deferred<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  try {
    const fed = feed(child.stdin, stdin).catch(() => undefined);
    const code = await ended;
    if (signal?.aborted) throw cancelled();
    await fed;
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function feed(into: NodeJS.WritableStream, stdin: ExecOptions['stdin']): Promise<void> {
  into.on('error', () => undefined);
  if (stdin instanceof Readable) await pipeline(stdin, into);
  else into.end(stdin ?? '');
}
