import { Duplex, PassThrough, Readable } from 'node:stream';
import { type ExecResult, type Host, type Rights, throwIfCancelled } from './host.ts';

export interface Ran {
  readonly text: string;
  readonly root: boolean;
  readonly stdin: string;
}

/** A host that answers from a function, for tests of what is above it. `ran` tells what was asked of it. */
export function fakeHost(
  answer: (ran: Ran) => Partial<ExecResult> | undefined,
  rights: Rights = 'root',
): Host & { readonly ran: Ran[] } {
  const ran: Ran[] = [];
  return {
    kind: 'ssh',
    name: 'root@192.0.2.7',
    ran,
    rights: async () => rights,
    async exec(command, options = {}) {
      throwIfCancelled(options.signal);
      const { stdin } = options;
      const input = stdin instanceof Readable ? Buffer.concat(await stdin.toArray()) : Buffer.from(stdin ?? '');
      const call = { text: command.text, root: options.root ?? false, stdin: input.toString('latin1') };
      ran.push(call);
      const result = { code: 0, stdout: '', stderr: '', ...answer(call) };
      options.onStdout?.(Buffer.from(result.stdout));
      return result;
    },
    openSocket: async () => Duplex.from(new PassThrough()),
    openTcp: async () => Duplex.from(new PassThrough()),
    openProgram: async () => Duplex.from(new PassThrough()),
    onClose: () => undefined,
    close: () => undefined,
  };
}
