import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Admit, type Channel, type Credentials, failure, type Mechanism, type SaslStep } from './mechanism.ts';

/** The mechanisms for tokens and the channel binding that each takes (draft-schmaus-kitten-sasl-ht §3.1, strongest first). */
export const TOKEN_MECHANISMS = {
  'HT-SHA-256-EXPR': 'tls-exporter',
  'HT-SHA-256-ENDP': 'tls-server-end-point',
  'HT-SHA-256-NONE': undefined,
} as const;
export type TokenMechanism = keyof typeof TOKEN_MECHANISMS;
export const TOKEN_MECHANISM_NAMES = Object.keys(TOKEN_MECHANISMS) as TokenMechanism[];

/** A token of one client, as XEP-0484 §5 has it checked. */
export interface KnownToken {
  readonly id: string;
  readonly secret: string;
  readonly mechanism: TokenMechanism;
  /** milliseconds since the epoch */
  readonly expiresAt: number;
}

/** The tokens that a client may come with, the newest first; decoys are not needed: there is nothing to guess in 256 bits. */
export type TokenLookup = (name: string) => Promise<readonly KnownToken[]>;

/** One login by a token, in one round trip (draft-schmaus-kitten-sasl-ht §3, XEP-0484 §3.3). */
export class HashedToken implements Mechanism {
  readonly name: TokenMechanism;
  readonly #channel: Channel;
  readonly #credentials: Credentials;
  readonly #lookup: TokenLookup;
  readonly #admit: Admit;
  readonly #now: () => number;

  constructor(
    name: TokenMechanism,
    channel: Channel,
    credentials: Credentials,
    lookup: TokenLookup,
    admit: Admit,
    now: () => number,
  ) {
    this.name = name;
    this.#channel = channel;
    this.#credentials = credentials;
    this.#lookup = lookup;
    this.#admit = admit;
    this.#now = now;
  }

  async step(message: Buffer): Promise<SaslStep> {
    const nul = message.indexOf(0);
    if (nul < 1) return failure('malformed-request');
    const name = this.#credentials.prepare(message.subarray(0, nul).toString('utf8'));
    const hashed = message.subarray(nul + 1);
    if (hashed.length !== 32) return failure('malformed-request');
    const type = TOKEN_MECHANISMS[this.name];
    const binding = type === undefined ? Buffer.alloc(0) : this.#channel.binding(type);
    if (name === undefined || binding === undefined) return failure('not-authorized');
    if (!(await this.#admit(name, 'token'))) return failure('temporary-auth-failure');
    const digest = (secret: string, side: string) => createHmac('sha256', secret).update(side).update(binding).digest();
    for (const token of await this.#lookup(name)) {
      if (token.mechanism !== this.name || !timingSafeEqual(digest(token.secret, 'Initiator'), hashed)) continue;
      if (token.expiresAt <= this.#now()) return failure('credentials-expired');
      const state = await this.#credentials.state(name);
      if (state === 'suspended') return failure('account-disabled');
      const proof = await this.#credentials.proof(name);
      if (state === 'unknown' || proof === undefined) return failure('not-authorized');
      return { kind: 'success', data: digest(token.secret, 'Responder'), login: { name, proof, token: token.id } };
    }
    return failure('not-authorized');
  }
}
