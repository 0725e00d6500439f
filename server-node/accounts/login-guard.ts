import { createHash } from 'node:crypto';
import type { Guess, LoginGuard } from '../sasl/mechanism.ts';

export interface GuardOptions {
  /** wrong passwords for one account from one network, and from one network for all accounts; 0: no limit */
  readonly perAccount: number;
  readonly perNetwork: number;
  /** the time in which a budget that was used up is whole again, milliseconds */
  readonly windowMs: number;
  /** how long the answer to a wrong password takes, milliseconds; doubles with each one */
  readonly delayMs: number;
  readonly now: () => number;
  /** told of each attempt that is refused */
  readonly refused?: () => void;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** a network that the account has logged in from may be wrong so many times more often */
const KNOWN_FACTOR = 10;
const LONGEST_DELAY_MS = 4000;
/** buckets and known networks that are remembered; the oldest make room */
const MOST = 50_000;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Slows down who guesses passwords. There is a budget for each account from each network, and one for each network, so
 * that the owner, who comes from elsewhere, is never locked out; nor is a token, nor by what neighbours do to others a
 * network that the account has logged in from. Names count whether they exist or not. A guess is paid for when it
 * begins, so that many at a time gain nothing, and given back when it was right.
 */
export class PasswordGuard implements LoginGuard {
  readonly #options: GuardOptions;
  readonly #buckets = new Map<string, Bucket>();
  readonly #known = new Map<string, true>();
  readonly #sleep: (ms: number) => Promise<void>;
  /** attempts that were refused before anything was looked up, and passwords and tokens that were wrong */
  refused = 0;
  wrong = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /** what is remembered */
  get size(): number {
    return this.#buckets.size + this.#known.size;
  }

  begin(name: string, network: string | undefined, by: 'password' | 'token'): Guess | undefined {
    const pair = keyOf(name, network ?? '');
    const known = this.#known.has(pair);
    const { perAccount, perNetwork } = this.#options;
    const budgets: [key: string, most: number][] = [];
    if (perAccount > 0) budgets.push([pair, known ? perAccount * KNOWN_FACTOR : perAccount]);
    if (perNetwork > 0 && network !== undefined && !known) budgets.push([network, perNetwork]);
    if (by === 'password' && budgets.some(([key, most]) => this.#bucket(key, most).left < 1)) {
      this.refused++;
      this.#options.refused?.();
      return undefined;
    }
    const paid = by === 'password' ? budgets : [];
    for (const [key, most] of paid) this.#bucket(key, most).left--;
    const giveBack = () => {
      for (const [key, most] of paid) {
        const bucket = this.#bucket(key, most);
        bucket.left = Math.min(most, bucket.left + 1);
      }
    };
    return {
      right: () => {
        giveBack();
        this.#buckets.delete(pair);
        remember(this.#known, pair, true);
      },
      undecided: giveBack,
      wrong: () => {
        this.wrong++;
        const used = budgets.map(([key, most]) => (most - this.#bucket(key, most).left) / (key === pair ? 1 : 10));
        return this.#wait(Math.max(1, ...used));
      },
    };
  }

  async #wait(used: number): Promise<void> {
    const { delayMs } = this.#options;
    if (delayMs > 0) await this.#sleep(Math.min(LONGEST_DELAY_MS, delayMs * 2 ** Math.min(20, used - 1)));
  }

  #bucket(key: string, most: number): Bucket {
    const { now, windowMs } = this.#options;
    const at = now();
    const bucket = this.#buckets.get(key) ?? { left: most, at };
    bucket.left = Math.min(most, bucket.left + ((at - bucket.at) * most) / windowMs);
    bucket.at = at;
    remember(this.#buckets, key, bucket);
    return bucket;
  }
}

/** Puts it last, and lets the first go when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

/** Short, whatever names are tried. */
const keyOf = (name: string, network: string): string =>
  createHash('sha256').update(`${network}\0${name}`).digest('base64url').slice(0, 22);
