import type { Session } from './session.ts';

const NOBODY: readonly Session[] = [];

/**
 * Who is connected: the sessions of each account, by localpart. Lists are never changed but replaced: whoever walks one may
 * cause a session to end, and must still reach the others.
 */
export class Sessions {
  readonly #byAccount = new Map<string, readonly Session[]>();
  #size = 0;

  get size(): number {
    return this.#size;
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
    this.#size++;
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
    this.#size--;
    return true;
  }

  *all(): Iterable<Session> {
    for (const list of this.#byAccount.values()) yield* list;
  }
}
