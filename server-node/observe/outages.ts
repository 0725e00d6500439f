import type { Log } from './log.ts';

/** While something that everybody needs is away, one line for so long, milliseconds. */
const EVERY_MS = 1000;

/** What fails for everybody at once is told once a second, with how often: a log of it all would fill the disk. */
export class Outages {
  readonly #log: Pick<Log, 'error'>;
  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(log: Pick<Log, 'error'>, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  tell(what: string, error: unknown): void {
    const now = this.#now();
    if (now - this.#toldAt < EVERY_MS) {
      this.#untold++;
      return;
    }
    this.#log.error(this.#untold === 0 ? what : `${what}, after ${this.#untold} more failures of its kind`, error);
    this.#toldAt = now;
    this.#untold = 0;
  }
}
