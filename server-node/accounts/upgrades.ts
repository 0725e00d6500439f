import { SCRAM_MECHANISMS, type ScramKeys, type ScramMechanism } from '../sasl/scram-keys.ts';
import type { KeyCount, Stores } from '../storage/stores.ts';

/**
 * Which SCRAM mechanisms can be offered. A mechanism is offered to everybody or to nobody: what is offered must not tell
 * whether a name has an account. One that some accounts have no keys for, since they were made by another server, is
 * offered once their clients have handed in the keys (XEP-0480); a password that was given anew counts from the next start.
 */
export class KeyUpgrades {
  readonly #stores: Stores;
  readonly iterations: number;
  /** how many accounts have no keys of a mechanism */
  readonly #lacking: Map<ScramMechanism, number>;

  private constructor(stores: Stores, iterations: number, lacking: Map<ScramMechanism, number>) {
    this.#stores = stores;
    this.iterations = iterations;
    this.#lacking = lacking;
  }

  /** Counts once: a look at every account is nothing to do while people are there. */
  static async open(stores: Stores, iterations: number, survey?: KeySurvey): Promise<KeyUpgrades> {
    const { accounts, counts } = survey ?? (await surveyKeys(stores));
    const having = (name: ScramMechanism) =>
      counts.reduce((sum, { mechanism, accounts: n }) => sum + (mechanism === name ? n : 0), 0);
    return new KeyUpgrades(
      stores,
      iterations,
      new Map(SCRAM_MECHANISMS.map((name) => [name, accounts - having(name)])),
    );
  }

  get offered(): readonly ScramMechanism[] {
    return SCRAM_MECHANISMS.filter((name) => !this.#isMissing(name));
  }

  get missing(): readonly ScramMechanism[] {
    return SCRAM_MECHANISMS.filter((name) => this.#isMissing(name));
  }

  #isMissing(name: ScramMechanism): boolean {
    return (this.#lacking.get(name) ?? 0) > 0;
  }

  async lacks(name: string): Promise<readonly ScramMechanism[]> {
    const { missing } = this;
    if (missing.length === 0) return missing;
    const account = await this.#stores.accounts.get(name);
    return missing.filter((mechanism) => account?.keys[mechanism] === undefined);
  }

  async store(name: string, mechanism: ScramMechanism, keys: ScramKeys): Promise<void> {
    const account = await this.#stores.accounts.get(name);
    if (account === undefined || account.keys[mechanism] !== undefined) return;
    await this.#stores.accounts.update(name, { keys: { ...account.keys, [mechanism]: keys } });
    this.#lacking.set(mechanism, (this.#lacking.get(mechanism) ?? 1) - 1);
  }
}

/** How many accounts there are, and which keys they have. */
export interface KeySurvey {
  readonly accounts: number;
  readonly counts: readonly KeyCount[];
}

export const surveyKeys = async ({ accounts }: Stores): Promise<KeySurvey> => ({
  accounts: await accounts.count(),
  counts: await accounts.keyCounts(),
});
