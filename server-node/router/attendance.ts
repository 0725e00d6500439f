import { StanzaError } from '../xmpp/errors.ts';
import { Jid } from '../xmpp/jid.ts';
import type { Blocklists } from './blocklists.ts';
import type { Hooks } from './hooks.ts';
import { type Outlet, type Peer, Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface AttendanceParts {
  readonly domain: string;
  readonly sessions: Sessions;
  readonly hooks: Hooks;
  readonly blocklists: Blocklists;
  /** sessions that one account may have */
  readonly most: number;
  readonly now: () => number;
  /** resolves when other nodes know of the sessions that there are here */
  readonly informed?: (() => Promise<void>) | undefined;
  /** asks other nodes to end a session of an account that only waits for its client; whether one did */
  readonly roomElsewhere?: ((name: string) => Promise<boolean>) | undefined;
  /** does something whose failure is told and stops nothing */
  readonly guard: (what: string, work: () => Promise<unknown>) => Promise<void>;
}

/** Who comes and who goes: sessions are bound, go on after a restart, and end. */
export class Attendance {
  readonly #parts: AttendanceParts;

  constructor(parts: AttendanceParts) {
    this.#parts = parts;
  }

  async open(name: string, resource: string, peer: Peer, outlet: Outlet): Promise<Session | StanzaError> {
    const { domain, sessions, hooks, blocklists, now } = this.#parts;
    await blocklists.hold(name); // first: no stanza may come to a session whose list isn't there
    let held = sessions.get(name, resource);
    if (held === undefined && !(await this.#hasRoom(name))) {
      blocklists.release(name);
      return new StanzaError('resource-constraint', 'too many sessions of this account'); // RFC 6120 §7.7.2.1
    }
    for (;;) {
      held = sessions.get(name, resource); // again after each wait: another may have come by the same name
      if (held === undefined) break;
      held.outlet.end('conflict', 'replaced by a new session of the same resource');
      await this.close(held);
      if (!held.here) break; // its node has ended it, or can't be asked: of two the newer one stays
    }
    const session = new Session(new Jid(name, domain, resource), peer, now(), outlet);
    sessions.add(session);
    await hooks.run('session-opened', { session });
    await this.#parts.informed?.(); // who learns of it from its client finds it, from whichever node
    return session;
  }

  /** Ends a session of an account that only waits for its client to come back; whether there was one. */
  async makeRoom(name: string): Promise<boolean> {
    const waiting = this.#parts.sessions.here(name).find((session) => session.outlet.waiting === true);
    if (waiting === undefined) return false;
    waiting.outlet.end('resource-constraint', 'a newer session needs its place');
    await this.close(waiting);
    return true;
  }

  /** Whether an account may have one more session; one that only waits for its client to come back makes room. */
  async #hasRoom(name: string): Promise<boolean> {
    const sessions = this.#parts.sessions.of(name);
    if (sessions.length < this.#parts.most) return true;
    return (await this.makeRoom(name)) || ((await this.#parts.roomElsewhere?.(name)) ?? false);
  }

  /** A session of before goes on; false when its client has bound a newer one of the same address meanwhile. */
  async restore(session: Session): Promise<boolean> {
    const { local, resource } = session.jid;
    await this.#parts.blocklists.hold(local);
    const held = this.#parts.sessions.get(local, resource);
    if (held !== undefined && held.connectedAt > session.connectedAt) {
      this.#parts.blocklists.release(local);
      return false;
    }
    this.#parts.sessions.add(session);
    try {
      await this.#parts.hooks.run('session-opened', { session });
    } catch (error) {
      session.closed = true; // nobody would serve it
      this.#parts.sessions.remove(session);
      this.#parts.blocklists.release(local);
      throw error;
    }
    return true;
  }

  /** A session is over; for one of another node: that node is waited for. */
  async close(session: Session): Promise<void> {
    if (!session.here) return session.gone();
    return this.#leave(session, false);
  }

  /** It goes on at another node: nobody is told that it went. */
  async moveAway(session: Session): Promise<void> {
    return this.#leave(session, true);
  }

  async #leave(session: Session, moved: boolean): Promise<void> {
    if (session.closed) return;
    session.closed = true;
    if (!this.#parts.sessions.remove(session)) return;
    await this.#parts.guard('a session that ends', () => this.#parts.hooks.run('session-closed', { session, moved }));
    this.#parts.blocklists.release(session.jid.local);
  }
}
