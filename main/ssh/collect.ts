import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred } from './deferred.ts';
import { cancelled, connectionLost, type ExecOptions, type ExecResult } from './host.ts';

/** A remote command's streams; `exit` comes with its code, `close` when all has been said. */
export interface Channel extends Duplex {
  readonly stderr: Readable;
}

/** Feeds a command and gathers what it says, until it has ended. */
export async function collect(
  name: string,
  stream: Channel,
  { stdin, onStdout, signal }: Omit<ExecOptions, 'root'>,
  before: string,
): Promise<ExecResult> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const gaveUp = deferred<never>();
  gaveUp.promise.catch(() => undefined);
  // A host may take its time to end a command, or be gone: who cancels does not wait for it.
  const stop = () => {
    stream.destroy();
    gaveUp.reject(cancelled());
  };
  signal?.addEventListener('abort', stop, { once: true });
  // Told by the close that follows.
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => (onStdout ? onStdout(chunk) : out.push(chunk)));
  stream.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<number | null | undefined>((resolve) => {
    let code: number | null | undefined;
    stream.on('exit', (status: number | null) => (code = status));
    stream.on('close', () => resolve(code));
  });
  try {
    // A program that ends without reading its input closes the pipe: its exit code tells more than that error.
    const fed = feed(stream, before, stdin).catch(() => undefined);
    const code = await Promise.race([ended, gaveUp.promise]);
    if (code === undefined) throw connectionLost(name, 'it ended in the middle of a command');
    await fed;
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function feed(stream: Channel, before: string, stdin: ExecOptions['stdin']): Promise<void> {
  if (before !== '') stream.write(before);
  if (stdin instanceof Readable) await pipeline(stdin, stream);
  else stream.end(stdin ?? '');
}
