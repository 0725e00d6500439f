import type { Session } from './session.ts';

const NOBODY: readonly Session[] = [];

/** Told of this node's own sessions, in the same turn. */
export interface SessionsWatcher {
  added(session: Session): void;
  removed(session: Session): void;
}

/**
 * Who is connected, here or to another node of the domain: the sessions of each account, by localpart. Lists are never
 * changed but replaced: whoever walks one may cause a session to end, and must still reach the others.
 */
export class Sessions {
  readonly #byAccount = new Map<string, readonly Session[]>();
  /** tells other nodes, in a cluster */
  watcher: SessionsWatcher | undefined;
  #size = 0;
  #elsewhere = 0;

  /** how many are connected to this node */
  get size(): number {
    return this.#size;
  }

  /** how many are connected to other nodes */
  get elsewhere(): number {
    return this.#elsewhere;
  }

  /** The sessions of an account that are connected to this node. */
  here(name: string): readonly Session[] {
    const all = this.of(name);
    return this.#elsewhere === 0 ? all : all.filter((session) => session.here);
  }

  /** All sessions of an account, in the order they were bound. */
  of(name: string): readonly Session[] {
    return this.#byAccount.get(name) ?? NOBODY;
  }

  get(name: string, resource: string): Session | undefined {
    return this.of(name).find((session) => session.jid.resource === resource);
  }

  add(session: Session): void {
    const list = this.#byAccount.get(session.jid.local);
    this.#byAccount.set(session.jid.local, list === undefined ? [session] : [...list, session]);
    if (!session.here) this.#elsewhere++;
    else {
      this.#size++;
      this.watcher?.added(session);
    }
  }

  /** False when it was not there. */
  remove(session: Session): boolean {
    const list = this.#byAccount.get(session.jid.local);
    if (list === undefined || !list.includes(session)) return false;
    if (list.length === 1) this.#byAccount.delete(session.jid.local);
    else
      this.#byAccount.set(
        session.jid.local,
        list.filter((one) => one !== session),
      );
    if (!session.here) this.#elsewhere--;
    else {
      this.#size--;
      this.watcher?.removed(session);
    }
    return true;
  }

  /** Those of all nodes. */
  *all(): Iterable<Session> {
    for (const list of this.#byAccount.values()) yield* list;
  }

  /** Those of this node. */
  *allHere(): Iterable<Session> {
    for (const session of this.all()) if (session.here) yield session;
  }
}
