import type { LifelineLimits } from '../stream/lifeline.ts';
import type { Limits } from '../xml/scanner.ts';

/** What one connection may do. */
export interface EdgeLimits {
  /** before and after the login: a stranger gets less */
  readonly before: Limits;
  readonly after: Limits;
  /** how long a connection may take to log in, milliseconds */
  readonly loginMs: number;
  /** connections in all, logged in or not, whatever door they came by */
  readonly connections: number;
  /** connections from one network at a time */
  readonly perAddress: number;
  /** addresses of this machine are no networks: a proxy may stand there */
  readonly trustLoopback: boolean;
  /** those of them that have not logged in */
  readonly strangersPerNetwork: number;
  /** new ones from one network in a second on average, and at once; 0: no limit */
  readonly connectionsPerSecond: number;
  readonly connectionsBurst: number;
  /** stanzas of a client in a second on average, and at once; 0: no limit. What goes to many costs more. */
  readonly stanzasPerSecond: number;
  readonly burstStanzas: number;
  /** what a client may send in a second on average, in bytes, and at once; 0: no limit */
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
  /** what may wait for a client that does not read, in bytes; more ends its connection */
  readonly sendBytes: number;
  /** stream management */
  readonly lines: LifelineLimits;
}

/** A bucket that fills with time: of bytes, stanzas, or connections. */
export class Allowance {
  readonly #rate: number;
  readonly #most: number;
  #left: number;
  #at: number;

  constructor(rate: number, most: number, now: number) {
    this.#rate = rate;
    this.#most = most;
    this.#left = most;
    this.#at = now;
  }

  /** Takes that many; answers how many milliseconds the next should wait, 0 when there is no need. */
  take(amount: number, now: number): number {
    if (this.#rate <= 0) return 0;
    const passed = Math.max(0, now - this.#at); // a clock that is set back owes nobody anything
    this.#left = Math.min(this.#most, this.#left + (passed * this.#rate) / 1000) - amount;
    this.#at = now;
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left * 1000) / this.#rate);
  }
}
