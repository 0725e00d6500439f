import type { Bytes } from '../xml/chars.ts';

/** Another domain that is reached through this node: a component (XEP-0114). */
export interface External {
  readonly domain: string;
  send(bytes: Bytes): void;
  /** Ends its stream with an error of RFC 6120 §4.9.3. */
  end(condition: string, text: string): void;
}

/** The domains that are connected to this one, and those that may be. */
export class Externals {
  readonly #expected: ReadonlySet<string>;
  readonly #connected = new Map<string, External>();

  constructor(expected: Iterable<string>) {
    this.#expected = new Set(expected);
  }

  get(domain: string): External | undefined {
    return this.#connected.get(domain);
  }

  /** It is ours to reach, whether it is connected or not. */
  expected(domain: string): boolean {
    return this.#expected.has(domain);
  }

  /** False when it is connected already. */
  add(external: External): boolean {
    if (this.#connected.has(external.domain)) return false;
    this.#connected.set(external.domain, external);
    return true;
  }

  remove(external: External): void {
    if (this.#connected.get(external.domain) === external) this.#connected.delete(external.domain);
  }

  all(): Iterable<External> {
    return this.#connected.values();
  }
}
