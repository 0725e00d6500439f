import type { Kept } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Safekeeping, Unclaimed } from './safekeeping.ts';

const place = (account: string, bytes: Bytes): string => `${account}\0${bytes}`;

/**
 * Messages on disk that a killed core left, while edges may still come and say that they hold the sessions they are for.
 * What an edge holds is known by its content: a killed core may not have got round to telling where it had put it.
 */
export class Claims {
  readonly #safe: Safekeeping;
  readonly #unclaimed = new Map<string, Unclaimed[]>();

  constructor(safe: Safekeeping, left: Iterable<Unclaimed>) {
    this.#safe = safe;
    for (const message of left) {
      const at = place(message.account, message.bytes);
      this.#unclaimed.set(at, [...(this.#unclaimed.get(at) ?? []), message]);
    }
  }

  /** It belongs to a session that goes on. */
  claim(account: string, bytes: Bytes): Kept | undefined {
    const at = place(account, bytes);
    const [one, ...others] = this.#unclaimed.get(at) ?? [];
    if (one === undefined) return undefined;
    if (others.length === 0) this.#unclaimed.delete(at);
    else this.#unclaimed.set(at, others);
    return this.#safe.known(one.key);
  }

  has(account: string, bytes: Bytes): boolean {
    return this.#unclaimed.has(place(account, bytes));
  }

  /** What nobody has claimed, in its order; it is the caller's. */
  rest(): Unclaimed[] {
    const rest = [...this.#unclaimed.values()].flat();
    this.#unclaimed.clear();
    return rest.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
