import type { Jid } from '../xmpp/jid.ts';
import { Lifeline, type LifelineLimits, type PackedLine } from './lifeline.ts';
import type { StreamCore } from './ports.ts';

/** counts of sessions that are over, for who comes back too late (XEP-0198 §5) */
const MOST_REMEMBERED = 10_000;
/** while the database is away, a session that came is tried again so often, milliseconds */
const AGAIN_MS = 1000;

interface Past {
  readonly account: string;
  readonly handled: number;
}

/** One of the domains that streams may be for: its core, and its sessions. */
export interface StreamDomain<S extends { readonly jid: Jid }> {
  readonly core: StreamCore<S>;
  readonly lines: Lifelines<S>;
}

/** The sessions under stream management, whether their connection lives or not. */
export class Lifelines<S extends { readonly jid: Jid }> {
  readonly limits: LifelineLimits;
  readonly #known = new Set<Lifeline<S>>();
  readonly #byId = new Map<string, Lifeline<S>>();
  readonly #past = new Map<string, Past>();

  constructor(limits: LifelineLimits) {
    this.limits = limits;
  }

  /** sessions that wait for their client to come back */
  get waiting(): number {
    let waiting = 0;
    for (const line of this.#known) if (line.lostAt !== undefined) waiting++;
    return waiting;
  }

  get size(): number {
    return this.#known.size;
  }

  add(line: Lifeline<S>): void {
    this.#known.add(line);
    if (line.id !== undefined) this.#byId.set(line.id, line);
  }

  /** The session of that account and identifier; how far one came that is over, undefined when nobody knows. */
  find(id: string, account: string): Lifeline<S> | number | undefined {
    const line = this.#byId.get(id);
    if (line !== undefined && !line.over) return line.account === account ? line : undefined;
    if (line !== undefined) this.#forget(line);
    const past = this.#past.get(id);
    return past?.account === account ? past.handled : undefined;
  }

  /** Whether that session lives here. */
  has(id: string): boolean {
    return this.#byId.get(id)?.over === false;
  }

  /** A session that came without its client waits here for it: while what it needs can't be read, a little longer. */
  async takeIn(packed: PackedLine, core: StreamCore<S>, now: () => number): Promise<void> {
    for (;;) {
      try {
        const line = await Lifeline.unpack(packed, core, this.limits, now);
        if (line !== undefined) this.add(line);
        return;
      } catch (error) {
        if (!core.outage(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
    }
  }

  /** Called every second or so. */
  sweep(): void {
    for (const line of this.#known) {
      if (!line.over) line.sweep();
      if (line.over) this.#forget(line);
    }
  }

  /** All that live, for a shutdown. */
  all(): Iterable<Lifeline<S>> {
    return this.#known;
  }

  #forget(line: Lifeline<S>): void {
    this.#known.delete(line);
    if (line.id === undefined || this.#byId.get(line.id) !== line) return; // it went elsewhere, and came back
    this.#byId.delete(line.id);
    this.#past.set(line.id, { account: line.account, handled: line.handled });
    const [oldest] = this.#past.keys();
    if (this.#past.size > MOST_REMEMBERED && oldest !== undefined) this.#past.delete(oldest);
  }
}
