import type { Debt } from './ports.ts';

/** how long a recipient may take to acknowledge before its message is put on disk for the sender's sake: steps of milliseconds */
const GRACE_STEPS = 5;
const GRACE_MS = 10;
const MOST_DEBTS = 200;
/** what can't be put on disk is tried again after this, milliseconds */
const AGAIN_MS = 1000;

/** What a session sent that might be lost yet, and the work on that (ADR 0006). */
export class Debts {
  #debts: Debt[] = [];
  #discharging: Promise<void> | undefined;

  owe(debt: Debt): void {
    this.#debts = [...this.#debts.filter((one) => !one.settled), debt];
    if (this.#debts.length > MOST_DEBTS) void this.discharge();
  }

  /** What is not acknowledged within a moment is put on disk. Undefined when nothing is owed. */
  discharge(): Promise<void> | undefined {
    const debts = this.#debts.filter((debt) => !debt.settled);
    this.#debts = [];
    const before = this.#discharging;
    if (debts.length === 0) return before;
    const work = this.#secureAll(debts, before);
    const over = () => {
      if (this.#discharging === work) this.#discharging = undefined;
    };
    work.then(over, over);
    this.#discharging = work;
    return work;
  }

  async #secureAll(debts: readonly Debt[], before: Promise<void> | undefined): Promise<void> {
    const open = () => debts.filter((debt) => !debt.settled);
    for (let i = 0; i < GRACE_STEPS && open().length > 0; i++) await new Promise((done) => setTimeout(done, GRACE_MS));
    await Promise.allSettled([before]);
    for (;;) {
      const tried = await Promise.allSettled(open().map((debt) => debt.secure()));
      if (tried.every(({ status }) => status === 'fulfilled') || open().length === 0) return;
      await new Promise((done) => setTimeout(done, AGAIN_MS)); // it is not told what is not true: the disk may come back
    }
  }
}
