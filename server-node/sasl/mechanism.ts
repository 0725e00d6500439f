import type { ScramKeys, ScramMechanism } from './scram-keys.ts';

/** The conditions of RFC 6120 §6.5 that a login can fail with here. */
export type SaslFailure =
  | 'aborted'
  | 'account-disabled'
  | 'credentials-expired'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'not-authorized'
  | 'temporary-auth-failure';

/** Who has proven to be whom, and by what: binding asks whether that still holds. */
export interface Login {
  readonly name: string;
  /** a StoredKey of the account at that time */
  readonly proof: string;
  /** the token it was done with */
  readonly token?: string;
}

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Buffer }
  /** `data`: what the mechanism says at its end, undefined when it says nothing */
  | { readonly kind: 'success'; readonly data: Buffer | undefined; readonly login: Login }
  /** `unknownBinding`: it asked for a channel binding type that was not offered (RFC 5802 §7) */
  | { readonly kind: 'failure'; readonly condition: SaslFailure; readonly unknownBinding?: true };

/** The server's side of one exchange. */
export interface Mechanism {
  readonly name: string;
  /** Takes the client's next message, out of its base64. */
  step(message: Buffer): Promise<SaslStep>;
}

/** What the exchanges ask the accounts for. */
export interface Credentials {
  /** the name as accounts are compared, or undefined when it can be none */
  prepare(name: string): string | undefined;
  /** decoys for a name that does not exist, and never undefined */
  keys(mechanism: ScramMechanism, name: string): Promise<ScramKeys>;
  /** whether an account of that name may log in now; asked only after its password was right */
  state(name: string): Promise<'active' | 'suspended' | 'unknown'>;
  /** Whether the password is right, at the same cost for a name that does not exist; the proof when it is. */
  check(name: string, password: string): Promise<string | undefined>;
  /** A StoredKey of the account as it is now, for logins that were proven in another way; undefined without one. */
  proof(name: string): Promise<string | undefined>;
}

/** The TLS channel that a login comes by. */
export interface Channel {
  /** such as TLSv1.3; null without TLS */
  readonly tls: string | null;
  /** the channel binding types that can be had now, as XEP-0440 advertises them */
  readonly bindings: readonly string[];
  /** the data of a type, or undefined when it can't be had */
  binding(type: string): Buffer | undefined;
  /** the addresses that a verified client certificate is for (XEP-0178); empty without one */
  readonly certified: readonly string[];
}

/** One attempt to show who one is; it ends with one of the three, or counts as wrong when it never ends. */
export interface Guess {
  right(): void;
  /** Nobody could tell: it is as if it had not been made. */
  undecided(): void;
  /** Resolves when the answer may leave. */
  wrong(): Promise<void>;
}

/** Who may try another password. */
export interface LoginGuard {
  /**
   * Asked before anything is looked up; undefined: not now. `network`: where from, undefined for addresses that many
   * share and that are trusted. Tokens can't be guessed and are never refused.
   */
  begin(
    name: string,
    network: string | undefined,
    by: 'password' | 'token',
  ): Guess | undefined | Promise<Guess | undefined>;
}

/** The same for one connection: whether its exchange may go on. */
export type Admit = (name: string, by: 'password' | 'token') => boolean | Promise<boolean>;

export const failure = (condition: SaslFailure): SaslStep => ({ kind: 'failure', condition });
