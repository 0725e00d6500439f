import { TO_EDGE } from '../link/edge-frames.ts';
import type { Unpacker } from '../link/pack.ts';
import type { Bytes } from '../xml/chars.ts';

/** A session that its edge has taken from a core that lives, for another core or for the same one anew. It survives JSON. */
export interface Departure {
  readonly jid: string;
  readonly connectedAt: number;
  /** the core that its edge had before, and how many batches of it the edge has acted on; none: it has had none that said so */
  readonly from: { readonly core: string; readonly acted: number } | undefined;
  /** the number of the first message that has not come to the edge */
  readonly nextMessage: number;
}

/** What the core that held a session tells the one that has it from now on. It survives JSON. */
export interface Handover {
  /** as the session is now; the edge may have an older one */
  readonly capsule: unknown;
  /** whom its client was shown, where there are other nodes */
  readonly view?: unknown;
  /** stanzas of its client that are handled: all up to there, and those beyond */
  readonly handled: number;
  readonly beyond: readonly number[];
  /** what was sent to its client under no number, and did not come to the edge */
  readonly stanzas: readonly Bytes[];
}

/** Stanzas that were written to an edge and that it has not acted on, by session. Each batch is read once. */
export class Unseen {
  readonly #stanzas = new Map<number, Bytes[]>();
  #read: number;

  constructor(acted: number) {
    this.#read = acted;
  }

  /** Reads what was written since; `batches`: those that are kept, by their numbers. */
  read(batches: Iterable<readonly [number: number, content: Unpacker]>): void {
    for (const [number, content] of batches) {
      if (number <= this.#read) continue;
      this.#read = number;
      let last: Bytes = '';
      while (!content.done) last = this.#frame(content.byte(), content, last);
    }
  }

  /** Those of a session; they are the caller's. */
  take(session: number): readonly Bytes[] {
    const stanzas = this.#stanzas.get(session) ?? [];
    this.#stanzas.delete(session);
    return stanzas;
  }

  /** Answers with the stanza that a `same` behind it would mean. */
  #frame(type: number, content: Unpacker, last: Bytes): Bytes {
    if (type === TO_EDGE.facts) content.text();
    else if (type === TO_EDGE.answer) [content.count(), content.text()];
    else if (type !== TO_EDGE.leaving) return this.#ofSession(type, content.count(), content, last);
    return last;
  }

  #ofSession(type: number, session: number, content: Unpacker, last: Bytes): Bytes {
    switch (type) {
      case TO_EDGE.deliver:
      case TO_EDGE.same: {
        const bytes = type === TO_EDGE.same ? last : content.bytes();
        const stanzas = this.#stanzas.get(session);
        if (stanzas === undefined) this.#stanzas.set(session, [bytes]);
        else stanzas.push(bytes);
        return bytes;
      }
      case TO_EDGE.message: // these have numbers, and their senders are owed their fate
        [content.byte(), content.count(), content.text(), content.bytes()];
        break;
      case TO_EDGE.confirmed:
        content.count();
        for (let left = content.count(); left > 0; left--) content.count();
        break;
      case TO_EDGE.end:
        [content.text(), content.text()];
        break;
      case TO_EDGE.capsule:
        content.text();
        break;
      default: // charge, drain
        content.count();
    }
    return last;
  }
}
