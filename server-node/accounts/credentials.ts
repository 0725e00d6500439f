import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credentials } from '../sasl/mechanism.ts';
import { keysOf, SCRAM_MECHANISMS, type ScramKeys, type ScramMechanism, saltedPassword } from '../sasl/scram-keys.ts';
import type { Stores } from '../storage/stores.ts';
import { prepareLocal, preparePassword } from '../xmpp/precis.ts';
import { Decoys } from './decoys.ts';
import { type KeySurvey, surveyKeys } from './upgrades.ts';

const SECRET = 'scram-decoy-secret';

/** What logins are checked against: the accounts, and decoys for names that have none. */
export class StoredCredentials implements Credentials {
  readonly #stores: Stores;
  readonly #secret: Uint8Array;
  readonly #decoys: Decoys;

  private constructor(stores: Stores, secret: Uint8Array, decoys: Decoys) {
    this.#stores = stores;
    this.#secret = secret;
    this.#decoys = decoys;
  }

  static async open(stores: Stores, iterations: number, survey?: KeySurvey): Promise<StoredCredentials> {
    // one for all nodes of the domain
    const secret = await stores.exclusive(SECRET, async () => {
      const known = await stores.meta.get(SECRET);
      if (known !== undefined) return known;
      const fresh = randomBytes(32).toString('base64');
      await stores.meta.set(SECRET, fresh);
      return fresh;
    });
    const key = Buffer.from(secret, 'base64');
    const { accounts, counts } = survey ?? (await surveyKeys(stores));
    const decoys = new Decoys(key, iterations, counts, accounts);
    return new StoredCredentials(stores, key, decoys);
  }

  prepare(name: string): string | undefined {
    return prepareLocal(name);
  }

  async keys(mechanism: ScramMechanism, name: string): Promise<ScramKeys> {
    const real = (await this.#stores.accounts.get(name))?.keys[mechanism];
    if (real === undefined) return this.#decoys.keys(mechanism, name);
    this.#decoys.shown(mechanism, real);
    return real;
  }

  async check(name: string, rawPassword: string): Promise<string | undefined> {
    const account = await this.#stores.accounts.get(name);
    // an account made elsewhere may have keys of fewer mechanisms than ours have
    const own = SCRAM_MECHANISMS.find((one) => account?.keys[one] !== undefined);
    const mechanism = this.#decoys.common ?? own ?? 'SCRAM-SHA-512';
    const keys = await this.keys(mechanism, name);
    const salt = Buffer.from(keys.salt, 'base64');
    const password = preparePassword(rawPassword) ?? '';
    const salted = await saltedPassword(mechanism, password, salt, keys.iterations);
    const { storedKey } = keysOf(mechanism, salted, salt, keys.iterations);
    const right = timingSafeEqual(Buffer.from(storedKey, 'base64'), Buffer.from(keys.storedKey, 'base64'));
    return right && password !== '' && account !== undefined ? keys.storedKey : undefined;
  }

  /** Whether a login that was proven by that still stands: nobody suspended the account or changed its password. */
  async stands(name: string, proof: string): Promise<boolean> {
    const account = await this.#stores.accounts.get(name);
    if (account?.state !== 'active') return false;
    return Object.values(account.keys).some(({ storedKey }) => storedKey === proof);
  }

  async proof(name: string): Promise<string | undefined> {
    const [keys] = Object.values((await this.#stores.accounts.get(name))?.keys ?? {});
    return keys?.storedKey;
  }

  async state(name: string): Promise<'active' | 'suspended' | 'unknown'> {
    return (await this.#stores.accounts.get(name))?.state ?? 'unknown';
  }

  /** The same for an installation each time, and nothing of its identifier to be seen (XEP-0386 §4.1). 12 characters. */
  stableId(name: string, agent: string): string {
    return createHmac('sha256', this.#secret).update(`resource\0${name}\0${agent}`).digest('base64url').slice(0, 12);
  }
}
