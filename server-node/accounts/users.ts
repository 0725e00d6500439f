import type { Client } from '../../shared/domain/client.ts';
import type { Person } from '../../shared/domain/person.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Router } from '../router/router.ts';
import type { Session } from '../router/session.ts';
import { keyRing } from '../sasl/scram-keys.ts';
import type { Account, Stores } from '../storage/stores.ts';
import { prepareLocal, preparePassword, sameByStringprep } from '../xmpp/precis.ts';
import type { AccountClients } from './clients.ts';

const refuse = (code: string, what: string, why: string, todo: string): ParleyError =>
  new ParleyError({ code, what, why, todo });

export interface UsersOptions {
  readonly domain: string;
  readonly stores: Stores;
  readonly iterations: number;
  /** whose tokens go with an old password */
  readonly clients: Pick<AccountClients, 'revokeAll' | 'list' | 'revoke'>;
  /** undefined while the server is stopped: then nobody has sessions */
  readonly router: Router | undefined;
  readonly now: () => number;
}

/** What an operator may do with the people of the domain, whether the server runs or not. */
export class Users {
  readonly #options: UsersOptions;

  constructor(options: UsersOptions) {
    this.#options = options;
  }

  async list(page: { after: string; search: string; limit: number }): Promise<{ users: Person[]; total: number }> {
    const { accounts } = this.#options.stores;
    const found = await accounts.page(page);
    return { users: found.map((account) => this.#person(account)), total: await accounts.count() };
  }

  /** Adds an account. @throws ParleyError `bad-name`, `bad-password`, `user-exists` */
  async add(rawName: string, rawPassword: string): Promise<string> {
    const name = this.#name(rawName);
    if (!sameByStringprep(name)) {
      throw refuse(
        'bad-name',
        `'${rawName}' can't be the name of a new account.`,
        'Servers that follow the older rules for addresses (RFC 6122) would write it otherwise, and never reach it.',
        "Choose another name, such as one with 'ss' for 'ß'.",
      );
    }
    const keys = await keyRing(usablePassword(rawPassword), this.#options.iterations);
    const account: Account = { name, state: 'active', createdAt: this.#options.now(), lastSeenAt: null, keys };
    if (!(await this.#options.stores.accounts.add(account))) {
      throw refuse(
        'user-exists',
        `${this.#jid(name)} exists already.`,
        'A name can be given once.',
        'Choose another name, or give this one a new password.',
      );
    }
    return this.#jid(name);
  }

  /** Adds many; who can't be added is reported and stops nobody else. */
  async import(
    people: readonly { name: string; password: string }[],
  ): Promise<{ added: number; skipped: { name: string; why: string }[] }> {
    const skipped: { name: string; why: string }[] = [];
    let added = 0;
    const work = people.map((person) => async () => {
      try {
        await this.add(person.name, person.password);
        added++;
      } catch (error) {
        if (!(error instanceof ParleyError)) throw error;
        skipped.push({ name: person.name, why: `${error.what} ${error.why}` });
      }
    });
    const next = async (): Promise<void> => {
      for (let one = work.pop(); one !== undefined; one = work.pop()) await one();
    };
    work.reverse();
    await Promise.all(Array.from({ length: 8 }, next)); // hashing runs on other threads: keep them busy
    return { added, skipped };
  }

  /** Gives a new password, and ends all sessions: whoever had the old one is out. */
  async password(rawName: string, rawPassword: string): Promise<number> {
    const name = await this.ownPassword(rawName, rawPassword);
    return this.#end(name, 'reset');
  }

  /** The same as its owner may do it: the sessions stay. Answers with the name as it is stored. */
  async ownPassword(rawName: string, rawPassword: string): Promise<string> {
    const name = this.#name(rawName);
    const keys = await keyRing(usablePassword(rawPassword), this.#options.iterations);
    await this.#options.clients.revokeAll(name); // before, so that none outlives a crash in between
    if (!(await this.#options.stores.accounts.update(name, { keys }))) throw this.#unknown(name);
    await this.#options.router?.hooks.run('password-changed', { name });
    return name;
  }

  /** Bars the account; its sessions end at once. */
  async suspend(rawName: string): Promise<number> {
    const name = this.#name(rawName);
    if (!(await this.#options.stores.accounts.update(name, { state: 'suspended' }))) throw this.#unknown(name);
    return this.#end(name, 'policy-violation');
  }

  async activate(rawName: string): Promise<void> {
    const name = this.#name(rawName);
    if (!(await this.#options.stores.accounts.update(name, { state: 'active' }))) throw this.#unknown(name);
  }

  /**
   * Removes the account with its roster and waiting messages; its contacts are told. Its streams end with `condition`,
   * but that of `spare`, whose session ends and whose stream can still say something.
   */
  async remove(rawName: string, condition = 'policy-violation', spare?: Session): Promise<number> {
    const name = this.#name(rawName);
    if ((await this.#options.stores.accounts.get(name)) === undefined) throw this.#unknown(name);
    await this.#options.stores.accounts.update(name, { state: 'suspended' }); // nobody comes back while we clear up
    const ended = await this.#end(name, condition, spare);
    await this.#options.router?.hooks.run('account-removed', { name });
    await this.#options.stores.accounts.remove(name);
    return ended;
  }

  /** The clients that have access: those that said who they are, and sessions of others. @throws ParleyError `no-such-user` */
  async clients(rawName: string): Promise<Client[]> {
    const name = await this.#existing(rawName);
    const sessions = this.#options.router?.sessions.of(name) ?? [];
    const now = this.#options.now();
    const known = [...(await this.#options.clients.list(name))].map(([id, client]) => ({
      id,
      software: client.software,
      device: client.device,
      firstSeen: client.firstSeen,
      lastSeen: client.lastSeen,
      connected: sessions.some(({ peer }) => peer.client === id),
      password: client.password,
      token: [client.current, client.fresh].some((token) => token !== undefined && token.expiresAt > now),
    }));
    const others = sessions
      .filter(({ peer }) => peer.client === undefined)
      .map(({ jid, connectedAt }) => ({
        id: `session/${jid.resource}`,
        software: '',
        device: '',
        firstSeen: connectedAt,
        lastSeen: now,
        connected: true,
        password: true,
        token: false,
      }));
    return [...known, ...others];
  }

  /** Takes a client's tokens and ends its sessions; answers how many. @throws ParleyError `no-such-user`, `no-such-client` */
  async revoke(rawName: string, id: string): Promise<number> {
    const name = await this.#existing(rawName);
    const revoked = await this.#options.clients.revoke(name, id);
    const mine = ({ jid, peer }: Session) => peer.client === id || id === `session/${jid.resource}`;
    const ended = await this.#endThose(name, 'policy-violation', mine);
    if (revoked || ended > 0) return ended;
    throw refuse(
      'no-such-client',
      `${this.#jid(name)} has no client '${id}'.`,
      'Its access was taken already, or it never had any.',
      'List the clients to see who there is.',
    );
  }

  async #existing(rawName: string): Promise<string> {
    const name = this.#name(rawName);
    if ((await this.#options.stores.accounts.get(name)) === undefined) throw this.#unknown(name);
    return name;
  }

  #end(name: string, condition: string, spare?: Session): Promise<number> {
    return this.#endThose(name, condition, () => true, spare);
  }

  async #endThose(
    name: string,
    condition: string,
    which: (session: Session) => boolean,
    spare?: Session,
  ): Promise<number> {
    const sessions: readonly Session[] = (this.#options.router?.sessions.of(name) ?? []).filter(which);
    for (const session of sessions) {
      if (session !== spare) session.outlet.end(condition, 'the account was changed or removed');
      await this.#options.router?.close(session);
    }
    return sessions.length;
  }

  #person(account: Account): Person {
    const { name, state, createdAt, lastSeenAt } = account;
    return { name, state, createdAt, lastSeenAt, sessions: this.#options.router?.sessions.of(name).length ?? 0 };
  }

  #jid(name: string): string {
    return `${name}@${this.#options.domain}`;
  }

  #name(raw: string): string {
    const suffix = `@${this.#options.domain}`;
    const name = prepareLocal(raw.endsWith(suffix) ? raw.slice(0, -suffix.length) : raw);
    if (name !== undefined) return name;
    throw refuse(
      'bad-name',
      `'${raw}' can't be a name.`,
      'A name has letters, digits and signs, but no space and none of " & \' / : < > @.',
      'Choose another name.',
    );
  }

  #unknown(name: string): ParleyError {
    return refuse(
      'no-such-user',
      `${this.#jid(name)} does not exist.`,
      'No account has that name.',
      'List the people to see who there is.',
    );
  }
}

function usablePassword(raw: string): string {
  const password = preparePassword(raw);
  if (password !== undefined) return password;
  throw refuse(
    'bad-password',
    "This can't be a password.",
    'It is empty, or has characters that nobody can type twice alike.',
    'Choose another one.',
  );
}
