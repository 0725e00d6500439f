import { randomBytes } from 'node:crypto';
import type { KnownToken, TokenMechanism } from '../sasl/hashed-token.ts';
import { installationId } from '../sasl/installation.ts';
import type { Login } from '../sasl/mechanism.ts';
import type { KeyedStore, Stores } from '../storage/stores.ts';

/** A token as it is stored. It has to be kept as it is: it is the key of the proof (draft-schmaus-kitten-sasl-ht §3). */
interface Token {
  readonly id: string;
  readonly secret: string;
  readonly mechanism: TokenMechanism;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** An installation of an account's client (XEP-0388 §2.2), with its tokens in the two slots of XEP-0484 §5. */
export interface Client {
  readonly software: string;
  readonly device: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** it has shown a password */
  readonly password: boolean;
  readonly current: Token | undefined;
  readonly fresh: Token | undefined;
}

export interface ClientsOptions {
  readonly stores: Stores;
  /** how long a token is good for, milliseconds */
  readonly tokenMs: number;
  readonly now: () => number;
}

/** a token older than this is replaced when it is used, milliseconds */
const ROTATE_MS = 24 * 3600_000;
/** how exact the time of the last visit is, milliseconds: a write for every login would cost a sync of the disk */
const EXACT_MS = 3600_000;
const MOST_CLIENTS = 50;

const tokensOf = (client: Client | undefined): Token[] =>
  [client?.fresh, client?.current].filter((token) => token !== undefined);

/** The clients that people use, and their tokens (XEP-0484, XEP-0494). */
export class AccountClients {
  readonly #store: KeyedStore<Client>;
  readonly #options: ClientsOptions;

  constructor(options: ClientsOptions) {
    this.#store = options.stores.keyed<Client>('client');
    this.#options = options;
  }

  idOf(agent: string): string {
    return installationId(agent);
  }

  async tokens(name: string, agent: string): Promise<readonly KnownToken[]> {
    return tokensOf(await this.#store.get(name, this.idOf(agent)));
  }

  /**
   * Notes a login and gives a token when one was asked for or is due (XEP-0484 §3.2, §3.4): the older one stays good
   * until the new one was used, and goes at once when that is what the client wants (§3.5).
   */
  async loggedIn(
    { name, token }: Login,
    agent: { readonly id: string; readonly software: string; readonly device: string } | undefined,
    wish: { readonly mechanism: string; readonly request: TokenMechanism | undefined; readonly invalidate: boolean },
  ): Promise<{ token: string; expiresAt: number } | undefined> {
    if (agent === undefined) return undefined;
    const key = this.idOf(agent.id);
    const now = this.#options.now();
    const before = await this.#store.get(name, key);
    const used = tokensOf(before).find(({ id }) => id === token);
    const kept = wish.invalidate ? undefined : used;
    const due = kept !== undefined && now - kept.issuedAt > ROTATE_MS ? kept.mechanism : undefined;
    const mechanism = wish.request ?? due;
    const fresh = mechanism === undefined ? undefined : this.#make(mechanism, now);
    const current = used === undefined ? before?.current : kept;
    // the slot of the token that was used is cleared: it has moved up, or is gone. The first token takes the first slot, so
    // that its first use moves nothing: a write would cost more than the login
    const slots =
      current === undefined && fresh !== undefined
        ? { current: fresh, fresh: undefined }
        : { current, fresh: fresh ?? (used === undefined ? before?.fresh : undefined) };
    const client: Client = {
      software: agent.software === '' ? (before?.software ?? '') : agent.software,
      device: agent.device === '' ? (before?.device ?? '') : agent.device,
      firstSeen: before?.firstSeen ?? now,
      lastSeen: now,
      password: (before?.password ?? false) || used === undefined,
      ...slots,
    };
    const same =
      before !== undefined &&
      fresh === undefined &&
      !wish.invalidate &&
      before.current?.id === client.current?.id &&
      before.fresh?.id === client.fresh?.id &&
      before.software === client.software &&
      before.device === client.device &&
      before.password === client.password &&
      now - before.lastSeen < EXACT_MS;
    if (!same) await this.#keep(name, key, client, before === undefined);
    return fresh === undefined ? undefined : { token: fresh.secret, expiresAt: fresh.expiresAt };
  }

  #make(mechanism: TokenMechanism, now: number): Token {
    const [id, secret] = [randomBytes(12).toString('base64url'), randomBytes(32).toString('base64url')];
    return { id, secret, mechanism, issuedAt: now, expiresAt: now + this.#options.tokenMs };
  }

  /** Bounded: the client that was away for longest makes room. */
  async #keep(name: string, key: string, client: Client, added: boolean): Promise<void> {
    if (added) {
      const all = await this.#store.all(name);
      const [oldest] = [...all].sort(([, a], [, b]) => a.lastSeen - b.lastSeen);
      if (all.size >= MOST_CLIENTS && oldest !== undefined) await this.#store.delete(name, oldest[0]);
    }
    await this.#store.set(name, key, client);
  }

  /** All clients of an account, by their identifiers. */
  async list(name: string): Promise<ReadonlyMap<string, Client>> {
    return this.#store.all(name);
  }

  /** Takes the tokens of one client; false when there is none of that identifier. */
  async revoke(name: string, id: string): Promise<boolean> {
    if ((await this.#store.get(name, id)) === undefined) return false;
    await this.#store.delete(name, id);
    return true;
  }

  /** Takes all tokens of an account: its password was changed. */
  async revokeAll(name: string): Promise<void> {
    for (const id of (await this.#store.all(name)).keys()) await this.#store.delete(name, id);
  }
}

const DAY_MS = 24 * 3600_000;

/** The clients of a node, as its configuration has them. */
export const clientsOf = (
  config: { readonly 'auth.token_days': number },
  stores: Stores,
  now = Date.now,
): AccountClients => new AccountClients({ stores, tokenMs: config['auth.token_days'] * DAY_MS, now });
