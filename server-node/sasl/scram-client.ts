import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { digestLength, SCRAM_HASHES, type ScramMechanism } from './scram-keys.ts';

/** The client's side of a SCRAM exchange (RFC 5802 §3): for probes, and for tests of the other side. */
export class ScramClient {
  readonly #mechanism: ScramMechanism;
  readonly #nonce: string;
  readonly #bare: string;
  #gs2 = 'n,,';
  #expected = '';

  constructor(mechanism: ScramMechanism, name: string, nonce = randomBytes(18).toString('base64')) {
    this.#mechanism = mechanism;
    this.#nonce = nonce;
    this.#bare = `n=${name.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${nonce}`;
  }

  /** The client-first-message, base64. `gs2`: the channel binding flag and the authorization identity, with its commas. */
  first(gs2 = 'n,,'): string {
    this.#gs2 = gs2;
    return Buffer.from(gs2 + this.#bare).toString('base64');
  }

  /** The client-final-message, base64, to a server-first-message in base64; undefined when that is none for us. */
  final(challenge: string, password: string, binding: Uint8Array = new Uint8Array()): string | undefined {
    const first = Buffer.from(challenge, 'base64').toString();
    const [, full = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(first) ?? [];
    if (!full.startsWith(this.#nonce) || salt === '') return undefined;
    const hash = SCRAM_HASHES[this.#mechanism];
    const mac = (key: Uint8Array, text: string) => createHmac(hash, key).update(text).digest();
    const length = digestLength(this.#mechanism);
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), length, hash);
    const clientKey = mac(salted, 'Client Key');
    const channel = Buffer.concat([Buffer.from(this.#gs2), binding]).toString('base64');
    const without = `c=${channel},r=${full}`;
    const signed = `${this.#bare},${first},${without}`;
    const signature = mac(createHash(hash).update(clientKey).digest(), signed);
    this.#expected = `v=${mac(mac(salted, 'Server Key'), signed).toString('base64')}`;
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
    return Buffer.from(`${without},p=${proof.toString('base64')}`).toString('base64');
  }

  /** Whether the server-final-message, in base64, proves that the server knows the keys. */
  proven(success: string): boolean {
    return this.#expected !== '' && Buffer.from(success, 'base64').toString() === this.#expected;
  }
}
