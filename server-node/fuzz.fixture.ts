import { test } from 'node:test';

/** Numbers from 0 to 1 that repeat for a seed (mulberry32), and what is made of them. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** a whole number below `end` */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Any text: mostly what is near, sometimes from far away. */
  text(most: number): string {
    let out = '';
    for (let n = this.below(most + 1); n > 0; n--) {
      const kind = this.below(8);
      const point =
        kind < 4
          ? 0x20 + this.below(0x60)
          : kind < 5
            ? this.below(0x20)
            : kind < 7
              ? this.below(0x3000)
              : this.below(0x110000);
      out += String.fromCodePoint(point);
    }
    return out;
  }

  /** The same with a few letters changed, left out, doubled. */
  mutated(text: string, alphabet: string): string {
    let out = text;
    for (let changes = 1 + this.below(4); changes > 0; changes--) {
      const at = this.below(out.length + 1);
      const how = this.below(4);
      const end = how === 1 ? at : at + 1 + (how === 3 ? this.below(20) : 0);
      const put =
        how === 0 ? '' : how === 3 ? out.slice(at, end).repeat(2) : alphabet.charAt(this.below(alphabet.length));
      out = out.slice(0, at) + put + out.slice(end);
    }
    return out;
  }

  /** A text in pieces. */
  cuts(text: string): string[] {
    const pieces: string[] = [];
    for (let at = 0; at < text.length; ) {
      const end = at + 1 + this.below(this.below(3) === 0 ? 2 : 40);
      pieces.push(text.slice(at, end));
      at = end;
    }
    return pieces;
  }
}

const SECONDS = Number(process.env['PARLEY_FUZZ_SECONDS'] ?? 0);
const ONE_SEED = process.env['PARLEY_FUZZ_SEED'];

/**
 * Runs with so many seeds, always the same; `npm run fuzz -- --seconds 600` goes on with others. What fails names its seed:
 * PARLEY_FUZZ_SEED repeats it.
 */
export function fuzz(what: string, seeds: number, run: (random: Random) => void | Promise<void>): void {
  test(`fuzz: ${what}`, { timeout: 30_000 + SECONDS * 1000 }, async () => {
    const end = Date.now() + SECONDS * 1000;
    const first = ONE_SEED === undefined ? 1 : Number(ONE_SEED);
    let seed = first;
    for (; seed < first + (ONE_SEED === undefined ? seeds : 1) || Date.now() < end; seed++) {
      try {
        await run(new Random(seed));
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
    if (SECONDS > 0) process.stderr.write(`${what}: ${seed - first} seeds\n`);
  });
}
