import type { Duplex, Readable } from 'node:stream';
import { ParleyError } from '../../shared/errors.ts';
import type { Command } from './shell.ts';

/** How root's rights are had on a host. */
export type Rights = 'root' | 'sudo' | 'sudo-password' | 'none';

export interface ExecOptions {
  /** run it as root, by whatever way this host allows */
  readonly root?: boolean;
  readonly stdin?: string | Uint8Array | Readable;
  /** called with what comes, as it comes; without it, standard output is collected */
  readonly onStdout?: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
}

/** `code` is null when a signal ended the command. */
export interface ExecResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine that commands run on. */
export interface Host {
  readonly kind: 'ssh' | 'local';
  /** such as `root@192.0.2.7`, for messages */
  readonly name: string;
  /** @throws ParleyError `declined`, `wrong-sudo-password`, `no-root`, `connection-lost` */
  rights(signal?: AbortSignal): Promise<Rights>;
  /**
   * Runs a command; ending with another code than 0 is a result, not a failure.
   * @throws ParleyError `connection-lost`, `cancelled`, and those of rights()
   */
  exec(command: Command, options?: ExecOptions): Promise<ExecResult>;
  /** A stream to a Unix socket of the host, with the rights of the user that is logged in. */
  openSocket(path: string, signal?: AbortSignal): Promise<Duplex>;
  /**
   * A stream to where this host can connect by TCP.
   * @throws Error in the host's words
   */
  openTcp(address: string, port: number): Promise<Duplex>;
  /** A stream to a program's standard input and output; it ends with the program. */
  openProgram(command: Command, options?: { readonly root?: boolean; readonly signal?: AbortSignal }): Promise<Duplex>;
  /** Called once, when the connection has ended for whatever reason. */
  onClose(listener: (reason: ParleyError) => void): void;
  close(): void;
}

export const cancelled = () =>
  new ParleyError({
    code: 'cancelled',
    what: 'This was cancelled.',
    why: 'You asked for it.',
    todo: 'Start it again when you like.',
  });

export const connectionLost = (name: string, words: string) =>
  new ParleyError({
    code: 'connection-lost',
    what: `The connection to ${name} was lost.`,
    why: words === '' ? 'The host stopped answering.' : `The connection said: ${words}`,
    todo: 'See whether the host is on and reachable, then try again.',
  });

/** @throws ParleyError `cancelled` */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}
