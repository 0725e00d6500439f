import type { Command, CommandStep } from '../../router/commands.ts';

type FormStep = Extract<CommandStep, { kind: 'form' }>;

/** A command that waits for its next form. */
export interface Run {
  readonly id: string;
  /** the full JID that began it, on the wire */
  readonly by: string;
  readonly command: Command;
  /** the forms that were shown and can be gone back to; the last one waits */
  readonly steps: FormStep[];
  touchedAt: number;
}

/** How long a form may lie, milliseconds; how many runs there may be, of one address and of all. */
const LONGEST = 600_000;
const MOST_EACH = 10;
const MOST = 1000;

/** The commands under way (XEP-0050 §3.3), bounded in number and time. */
export class Runs {
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #runs = new Map<string, Run>();
  #last = 0;

  constructor(now: () => number) {
    this.#prefix = `${now().toString(36)}-`;
    this.#now = now;
  }

  begin(by: string, command: Command, step: FormStep): Run {
    this.#tidy();
    const mine = [...this.#runs.values()].filter((run) => run.by === by);
    if (mine.length >= MOST_EACH) this.end(mine[0]);
    if (this.#runs.size >= MOST) this.end(this.#runs.values().next().value);
    const id = `${this.#prefix}${++this.#last}`;
    const run = { id, by, command, steps: [step], touchedAt: this.#now() };
    this.#runs.set(id, run);
    return run;
  }

  find(id: string): Run | undefined {
    this.#tidy();
    return this.#runs.get(id);
  }

  /** Whether an id was given out once: then its run is over. */
  existed(id: string): boolean {
    const number = id.startsWith(this.#prefix) ? Number(id.slice(this.#prefix.length)) : 0;
    return Number.isInteger(number) && number >= 1 && number <= this.#last;
  }

  end(run: Run | undefined): void {
    if (run !== undefined) this.#runs.delete(run.id);
  }

  endAllBy(by: string): void {
    if (this.#runs.size > 0) for (const run of this.#runs.values()) if (run.by === by) this.end(run);
  }

  #tidy(): void {
    for (const run of this.#runs.values()) if (run.touchedAt + LONGEST < this.#now()) this.end(run);
  }
}
