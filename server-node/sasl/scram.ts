import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SCRAM_HASHES, type ScramKeys, type ScramMechanism } from './scram-keys.ts';

/** The conditions of RFC 6120 §6.5 that a login can fail with here. */
export type SaslFailure =
  | 'aborted'
  | 'account-disabled'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'not-authorized'
  | 'temporary-auth-failure';

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: string }
  /** `key`: the StoredKey that the login was proven with; binding asks whether it still is the account's */
  | { readonly kind: 'success'; readonly data: string; readonly name: string; readonly key: string }
  | { readonly kind: 'failure'; readonly condition: SaslFailure };

/** What the exchange asks the accounts for. `keys` gives decoys for a name that does not exist, and never undefined. */
export interface Credentials {
  /** the name as accounts are compared, or undefined when it can be none */
  prepare(name: string): string | undefined;
  keys(mechanism: ScramMechanism, name: string): Promise<ScramKeys>;
  /** whether an account of that name may log in now; asked only after its password was right */
  state(name: string): Promise<'active' | 'suspended' | 'unknown'>;
}

const failure = (condition: SaslFailure): SaslStep => ({ kind: 'failure', condition });
const NAME = /^(?:[^\0=,]|=2C|=3D)+$/;

/** The server's side of one SCRAM exchange without channel binding (RFC 5802 §5, §7). */
export class Scram {
  readonly #mechanism: ScramMechanism;
  readonly #credentials: Credentials;
  readonly #nonce: string;
  #stage: 'first' | 'final' | 'over' = 'first';
  #name = '';
  #clientNonce = '';
  #gs2 = '';
  #firstMessages = '';
  #keys: ScramKeys | undefined;

  constructor(mechanism: ScramMechanism, credentials: Credentials, nonce = randomBytes(18).toString('base64')) {
    this.#mechanism = mechanism;
    this.#credentials = credentials;
    this.#nonce = nonce;
  }

  /** Takes the client's next message: UTF-8 text, already out of its base64. */
  async step(message: string): Promise<SaslStep> {
    if (this.#stage === 'first') return this.#first(message);
    if (this.#stage === 'final') return this.#final(message);
    return failure('malformed-request');
  }

  async #first(message: string): Promise<SaslStep> {
    this.#stage = 'over';
    // gs2-header: channel binding flag, authorization identity (RFC 5802 §7); p= is not offered by this mechanism
    const shape = /^((?:n|y),(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+))(?:,.*)?$/s.exec(message);
    if (shape === null) return failure('malformed-request');
    const [, gs2 = '', , bare = '', rawName = '', nonce = ''] = shape;
    if (!NAME.test(rawName)) return failure('malformed-request');
    const name = this.#credentials.prepare(rawName.replace(/=2C/g, ',').replace(/=3D/g, '='));
    if (name === undefined) return failure('not-authorized');
    const authzid = shape[2];
    if (authzid !== undefined && authzid !== '' && authzid.split('@')[0] !== rawName) return failure('not-authorized');
    this.#name = name;
    this.#gs2 = gs2;
    this.#clientNonce = nonce;
    this.#keys = await this.#credentials.keys(this.#mechanism, name);
    const data = `r=${nonce}${this.#nonce},s=${this.#keys.salt},i=${this.#keys.iterations}`;
    this.#firstMessages = `${bare},${data}`;
    this.#stage = 'final';
    return { kind: 'challenge', data };
  }

  async #final(message: string): Promise<SaslStep> {
    this.#stage = 'over';
    const shape = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/s.exec(message);
    if (shape === null || this.#keys === undefined) return failure('malformed-request');
    const [, withoutProof = '', binding = '', nonce = '', proof = ''] = shape;
    const bindingRight = Buffer.from(binding, 'base64').toString('utf8') === this.#gs2;
    if (!bindingRight || nonce !== this.#clientNonce + this.#nonce) return failure('not-authorized');
    const signed = `${this.#firstMessages},${withoutProof}`;
    if (!this.#proves(signed, Buffer.from(proof, 'base64'))) return failure('not-authorized');
    const state = await this.#credentials.state(this.#name);
    if (state === 'suspended') return failure('account-disabled');
    if (state === 'unknown') return failure('not-authorized');
    const hash = SCRAM_HASHES[this.#mechanism];
    const signature = createHmac(hash, Buffer.from(this.#keys.serverKey, 'base64')).update(signed).digest('base64');
    return { kind: 'success', data: `v=${signature}`, name: this.#name, key: this.#keys.storedKey };
  }

  /** RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature, and H(ClientKey) must be StoredKey. */
  #proves(signed: string, proof: Buffer): boolean {
    const hash = SCRAM_HASHES[this.#mechanism];
    const stored = Buffer.from(this.#keys?.storedKey ?? '', 'base64');
    const signature = createHmac(hash, stored).update(signed).digest();
    if (proof.length !== signature.length) return false;
    for (let i = 0; i < proof.length; i++) proof[i] = (proof[i] ?? 0) ^ (signature[i] ?? 0);
    return timingSafeEqual(createHash(hash).update(proof).digest(), stored);
  }
}
