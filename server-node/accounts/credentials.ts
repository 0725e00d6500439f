import { randomBytes } from 'node:crypto';
import type { Credentials } from '../sasl/scram.ts';
import { decoyKeys, type ScramKeys, type ScramMechanism } from '../sasl/scram-keys.ts';
import type { Stores } from '../storage/stores.ts';
import { prepareLocal } from '../xmpp/precis.ts';

const SECRET = 'scram-decoy-secret';

/** What logins are checked against: the accounts, and decoys for names that have none. */
export class StoredCredentials implements Credentials {
  readonly #stores: Stores;
  readonly #secret: Uint8Array;
  readonly #iterations: number;

  private constructor(stores: Stores, secret: Uint8Array, iterations: number) {
    this.#stores = stores;
    this.#secret = secret;
    this.#iterations = iterations;
  }

  static async open(stores: Stores, iterations: number): Promise<StoredCredentials> {
    let secret = await stores.meta.get(SECRET);
    if (secret === undefined) {
      secret = randomBytes(32).toString('base64');
      await stores.meta.set(SECRET, secret);
    }
    return new StoredCredentials(stores, Buffer.from(secret, 'base64'), iterations);
  }

  prepare(name: string): string | undefined {
    return prepareLocal(name);
  }

  async keys(mechanism: ScramMechanism, name: string): Promise<ScramKeys> {
    const account = await this.#stores.accounts.get(name);
    return account?.keys[mechanism] ?? decoyKeys(mechanism, name, this.#secret, this.#iterations);
  }

  /** Whether a login that was proven with that key still stands: nobody suspended the account or changed its password. */
  async stands(name: string, key: string): Promise<boolean> {
    const account = await this.#stores.accounts.get(name);
    if (account?.state !== 'active') return false;
    return Object.values(account.keys).some(({ storedKey }) => storedKey === key);
  }

  async state(name: string): Promise<'active' | 'suspended' | 'unknown'> {
    return (await this.#stores.accounts.get(name))?.state ?? 'unknown';
  }
}
