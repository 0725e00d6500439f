import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Admit, type Channel, type Credentials, failure, type Mechanism, type SaslStep } from './mechanism.ts';
import { SCRAM_HASHES, type ScramKeys, type ScramMechanism } from './scram-keys.ts';

const NAME = /^(?:[^\0=,]|=2C|=3D)+$/;

/** What one exchange is about, apart from who logs in. */
export interface ScramOptions {
  readonly mechanism: ScramMechanism;
  /** with channel binding: the mechanism's -PLUS form */
  readonly plus: boolean;
  /** whether a -PLUS form was advertised to this client: then `y` betrays that somebody hid it (RFC 5802 §6) */
  readonly plusOffered: boolean;
  readonly channel: Channel;
  readonly credentials: Credentials;
  readonly admit: Admit;
  /** attributes of the server-first-message that protect against downgrades, such as `,h=…,t=0304` */
  readonly protection: string;
  /** a test may fix it */
  readonly nonce?: string;
}

/** The server's side of one SCRAM exchange (RFC 5802 §5 to §7), with or without channel binding. */
export class Scram implements Mechanism {
  readonly name: string;
  readonly #options: ScramOptions;
  readonly #nonce: string;
  #stage: 'first' | 'final' | 'over' = 'first';
  #user = '';
  #clientNonce = '';
  /** what the client's `c` must hold: its gs2-header and the channel's data */
  #binding: Buffer = Buffer.alloc(0);
  #firstMessages = '';
  #keys: ScramKeys | undefined;

  constructor(options: ScramOptions) {
    this.name = options.plus ? `${options.mechanism}-PLUS` : options.mechanism;
    this.#options = options;
    this.#nonce = options.nonce ?? randomBytes(18).toString('base64');
  }

  async step(message: Buffer): Promise<SaslStep> {
    if (this.#stage === 'first') return this.#first(message.toString('utf8'));
    if (this.#stage === 'final') return this.#final(message.toString('utf8'));
    return failure('malformed-request');
  }

  async #first(message: string): Promise<SaslStep> {
    this.#stage = 'over';
    // gs2-header: channel binding flag, authorization identity (RFC 5802 §7)
    const shape = /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+))(?:,.*)?$/s.exec(
      message,
    );
    if (shape === null) return failure('malformed-request');
    const [, gs2 = '', flag = '', type, authzid, bare = '', rawName = '', nonce = ''] = shape;
    if (!NAME.test(rawName)) return failure('malformed-request');
    const binding = this.#bindingData(flag, type);
    const { credentials, mechanism, plus, channel } = this.#options;
    if (binding === undefined) {
      const unknown = plus && type !== undefined && !channel.bindings.includes(type);
      return unknown
        ? { kind: 'failure', condition: 'not-authorized', unknownBinding: true }
        : failure('not-authorized');
    }
    const name = credentials.prepare(unescapeName(rawName));
    if (name === undefined) return failure('not-authorized');
    if (
      authzid !== undefined &&
      authzid !== '' &&
      credentials.prepare(unescapeName(authzid).split('@')[0] ?? '') !== name
    )
      return failure('invalid-authzid');
    if (!(await this.#options.admit(name, 'password'))) return failure('temporary-auth-failure');
    this.#user = name;
    this.#clientNonce = nonce;
    this.#binding = Buffer.concat([Buffer.from(gs2, 'utf8'), binding]);
    this.#keys = await credentials.keys(mechanism, name);
    const data = `r=${nonce}${this.#nonce},s=${this.#keys.salt},i=${this.#keys.iterations}${this.#options.protection}`;
    this.#firstMessages = `${bare},${data}`;
    this.#stage = 'final';
    return { kind: 'challenge', data: Buffer.from(data, 'utf8') };
  }

  /** RFC 5802 §6: `p` with a type we can serve, in a -PLUS form alone; `y` only where no -PLUS form was offered. */
  #bindingData(flag: string, type: string | undefined): Buffer | undefined {
    const { plus, plusOffered, channel } = this.#options;
    if (type !== undefined) return plus && channel.bindings.includes(type) ? channel.binding(type) : undefined;
    if (plus || (flag === 'y' && plusOffered)) return undefined;
    return Buffer.alloc(0);
  }

  async #final(message: string): Promise<SaslStep> {
    this.#stage = 'over';
    const shape = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/s.exec(message);
    if (shape === null || this.#keys === undefined) return failure('malformed-request');
    const [, withoutProof = '', binding = '', nonce = '', proof = ''] = shape;
    const bindingRight = this.#binding.equals(Buffer.from(binding, 'base64'));
    if (!bindingRight || nonce !== this.#clientNonce + this.#nonce) return failure('not-authorized');
    const signed = `${this.#firstMessages},${withoutProof}`;
    if (!this.#proves(signed, Buffer.from(proof, 'base64'))) return failure('not-authorized');
    const state = await this.#options.credentials.state(this.#user);
    if (state === 'suspended') return failure('account-disabled');
    if (state === 'unknown') return failure('not-authorized');
    const hash = SCRAM_HASHES[this.#options.mechanism];
    const signature = createHmac(hash, Buffer.from(this.#keys.serverKey, 'base64')).update(signed).digest('base64');
    const login = { name: this.#user, proof: this.#keys.storedKey };
    return { kind: 'success', data: Buffer.from(`v=${signature}`, 'utf8'), login };
  }

  /** RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature, and H(ClientKey) must be StoredKey. */
  #proves(signed: string, proof: Buffer): boolean {
    const hash = SCRAM_HASHES[this.#options.mechanism];
    const stored = Buffer.from(this.#keys?.storedKey ?? '', 'base64');
    const signature = createHmac(hash, stored).update(signed).digest();
    if (proof.length !== signature.length) return false;
    for (let i = 0; i < proof.length; i++) proof[i] = (proof[i] ?? 0) ^ (signature[i] ?? 0);
    return timingSafeEqual(createHash(hash).update(proof).digest(), stored);
  }
}

const unescapeName = (text: string): string => text.replace(/=2C/g, ',').replace(/=3D/g, '=');
