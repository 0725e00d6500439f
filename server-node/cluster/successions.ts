/** A run of a node that is over, and who saw to what it left. */
export interface Succession {
  readonly node: string;
  readonly run: string;
  /** silent: it was taken for dead; left: it stopped in order; restarted: a new run of it is there */
  readonly how: 'silent' | 'left' | 'restarted';
  /** the node that withdrew its people and took over what it left; null: nobody had to, or it is not known here */
  readonly by: string | null;
  /** milliseconds since the epoch */
  readonly at: number;
  /** sessions that it had, as far as was known here */
  readonly sessions: number;
}

const MOST = 20;

/** The last of them, the newest first. */
export class Successions {
  readonly #all: Succession[] = [];

  /** A run is over. It may be told more than once, and later with who took over. */
  add(succession: Succession): void {
    const at = this.#all.findIndex(({ run }) => run === succession.run);
    const known = this.#all[at];
    if (known === undefined) {
      this.#all.unshift(succession);
      this.#all.splice(MOST);
    } else if (known.by === null) this.#all[at] = { ...known, how: succession.how, by: succession.by };
  }

  /** Somebody says that it has taken over what a run left. */
  taken(run: string, by: string): void {
    const at = this.#all.findIndex((one) => one.run === run);
    const known = this.#all[at];
    if (known !== undefined && known.by === null) this.#all[at] = { ...known, by };
  }

  all(): readonly Succession[] {
    return [...this.#all];
  }
}
