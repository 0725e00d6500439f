import type { Bytes } from '../xml/chars.ts';
import { NS } from '../xmpp/namespaces.ts';
import type { Receipt } from './ports.ts';

/** held at most; more is a reason to speak */
const MOST_HELD = 200;
const MOST_BYTES = 262_144;

interface Held {
  readonly bytes: Bytes;
  readonly receipt: Receipt | undefined;
}

/** What a client that nobody looks at is spared until something comes that matters (XEP-0352 §5). */
export class Quiet {
  /** by what replaces it: the next presence of the same sender, the next chat state of the same conversation */
  #held = new Map<Bytes, Held>();
  #bytes = 0;

  /** Holds a stanza back; false when it, or all that is held, should go now. */
  holds(bytes: Bytes, receipt: Receipt | undefined): boolean {
    const key = replaceable(bytes);
    if (key === undefined || this.#held.size >= MOST_HELD || this.#bytes > MOST_BYTES) return false;
    const before = this.#held.get(key);
    if (before !== undefined) {
      this.#bytes -= before.bytes.length;
      before.receipt?.taken();
      this.#held.delete(key); // its place is with the newest: the order of what is kept stays
    }
    this.#held.set(key, { bytes, receipt });
    this.#bytes += bytes.length;
    return true;
  }

  /** Gives what was held, in its order. */
  release(send: (bytes: Bytes, receipt: Receipt | undefined) => void): void {
    const held = this.#held;
    this.#held = new Map();
    this.#bytes = 0;
    for (const { bytes, receipt } of held.values()) send(bytes, receipt);
  }
}

const TAG = /^<(presence|message) ([^>]*)>/;

/** What a later stanza of the same kind makes superfluous: availability, and a chat state on its own. */
function replaceable(bytes: Bytes): Bytes | undefined {
  if (bytes.startsWith('<iq')) return undefined;
  const tag = TAG.exec(bytes);
  if (tag === null) return undefined;
  const attributes = tag[2] ?? '';
  const from = /(?:^| )from='([^']*)'/.exec(attributes)?.[1] ?? '';
  const type = /(?:^| )type=(?:'([^']*)'|"([^"]*)")/.exec(attributes);
  const kind = type?.[1] ?? type?.[2] ?? '';
  if (tag[1] === 'presence') {
    if (kind !== '' && kind !== 'unavailable') return undefined; // subscriptions and errors matter
    return bytes.includes(NS.mucUser) ? undefined : `p ${from}`; // occupants come and go with codes that matter
  }
  const bare = !bytes.includes('<body') && !bytes.includes('<subject') && !bytes.includes('<forwarded');
  const states = bare && kind !== 'error' && bytes.includes(NS.chatStates) && !bytes.includes(NS.receipts);
  return states && !bytes.includes(NS.markers) && !bytes.includes(NS.hints.concat("'")) ? `m ${from}` : undefined;
}
