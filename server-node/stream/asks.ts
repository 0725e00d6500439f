import type { KnownToken } from '../sasl/hashed-token.ts';
import type { Login } from '../sasl/mechanism.ts';
import type { ScramKeys, ScramMechanism } from '../sasl/scram-keys.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Agent, PeerInfo, TokenWish } from './ports.ts';

/** What an edge of another process asks a core: each survives JSON, and may be asked twice. */
export interface CoreAsks {
  keys(mechanism: ScramMechanism, name: string): Promise<ScramKeys>;
  state(name: string): Promise<'active' | 'suspended' | 'unknown'>;
  check(name: string, password: string): Promise<string | null>;
  proof(name: string): Promise<string | null>;
  tokens(name: string, agent: string): Promise<readonly KnownToken[]>;
  loggedIn(
    login: Login,
    agent: Agent | null,
    wish: TokenWish,
  ): Promise<{ readonly token: string; readonly expiresAt: number } | null>;
  lacks(name: string): Promise<readonly ScramMechanism[]>;
  store(name: string, mechanism: ScramMechanism, keys: ScramKeys): Promise<null>;
  stableId(name: string, agent: string): Promise<string>;
  stands(login: Login): Promise<boolean>;
  /** a number for the guess; null: not now */
  guess(name: string, network: string | null, by: 'password' | 'token'): Promise<number | null>;
  /** how a guess came out; resolves when the answer may leave */
  /** `right`: null when nobody could tell */
  guessed(guess: number, right: boolean | null): Promise<null>;
}

/** What binds a resource. */
export interface OpenRequest {
  readonly login: Login;
  readonly resource: string;
  readonly peer: PeerInfo;
}

/** What a core offers, whoever asks. */
export interface CoreFacts {
  readonly features: Bytes;
  readonly plain: boolean;
  readonly strictBinding: boolean;
  readonly offered: readonly ScramMechanism[];
  readonly missing: readonly ScramMechanism[];
  readonly iterations: number;
}

/** What an edge knows of a session whose core is gone. */
export interface Orphan {
  readonly capsule: unknown;
  readonly managed: boolean;
  readonly waiting: boolean;
  /** stanzas of its client that are surely handled */
  readonly confirmed: number;
  /** the number of the next message that it is sent */
  readonly nextMessage: number;
  /** the core that had it, and how many batches of that core the edge has acted on: it may live */
  readonly from?: { readonly core: string; readonly acted: number };
}
