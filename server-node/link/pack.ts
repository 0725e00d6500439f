import type { Bytes } from '../xml/chars.ts';

/** How much a packer makes room for at first: many are for a few numbers and are thrown away. */
const FIRST_ROOM = 512;
/** And once something was taken: most batches of one turn are much smaller, and stand in it one behind the other. */
const ROOM = 16_384;
/** with less room than this left it begins with new room */
const LEAST_ROOM = 1024;
const NO_ROOM = Buffer.alloc(0);
const MOST_SHIFT = 2 ** 53;

/** Numbers and bytes, written one behind the other: what goes over a link in one turn. */
export class Packer {
  #buffer: Buffer = NO_ROOM;
  #length = 0;
  #least = FIRST_ROOM;

  /** bytes written so far */
  get length(): number {
    return this.#length;
  }

  /** Makes room for what is known only at the end: so many bytes of any content. */
  gap(length: number): this {
    this.#room(length);
    this.#length += length;
    return this;
  }

  /** One byte. */
  byte(value: number): this {
    this.#room(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  /** A whole number from 0 to 2⁵³ - 1, seven bits a byte, the lowest first. */
  count(value: number): this {
    this.#room(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** A string of bytes behind its length. */
  bytes(value: Bytes): this {
    this.count(value.length);
    this.#room(value.length);
    this.#length += this.#buffer.write(value, this.#length, 'latin1');
    return this;
  }

  /** Any text, as UTF-8 behind its length in bytes. */
  text(value: string): this {
    const length = Buffer.byteLength(value);
    this.count(length);
    this.#room(length);
    this.#length += this.#buffer.write(value, this.#length, 'utf8');
    return this;
  }

  /** What was written, and nothing is left: it is the caller's. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    const left = this.#buffer.length - this.#length;
    // what was taken may be kept for long: it must not keep much more than itself
    this.#buffer = left >= LEAST_ROOM && this.#buffer.length <= ROOM ? this.#buffer.subarray(this.#length) : NO_ROOM;
    this.#length = 0;
    this.#least = ROOM;
    return taken;
  }

  #room(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#least, this.#buffer.length * 2, this.#length + more));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** What came is not what a packer writes: it ends too early, or a number is none. */
export class UnpackError extends Error {
  override readonly name = 'UnpackError';
}

/** Reads what a packer wrote, in the same order. @throws UnpackError */
export class Unpacker {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length;
  }

  byte(): number {
    const value = this.#buffer[this.#at++];
    if (value === undefined) throw new UnpackError('a batch ends too early');
    return value;
  }

  count(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
      if (scale >= MOST_SHIFT) throw new UnpackError('a number is too large');
    }
    if (!Number.isSafeInteger(value)) throw new UnpackError('a number is too large');
    return value;
  }

  bytes(): Bytes {
    const [from, to] = this.#span();
    return this.#buffer.toString('latin1', from, to);
  }

  text(): string {
    const [from, to] = this.#span();
    return this.#buffer.toString('utf8', from, to);
  }

  /** All that follows, as it is. */
  rest(): Buffer {
    const rest = this.#buffer.subarray(this.#at);
    this.#at = this.#buffer.length;
    return rest;
  }

  #span(): [number, number] {
    const length = this.count();
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#buffer.length) throw new UnpackError('a batch ends too early');
    return [from, this.#at];
  }
}
