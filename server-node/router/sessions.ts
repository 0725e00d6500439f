import type { Session } from './session.ts';

const NOBODY: readonly Session[] = [];

/** Who is connected: the sessions of each account, by localpart. */
export class Sessions {
  readonly #byAccount = new Map<string, Session[]>();
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
    if (list === undefined) this.#byAccount.set(session.jid.local, [session]);
    else list.push(session);
    this.#size++;
  }

  /** False when it was not there. */
  remove(session: Session): boolean {
    const list = this.#byAccount.get(session.jid.local);
    const at = list?.indexOf(session) ?? -1;
    if (list === undefined || at < 0) return false;
    if (list.length === 1) this.#byAccount.delete(session.jid.local);
    else list.splice(at, 1);
    this.#size--;
    return true;
  }

  *all(): Iterable<Session> {
    for (const list of this.#byAccount.values()) yield* list;
  }
}
