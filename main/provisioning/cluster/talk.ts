import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';

/** Why a server that was given is of no use; `code` tells findings apart. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: RefusedCode;

  constructor(code: RefusedCode, words: string) {
    super(words);
    this.code = code;
  }
}
export type RefusedCode = 'unreachable' | 'no-tls' | 'certificate' | 'login' | 'not-let-in' | 'too-old' | 'other';

/** How long one server may take to say all that is asked of it, milliseconds. */
const PATIENCE_MS = 8000;

/** Opens a stream, has its use, and closes it, whatever comes. @throws Refused `unreachable` when it takes too long */
export async function within<T>(open: () => Promise<Duplex>, use: (stream: Duplex) => Promise<T>): Promise<T> {
  let stream: Duplex | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refused('unreachable', `no answer for ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  const work = async () => {
    const opening = open();
    late.catch(() => opening.then((it) => it.destroy())).catch(() => undefined); // one that opens too late
    stream = await opening.catch((error: Error) => {
      throw new Refused('unreachable', error.message);
    });
    stream.on('error', () => undefined); // who reads is told that it ended
    return use(stream);
  };
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
    stream?.destroy();
  }
}

/** TLS over a stream that is open. `ca`: who may sign the certificate; null: those that browsers know. @throws Refused `certificate` */
export function secured(stream: Duplex, host: string, ca: string | null): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connect({
      ...{ socket: stream, host, rejectUnauthorized: true },
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== null && { ca }),
    });
    tls.once('secureConnect', () => resolve(tls));
    tls.on('error', (error) => reject(new Refused('certificate', error.message)));
    tls.once('close', () => reject(new Refused('certificate', 'it closed the connection during the handshake')));
  });
}

/** Takes bytes from a stream as they are wanted. */
export class Reader {
  readonly #stream: Duplex;
  #bytes: Buffer = Buffer.alloc(0);
  #ended: string | undefined;
  #wake = () => {};
  readonly #data = (chunk: Buffer) => {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#wake();
  };
  readonly #end = (error?: Error) => {
    this.#ended ??= error instanceof Error ? error.message : 'it closed the connection';
    this.#wake();
  };

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#data);
    for (const name of ['error', 'end', 'close']) stream.on(name, this.#end);
  }

  /** So many bytes. @throws Refused `unreachable` when it ends before */
  async take(count: number): Promise<Buffer> {
    await this.#until(() => this.#bytes.length >= count);
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Up to the end of a line, without it. */
  async line(): Promise<string> {
    await this.#until(() => this.#bytes.includes('\r\n'));
    const taken = await this.take(this.#bytes.indexOf('\r\n') + 2);
    return taken.toString('utf8').trimEnd();
  }

  /** Leaves the stream to another; what has come already goes back to it. */
  release(): void {
    this.#stream.off('data', this.#data);
    for (const name of ['error', 'end', 'close']) this.#stream.off(name, this.#end);
    this.#stream.pause();
    if (this.#bytes.length > 0) this.#stream.unshift(this.#bytes);
  }

  async #until(there: () => boolean): Promise<void> {
    while (!there()) {
      if (this.#ended !== undefined) throw new Refused('unreachable', this.#ended);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
