/** What has gone over a link since it began: stanzas to and from sessions, and the batches and bytes that they were in. */
export interface LinkCounts {
  readonly stanzasOut: number;
  readonly stanzasIn: number;
  readonly batchesOut: number;
  readonly batchesIn: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** The same a second, over the last so many seconds. */
export interface LinkRates extends LinkCounts {
  readonly seconds: number;
}

const KEYS = ['stanzasOut', 'stanzasIn', 'batchesOut', 'batchesIn', 'bytesOut', 'bytesIn'] as const;
/** what is told is true of so long, milliseconds */
const WINDOW_MS = 10_000;
/** of less than that nothing is told: a rate of one moment says nothing */
const LEAST_MS = 1000;
const EVERY_MS = 500;

/** How much goes over a link now: the difference between what was counted then and what is counted now. */
export class Meter {
  readonly #read: () => LinkCounts;
  #samples: { readonly at: number; readonly counts: LinkCounts }[] = [];

  constructor(read: () => LinkCounts, now: number) {
    this.#read = read;
    this.sample(now);
  }

  /** Called every now and then. */
  sample(now: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < EVERY_MS) return;
    this.#samples.push({ at: now, counts: this.#read() });
    while ((this.#samples[1]?.at ?? now) <= now - WINDOW_MS) this.#samples.shift();
  }

  /** Undefined for a link that is too young. */
  rates(now: number): LinkRates | undefined {
    const first = this.#samples[0];
    const passed = first === undefined ? 0 : now - first.at;
    if (first === undefined || passed < LEAST_MS) return undefined;
    const counts = this.#read();
    const rate = (key: (typeof KEYS)[number]) => ((counts[key] - first.counts[key]) * 1000) / passed;
    return {
      seconds: passed / 1000,
      ...(Object.fromEntries(KEYS.map((key) => [key, rate(key)])) as unknown as LinkCounts),
    };
  }
}
