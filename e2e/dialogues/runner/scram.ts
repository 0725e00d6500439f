import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const KEY_LENGTH = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Hash = keyof typeof KEY_LENGTH;

const salted = new Map<string, Buffer>();

/** A client's side of SCRAM (RFC 5802), with its messages in base64 as they stand on the wire. */
export class ScramClient {
  readonly #hash: Hash;
  readonly #name: string;
  readonly #password: string;
  readonly #nonce = randomBytes(12).toString('hex');
  #challenge = '';

  constructor(mechanism: string, name: string, password: string) {
    const hash = /^SCRAM-SHA-(1|256|512)$/.exec(mechanism)?.[1];
    if (hash === undefined) throw new Error(`${mechanism} is no mechanism that dialogues know`);
    this.#hash = `sha${hash}` as Hash;
    this.#name = name.replace(/=/g, '=3D').replace(/,/g, '=2C');
    this.#password = password;
  }

  get #bare(): string {
    return `n=${this.#name},r=${this.#nonce}`;
  }

  first(): string {
    return base64(`n,,${this.#bare}`);
  }

  /** Takes the server's challenge. @throws when it is none */
  challenge(text: string): void {
    this.#challenge = Buffer.from(text, 'base64').toString();
    const nonce = /^r=([^,]+),s=[^,]+,i=\d+(?:,.*)?$/.exec(this.#challenge)?.[1];
    if (nonce?.startsWith(this.#nonce) !== true || nonce === this.#nonce)
      throw new Error(`no challenge of SCRAM: ${this.#challenge}`);
  }

  final(): string {
    const { signed, withoutProof } = this.#parts();
    const key = this.#hmac(this.#salted(), 'Client Key');
    const signature = this.#hmac(createHash(this.#hash).update(key).digest(), signed);
    return base64(`${withoutProof},p=${base64(Buffer.from(key.map((byte, i) => byte ^ (signature[i] ?? 0))))}`);
  }

  /** What the server proves itself with. */
  verifier(): string {
    return base64(`v=${base64(this.#hmac(this.#hmac(this.#salted(), 'Server Key'), this.#parts().signed))}`);
  }

  #parts(): { signed: string; withoutProof: string } {
    const withoutProof = `c=biws,r=${/^r=([^,]+)/.exec(this.#challenge)?.[1] ?? ''}`;
    return { withoutProof, signed: `${this.#bare},${this.#challenge},${withoutProof}` };
  }

  #salted(): Buffer {
    const [, salt = '', rounds = ''] = /,s=([^,]+),i=(\d+)/.exec(this.#challenge) ?? [];
    const key = `${this.#hash} ${salt} ${rounds} ${this.#password}`;
    const known = salted.get(key);
    if (known !== undefined) return known;
    const made = pbkdf2Sync(
      this.#password,
      Buffer.from(salt, 'base64'),
      Number(rounds),
      KEY_LENGTH[this.#hash],
      this.#hash,
    );
    salted.set(key, made);
    return made;
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}
