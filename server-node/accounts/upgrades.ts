import { SCRAM_MECHANISMS, type ScramKeys, type ScramMechanism } from '../sasl/scram-keys.ts';
import type { Stores } from '../storage/stores.ts';

/**
 * Which SCRAM mechanisms can be offered. A mechanism is offered to everybody or to nobody: what is offered must not tell
 * whether a name has an account. One that some accounts have no keys for, since they were made by another server, is
 * offered once their clients have handed in the keys (XEP-0480), or their passwords were given anew.
 */
export class KeyUpgrades {
  readonly #stores: Stores;
  readonly iterations: number;
  #missing: readonly ScramMechanism[] = [];

  private constructor(stores: Stores, iterations: number) {
    this.#stores = stores;
    this.iterations = iterations;
  }

  static async open(stores: Stores, iterations: number): Promise<KeyUpgrades> {
    const upgrades = new KeyUpgrades(stores, iterations);
    await upgrades.look();
    return upgrades;
  }

  get offered(): readonly ScramMechanism[] {
    return SCRAM_MECHANISMS.filter((name) => !this.#missing.includes(name));
  }

  get missing(): readonly ScramMechanism[] {
    return this.#missing;
  }

  /** Counts anew; a look at every account, for a start and after an import. */
  async look(): Promise<void> {
    const lacking = await Promise.all(
      SCRAM_MECHANISMS.map(async (name) => ((await this.#stores.accounts.lacking(name)) > 0 ? [name] : [])),
    );
    this.#missing = lacking.flat();
  }

  async lacks(name: string): Promise<readonly ScramMechanism[]> {
    const account = await this.#stores.accounts.get(name);
    return this.#missing.filter((mechanism) => account?.keys[mechanism] === undefined);
  }

  async store(name: string, mechanism: ScramMechanism, keys: ScramKeys): Promise<void> {
    const account = await this.#stores.accounts.get(name);
    if (account === undefined || account.keys[mechanism] !== undefined) return;
    await this.#stores.accounts.update(name, { keys: { ...account.keys, [mechanism]: keys } });
    await this.look();
  }
}
