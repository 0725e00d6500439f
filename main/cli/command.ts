import type { Engine } from '../engine.ts';
import type { Out } from './print.ts';

export interface Session {
  readonly engine: Engine;
  readonly out: Out;
  /** what Ctrl-C does while something runs; undefined: it ends the program */
  onInterrupt(stop: () => void): void;
}

/** One word of the command line: `parley host add …` is the command `host` with the words after it. */
export interface Command {
  readonly help: string;
  /** @returns the exit code; @throws ParleyError, which ends the program with the code that fits */
  run(args: readonly string[], open: (values: OpenValues) => Session): Promise<number>;
}

export interface OpenValues {
  readonly json?: boolean | undefined;
  readonly data?: string | undefined;
  readonly releases?: string | undefined;
  readonly 'password-file'?: string | undefined;
  readonly 'sudo-password-file'?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
  readonly 'vault-passphrase-file'?: string | undefined;
  readonly remember?: boolean | undefined;
}
