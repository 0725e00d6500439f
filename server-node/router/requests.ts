import type { Element } from '../xml/element.ts';
import type { Jid } from '../xmpp/jid.ts';
import { Stanza } from '../xmpp/stanza.ts';

/** How long the server waits for an answer to a request of its own, milliseconds; and for how many at a time. */
const LONGEST = 60_000;
const MOST = 10_000;

interface Waiting {
  readonly to: Jid;
  readonly since: number;
  readonly answer: (stanza: Stanza | undefined) => void;
}

/** IQ requests that the server itself makes in the name of the domain, and who waits for their answers. */
export class Requests {
  readonly #domain: Jid;
  readonly #now: () => number;
  readonly #waiting = new Map<string, Waiting>();
  #ids = 0;

  constructor(domain: Jid, now: () => number) {
    this.#domain = domain;
    this.#now = now;
  }

  /** A request to be sent, and its answer: undefined when none comes. */
  make(to: Jid, type: 'get' | 'set', payload: Element): { stanza: Stanza; answer: Promise<Stanza | undefined> } {
    this.#expire();
    const id = `ask-${++this.#ids}`;
    const answer = new Promise<Stanza | undefined>((resolve) =>
      this.#waiting.set(id, { to, since: this.#now(), answer: resolve }),
    );
    return { stanza: Stanza.made('iq', this.#domain, to, { type, id }, [payload]), answer };
  }

  /** Takes a result or an error that came for the domain. From anybody but who was asked it is none (RFC 6120 §8.1.3). */
  take(stanza: Stanza): void {
    const waiting = this.#waiting.get(stanza.id ?? '');
    if (waiting === undefined || !waiting.to.equals(stanza.from)) return;
    this.#waiting.delete(stanza.id ?? '');
    waiting.answer(stanza);
  }

  /** The oldest come first: when nobody answers them, nobody waits on. */
  #expire(): void {
    for (const [id, { since, answer }] of this.#waiting) {
      if (this.#waiting.size < MOST && since + LONGEST > this.#now()) return;
      this.#waiting.delete(id);
      answer(undefined);
    }
  }
}
