import type { Counts, Refused } from '../observe/refusals.ts';
import { Allowance, type EdgeLimits } from './limits.ts';

/** networks whose rate is remembered; the ones that were quiet for longest make room */
const MOST_RATES = 20_000;

interface Presence {
  open: number;
  strangers: number;
}

/** Who may connect, by network (network.ts); undefined stands for addresses that are trusted. */
export class Admission {
  readonly #limits: EdgeLimits;
  readonly #refusals: Counts<Refused>;
  readonly #now: () => number;
  readonly #networks = new Map<string, Presence>();
  readonly #rates = new Map<string, Allowance>();
  #open = 0;
  #strangers = 0;

  constructor(limits: EdgeLimits, refusals: Counts<Refused>, now: () => number) {
    this.#limits = limits;
    this.#refusals = refusals;
    this.#now = now;
  }

  /** networks that are remembered */
  get size(): number {
    return this.#networks.size + this.#rates.size;
  }

  /** Whether one more is welcome; `beside`: those that another door holds, in all and of that network. */
  admits(network: string | undefined, beside = { all: 0, same: 0 }): boolean {
    const why = this.#why(network, beside);
    if (why !== undefined) this.#refusals.add(why);
    return why === undefined;
  }

  #why(network: string | undefined, beside: { all: number; same: number }): Refused | undefined {
    const { connections, perAddress, strangersPerNetwork } = this.#limits;
    if (this.#open + beside.all >= connections) return 'full';
    if (network === undefined) return undefined;
    const { open, strangers } = this.#networks.get(network) ?? { open: 0, strangers: 0 };
    if (open + beside.same >= perAddress) return 'network';
    // whoever has not logged in may not keep those out who would
    if (strangers + beside.same >= strangersPerNetwork || this.#strangers >= connections * 0.75) return 'strangers';
    return this.#rate(network).take(1, this.#now()) > 0 ? 'rate' : undefined;
  }

  #rate(network: string): Allowance {
    const { connectionsPerSecond, connectionsBurst } = this.#limits;
    const rate = this.#rates.get(network) ?? new Allowance(connectionsPerSecond, connectionsBurst, this.#now());
    this.#rates.delete(network);
    this.#rates.set(network, rate);
    const [oldest] = this.#rates.keys();
    if (this.#rates.size > MOST_RATES && oldest !== undefined) this.#rates.delete(oldest);
    return rate;
  }

  came(network: string | undefined): void {
    this.#open++;
    if (network === undefined) return;
    this.#strangers++;
    const here = this.#networks.get(network) ?? { open: 0, strangers: 0 };
    this.#networks.set(network, { open: here.open + 1, strangers: here.strangers + 1 });
  }

  /** One of them has logged in. */
  known(network: string | undefined): void {
    const here = network === undefined ? undefined : this.#networks.get(network);
    if (here === undefined) return;
    this.#strangers--;
    here.strangers--;
  }

  left(network: string | undefined, stranger: boolean): void {
    if (stranger) this.known(network);
    this.#open--;
    const here = network === undefined ? undefined : this.#networks.get(network);
    if (network !== undefined && here !== undefined && --here.open <= 0) this.#networks.delete(network);
  }
}
