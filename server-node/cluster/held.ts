import type { Debt, Kept, Receipt } from '../stream/ports.ts';
import { FATE } from './frames.ts';
import { transitKey } from './transit.ts';

/** numbers of stanzas that are done with which are remembered, for who asks after a node died */
const MOST_REMEMBERED = 20_000;

/** Says to the node that a stanza came from what became of it. */
export type TellFate = (number: number, fate: number) => void;

/** Stanzas that this node's sessions got from one other node, which is told what becomes of each. */
export class Held {
  readonly #run: string;
  readonly #tell: TellFate;
  readonly #held = new Map<number, HeldStanza>();
  /** in two generations: to look for the oldest of a set that loses its oldest costs more than a message */
  #had = new Set<number>();
  #hadBefore = new Set<number>();
  readonly #kept = new Map<number, () => void>();
  #orphaned = false;

  constructor(run: string, tell: TellFate) {
    this.#run = run;
    this.#tell = tell;
  }

  /** The receipt of one that a session under stream management is sent. */
  take(number: number): Receipt {
    const stanza = new HeldStanza(number, this);
    this.#held.set(number, stanza);
    return stanza;
  }

  /** How it is put on disk when nobody else has it there any more. */
  owed(number: number, debt: Debt): void {
    const stanza = this.#held.get(number);
    if (stanza !== undefined) stanza.debt = debt;
  }

  /** Its client was sent it, and acknowledges nothing. */
  passed(number: number): void {
    this.settle(number, FATE.passed);
  }

  /** Which of those are cared for here: a client has them, or will have them. */
  knows(numbers: readonly number[]): number[] {
    return numbers.filter((number) => this.#held.has(number) || this.#done(number));
  }

  /** The other node began anew, and may not have heard what should lie on disk: it is told again, and answers. */
  askAgain(): void {
    for (const number of this.#kept.keys()) this.#tell(number, FATE.keep);
  }

  /** The other node says that it lies on disk. */
  kept(number: number): void {
    this.#kept.get(number)?.();
    this.#kept.delete(number);
  }

  #done(number: number): boolean {
    return this.#had.has(number) || this.#hadBefore.has(number);
  }

  get orphaned(): boolean {
    return this.#orphaned;
  }

  /** The other node is gone: each is ours alone from now on. */
  orphan(): void {
    this.#orphaned = true;
    for (const settle of this.#kept.values()) settle();
    this.#kept.clear();
  }

  /**
   * The other node is gone, and what it kept is being cleared up: which of those are cared for here, because a client has
   * them, had them, or will have them. Resolves when those are on our own disk that were on the other's.
   */
  async claims(numbers: readonly number[]): Promise<number[]> {
    const mine = numbers.filter((number) => this.#held.has(number) || this.#done(number));
    await Promise.all(mine.map((number) => this.#held.get(number)?.adopt()));
    return mine;
  }

  /** It goes on at another node, with its session. */
  forget(number: number): void {
    this.#held.delete(number);
    this.kept(number);
  }

  /** Called by a stanza. */
  settle(number: number, fate: number): void {
    this.#held.delete(number);
    if (fate !== FATE.lost) {
      this.#had.add(number);
      if (this.#had.size >= MOST_REMEMBERED) {
        this.#hadBefore = this.#had;
        this.#had = new Set();
      }
    }
    if (!this.#orphaned) this.#tell(number, fate);
  }

  keep(number: number): Kept {
    this.#tell(number, FATE.keep);
    const stored = new Promise<void>((resolve) => this.#kept.set(number, resolve));
    return { key: transitKey.of(this.#run, number), stored, drop: () => {} };
  }
}

/** One of them, as the queue of a session knows it. */
class HeldStanza implements Receipt {
  readonly #number: number;
  readonly #all: Held;
  /** on our own disk, since the other node is gone */
  #own: Kept | undefined;
  #theirs: Kept | undefined;
  #put: (() => Kept) | undefined;
  debt: Debt | undefined;

  constructor(number: number, all: Held) {
    this.#number = number;
    this.#all = all;
  }

  taken(): void {
    this.#all.settle(this.#number, FATE.taken);
    this.#own?.drop();
  }

  /** The node that it came from sees to it; when that is gone, it is ours. */
  lost(): boolean {
    const ours = this.#all.orphaned;
    this.#all.settle(this.#number, FATE.lost);
    this.#own?.drop();
    return ours;
  }

  keep(put: () => Kept): Kept | undefined {
    this.#put = put;
    if (this.#all.orphaned) this.#own ??= put();
    else this.#theirs ??= this.#all.keep(this.#number);
    const at = () => this.#own ?? this.#theirs;
    return {
      get key() {
        return at()?.key ?? '';
      },
      get stored() {
        return at()?.stored ?? Promise.resolve();
      },
      drop: () => this.#own?.drop(),
    };
  }

  /** What lay with the other node lies here from now on; resolves when it does. */
  async adopt(): Promise<void> {
    if (this.#put === undefined) await this.debt?.secure(); // its session asks for it to be kept
    if (this.#put !== undefined) this.#own ??= this.#put();
    await this.#own?.stored;
  }
}
