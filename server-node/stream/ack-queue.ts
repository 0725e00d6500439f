import type { Bytes } from '../xml/chars.ts';
import type { Kept, Receipt, Safe, Unacknowledged } from './ports.ts';

interface Sent extends Unacknowledged {
  readonly receipt: Receipt | undefined;
  kept: Kept | undefined;
}

/** What is sent and not acknowledged, so that it survives JSON. */
export interface PackedStanza {
  readonly bytes: Bytes;
  readonly at: number;
  /** where it lies on disk; without it nothing is lost with it, or it is no message */
  readonly key?: string;
  /** the message itself, where `bytes` is a copy of another shape */
  readonly original?: Bytes;
}

const isMessage = (bytes: Bytes): boolean => bytes.startsWith('<message');

/** What was sent and is not acknowledged (XEP-0198 §4), numbered from 1 on, modulo 2³². */
export class AckQueue {
  #queue: Sent[] = [];
  /** how many at the beginning of the array are gone; it is cut when they are many */
  #gone = 0;
  /** stanzas sent in all, and acknowledged in all */
  #sent = 0;
  #acknowledged = 0;
  #bytes = 0;

  /** stanzas that wait */
  get size(): number {
    return this.#queue.length - this.#gone;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get sent(): number {
    return this.#sent >>> 0;
  }

  /** Whether the stanza of that number, the first being 1, is acknowledged. */
  has(number: number): boolean {
    return (this.#acknowledged - number) >>> 0 <= 0x7fff_ffff;
  }

  push(bytes: Bytes, receipt: Receipt | undefined, at: number): void {
    this.#queue.push({ bytes, receipt, at, kept: undefined });
    this.#sent++;
    this.#bytes += bytes.length;
  }

  /** Takes an `h`; false when it is of more than was sent (§4, §6). An older one than the last says nothing new. */
  acknowledge(h: number): boolean {
    const news = (h - this.#acknowledged) >>> 0;
    if (news > 0x7fff_ffff) return true;
    if (news > this.size) return false;
    for (let i = 0; i < news; i++) {
      const stanza = this.#queue[this.#gone + i];
      this.#bytes -= stanza?.bytes.length ?? 0;
      stanza?.receipt?.taken();
      if (stanza?.receipt === undefined) stanza?.kept?.drop();
    }
    this.#gone += news;
    this.#acknowledged = (this.#acknowledged + news) >>> 0;
    if (this.#gone > 64 && this.#gone * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#gone);
      this.#gone = 0;
    }
    if (this.size === 0) this.#empty();
    return true;
  }

  /** What waits, in its order. */
  *waiting(): Iterable<Bytes> {
    for (let i = this.#gone; i < this.#queue.length; i++) yield this.#queue[i]?.bytes ?? '';
  }

  /** Puts the messages on disk that wait from `from` on; resolves when they are there. */
  keep(put: (stanza: Unacknowledged, receipt: Receipt | undefined) => Kept, from = 0): Promise<unknown> | undefined {
    const stored: Promise<unknown>[] = [];
    for (let i = this.#gone + from; i < this.#queue.length; i++) {
      const stanza = this.#queue[i];
      if (stanza === undefined || !isMessage(stanza.bytes)) continue;
      if (stanza.kept !== undefined) {
        stored.push(stanza.kept.stored);
        continue;
      }
      const { bytes, at, receipt } = stanza;
      const safe = () => put({ bytes: receipt?.original ?? bytes, at }, receipt);
      const kept = receipt === undefined ? safe() : receipt.keep(safe);
      stanza.kept = kept;
      kept?.stored.catch(() => {
        if (stanza.kept === kept) stanza.kept = undefined; // it is not there, and may be tried again
      });
      const there = stanza.kept?.stored ?? receipt?.stored; // a copy that another device asked for may be on its way
      if (there !== undefined) stored.push(there);
    }
    return stored.length === 0 ? undefined : Promise.all(stored);
  }

  /** The counters, and what waits. `lend`: for another node, the key by which it tells what becomes of what has a share in others. */
  pack(lend?: (stanza: Unacknowledged, receipt: Receipt) => string): {
    readonly acknowledged: number;
    readonly waiting: readonly PackedStanza[];
  } {
    const waiting = this.#queue.slice(this.#gone).map(({ bytes, at, kept, receipt }) => {
      const key = receipt?.shared === true && lend !== undefined ? lend({ bytes, at }, receipt) : kept?.key;
      const original = receipt?.original;
      return { bytes, at, ...(key === undefined ? {} : { key }), ...(original === undefined ? {} : { original }) };
    });
    return { acknowledged: this.#acknowledged, waiting };
  }

  static unpack(
    packed: { readonly acknowledged: number; readonly waiting: readonly PackedStanza[] },
    safe: Pick<Safe, 'known' | 'foreign'>,
    stale: (key: string) => void = () => {},
  ): AckQueue {
    const queue = new AckQueue();
    queue.#acknowledged = packed.acknowledged;
    queue.#sent = packed.acknowledged;
    for (const { bytes, at, key, original } of packed.waiting) {
      const foreign = key === undefined ? undefined : safe.foreign?.(key);
      if (key !== undefined && foreign !== undefined) {
        if (foreign === 'ours') stale(key);
        queue.push(
          original !== undefined && foreign === 'ours' ? original : bytes,
          foreign === 'ours' ? undefined : foreign,
          at,
        );
        continue;
      }
      const kept = key === undefined ? undefined : safe.known(key);
      queue.push(bytes, kept === undefined && isMessage(bytes) ? NOTHING_LOST : restored(kept, original), at);
    }
    return queue;
  }

  /** The session is over: what waits and nobody else has. */
  abandon(): Unacknowledged[] {
    const lost: Unacknowledged[] = [];
    for (const { bytes, at, receipt, kept } of this.#queue.slice(this.#gone)) {
      if (receipt === undefined) kept?.drop();
      if (receipt === undefined || receipt.lost()) lost.push({ bytes: receipt?.original ?? bytes, at });
    }
    this.#empty();
    return lost;
  }

  /** The session goes on elsewhere, with all that waits. */
  forget(): void {
    this.#empty();
  }

  #empty(): void {
    this.#queue = [];
    this.#gone = 0;
    this.#bytes = 0;
  }
}

/** For a copy of what others have, or what lies elsewhere. */
const NOTHING_LOST: Receipt = { taken: () => {}, lost: () => false, keep: () => undefined };

/** What a receipt of an earlier process still has to do. */
function restored(kept: Kept | undefined, original: Bytes | undefined): Receipt | undefined {
  if (kept === undefined) return undefined;
  const receipt = {
    taken: () => kept.drop(),
    lost: () => {
      kept.drop();
      return true;
    },
    keep: () => kept,
  };
  return original === undefined ? receipt : { ...receipt, original };
}
