import type { ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { whenBack } from '../../storage/when-back.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { type Change, type Item, pushElement, Roster, rosterStores } from './roster.ts';

/** Rosters of people who are away that stay in memory, the last that were asked for. */
const MOST_IDLE = 200;
/** so many rosters are read again at a time */
const AT_ONCE = 50;
/** a roster that is changed again and again while it is read is taken as it is then */
const MOST_TRIES = 20;

/** The rosters that are in memory: of those who are online, and a few more; and pushes to their clients. */
export class Rosters {
  readonly #ctx: ModuleContext;
  readonly #stores;
  readonly #loaded = new Map<string, Roster | Promise<Roster>>();
  readonly #idle = new Set<string>();
  /** in a cluster: the version that a session's client has at least, for it may have been pushed more by another node */
  readonly #told = new WeakMap<Session, string>();
  #pushes = 0;

  constructor(ctx: ModuleContext) {
    this.#ctx = ctx;
    this.#stores = rosterStores(ctx.stores);
  }

  /** The roster if it is in memory, as it is while its owner is online and has sent presence. */
  known(name: string): Roster | undefined {
    const roster = this.#loaded.get(name);
    return roster instanceof Roster ? roster : undefined;
  }

  /** The roster of an account. Two who ask for the same get the same, so that its versions are one line. */
  async of(name: string): Promise<Roster> {
    const loaded = this.#loaded.get(name);
    if (loaded !== undefined) return loaded;
    const loading = Roster.load(name, this.#stores, this.#ctx.now().toString(36));
    this.#loaded.set(name, loading);
    try {
      const roster = await loading;
      if (this.#loaded.get(name) === loading) this.#keep(name, roster);
      return roster;
    } catch (error) {
      this.forget(name);
      throw error;
    }
  }

  /** A session's client has the roster of that version. */
  told(session: Session, roster: Roster): void {
    if (this.#ctx.others !== undefined) this.#told.set(session, roster.versionText());
  }

  /** Other nodes may have changed rosters without our hearing of it, and what they pushed to our clients may be lost. */
  async refreshAll(): Promise<void> {
    this.#loaded.clear();
    this.#idle.clear();
    const waiting = [...this.#ctx.sessions.allHere()].filter((session) => session.interested);
    const catchUp = async () => {
      for (let session = waiting.pop(); session !== undefined; session = waiting.pop()) {
        const version = session.closed ? undefined : this.#told.get(session);
        if (version !== undefined)
          await whenBack(
            () => this.catchUp(session, version),
            () => !session.closed,
          );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, catchUp));
  }

  /**
   * Works on a roster as it is now, and is the only one that does: what another node has changed is seen, and what is
   * changed here is not changed there meanwhile.
   */
  async exclusively<T>(name: string, work: (roster: Roster) => Promise<T>): Promise<T> {
    const { others } = this.#ctx;
    if (others === undefined) return work(await this.of(name));
    return others.exclusive(`roster/${name}`, async () => {
      this.forget(name);
      return work(await this.of(name));
    });
  }

  #keep(name: string, roster: Roster): void {
    this.#loaded.set(name, roster);
    if (this.#ctx.sessions.here(name).length > 0) return;
    this.#idle.add(name);
    for (const oldest of this.#idle) {
      if (this.#idle.size <= MOST_IDLE) break;
      this.#idle.delete(oldest);
      if (this.#ctx.sessions.here(oldest).length === 0) this.#loaded.delete(oldest);
    }
  }

  forget(name: string): void {
    this.#loaded.delete(name);
    this.#idle.delete(name);
  }

  /**
   * Keeps a contact's new state, or forgets a contact when there is none; and when clients see a difference, tells the
   * account's interested resources (§2.1.6), after `stored` was called.
   */
  async change(
    name: string,
    roster: Roster,
    jid: Jid,
    after: Item | undefined,
    stored: () => void = () => {},
  ): Promise<void> {
    let change: Change | undefined;
    try {
      change = await roster.change(jid, after);
    } catch (error) {
      this.forget(name); // what is in memory is not on disk
      this.#ctx.others?.changed(name, 'roster'); // or it is, and the database could not say so
      throw error;
    }
    // other nodes learn first that what they have of it is old: what they read of it then is not older than what is pushed
    this.#ctx.others?.changed(name, 'roster');
    stored();
    if (change === undefined) return;
    for (const session of this.#ctx.sessions.of(name)) if (session.interested) this.push(session, roster, change);
  }

  /** A session that was elsewhere is pushed what it has missed since a version; all, when that is not known any more (§2.6.3). */
  async catchUp(session: Session, version: string): Promise<void> {
    const roster = await this.#current(session.jid.local);
    for (const change of roster.changesSince(version) ?? roster.asChanges()) this.push(session, roster, change);
  }

  /** The roster as it is in this turn: what was read and is outdated already would undo, for a client, what it was pushed since. */
  async #current(name: string): Promise<Roster> {
    let roster = await this.of(name);
    for (let tries = 0; this.known(name) !== roster && tries < MOST_TRIES; tries++) roster = await this.of(name);
    return roster;
  }

  /** A session came from another node, where its client had that version. */
  async arrived(session: Session, version: string | undefined): Promise<void> {
    if (version !== undefined) await this.catchUp(session, version);
    this.told(session, await this.of(session.jid.local));
  }

  push(session: Session, roster: Roster, change: Change): void {
    const attributes = { type: 'set', id: `push-${++this.#pushes}` };
    const content = pushElement(change, roster.versionText(change.version));
    session.send(Stanza.made('iq', session.jid.bare, session.jid, attributes, [content]));
    if (session.here) this.told(session, roster);
  }
}
