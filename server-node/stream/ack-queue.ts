import type { Bytes } from '../xml/chars.ts';
import type { Receipt, Unacknowledged } from './ports.ts';

interface Sent extends Unacknowledged {
  readonly receipt: Receipt | undefined;
}

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

  push(bytes: Bytes, receipt: Receipt | undefined, at: number): void {
    this.#queue.push({ bytes, receipt, at });
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

  /** The session is over: what waits and nobody else has. */
  abandon(): Unacknowledged[] {
    const lost: Unacknowledged[] = [];
    for (const { bytes, at, receipt } of this.#queue.slice(this.#gone))
      if (receipt === undefined || receipt.lost()) lost.push({ bytes: receipt?.original ?? bytes, at });
    this.#empty();
    return lost;
  }

  #empty(): void {
    this.#queue = [];
    this.#gone = 0;
    this.#bytes = 0;
  }
}
