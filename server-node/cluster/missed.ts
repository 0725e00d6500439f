import type { Session } from '../router/session.ts';

/** so many are shown at a time: each may have to read a roster */
const AT_ONCE = 32;
/** so long a session may be on its way from one node to another, milliseconds */
const MOVING_MS = 1500;

/** Sessions of other nodes whose presence this node's clients could not be told in time: they are shown one after another. */
export class Missed {
  readonly #show: (session: Session) => Promise<unknown>;
  readonly #onFault: (error: unknown) => void;
  /** by full JID: of one that changes while it waits, what it is in the end is shown */
  readonly #waiting = new Map<string, Session>();
  #running = 0;

  constructor(show: (session: Session) => Promise<unknown>, onFault: (error: unknown) => void) {
    this.#show = show;
    this.#onFault = onFault;
  }

  add(session: Session): void {
    // one that is over may go on at another node, which has not told it yet
    if (session.closed) setTimeout(() => this.#add(session), MOVING_MS).unref();
    else this.#add(session);
  }

  #add(session: Session): void {
    this.#waiting.set(session.jid.wire, session);
    if (this.#running < AT_ONCE) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running++;
    for (const [wire, session] of this.#waiting) {
      this.#waiting.delete(wire);
      await this.#show(session).catch(this.#onFault);
    }
    this.#running--;
  }
}
