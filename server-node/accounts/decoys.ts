import { createHmac } from 'node:crypto';
import { decoyKeys, SCRAM_MECHANISMS, type ScramKeys, type ScramMechanism } from '../sasl/scram-keys.ts';
import type { KeyCount } from '../storage/stores.ts';

/**
 * Keys for names that have no account, to be taken for any account's. Accounts may have been made with other iteration
 * counts than today's, so a decoy has one of those that accounts have, as often as they have it, and the same each time.
 */
export class Decoys {
  readonly #secret: Uint8Array;
  /** what there is when there are no accounts */
  readonly #iterations: number;
  readonly #counts = new Map<string, Map<number, number>>();
  #accounts: number;

  constructor(secret: Uint8Array, iterations: number, counts: readonly KeyCount[], accounts: number) {
    this.#secret = secret;
    this.#iterations = iterations;
    this.#accounts = accounts;
    for (const { mechanism, iterations: count, accounts } of counts) this.#of(mechanism).set(count, accounts);
  }

  keys(mechanism: ScramMechanism, name: string): ScramKeys {
    return decoyKeys(mechanism, name, this.#secret, this.#iterationsOf(mechanism, name));
  }

  /** Real keys are about to be shown: a count that no decoy has would tell that they are real. */
  shown(mechanism: ScramMechanism, { iterations }: ScramKeys): void {
    const counts = this.#of(mechanism);
    if (counts.has(iterations)) return;
    counts.set(iterations, 1);
    this.#accounts = Math.max(this.#accounts, 1);
  }

  /** The strongest mechanism that every account has keys for: checking a password against it costs the same for all. */
  get common(): ScramMechanism | undefined {
    const has = (mechanism: string) => [...this.#of(mechanism).values()].reduce((sum, n) => sum + n, 0);
    return SCRAM_MECHANISMS.find((mechanism) => this.#accounts === 0 || has(mechanism) >= this.#accounts);
  }

  #of(mechanism: string): Map<number, number> {
    let counts = this.#counts.get(mechanism);
    if (counts === undefined) this.#counts.set(mechanism, (counts = new Map()));
    return counts;
  }

  #iterationsOf(mechanism: string, name: string): number {
    const counts = [...this.#of(mechanism)].sort(([a], [b]) => a - b);
    const sum = counts.reduce((all, [, n]) => all + n, 0);
    // the same place on the scale for all mechanisms: an account's keys were made together
    const place = createHmac('sha256', this.#secret).update(`iterations\0${name}`).digest().readUInt32BE() / 2 ** 32;
    let left = place * sum;
    for (const [iterations, n] of counts) {
      left -= n;
      if (left < 0) return iterations;
    }
    return this.#iterations;
  }
}
