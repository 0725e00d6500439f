import { createHash } from 'node:crypto';
import type { Bytes } from '../../xml/chars.ts';

const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;

/** a message in more pieces than this is meant to cost us */
const MOST_FRAGMENTS = 1000;

/** Why a WebSocket is closed (RFC 6455 §7.4.1). */
export const CLOSE_CODES = { normal: 1000, protocol: 1002, kind: 1003, tooBig: 1009 } as const;

/** What answers `Sec-WebSocket-Key` (RFC 6455 §4.2.2). */
export const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** A frame of ours: whole, and not masked (RFC 6455 §5.1). */
export function frame(payload: Bytes, opcode = TEXT): Bytes {
  const n = payload.length;
  const first = String.fromCharCode(0x80 | opcode);
  if (n < 126) return first + String.fromCharCode(n) + payload;
  if (n < 65_536) return first + String.fromCharCode(126, n >> 8, n & 255) + payload;
  const [high, low] = [Math.floor(n / 2 ** 32), n >>> 0];
  const bytes = [high, low].flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return first + String.fromCharCode(127, ...bytes) + payload;
}

export const closeFrame = (code: number): Bytes => frame(String.fromCharCode(code >> 8, code & 255), CLOSE);

/** What a reader tells. */
export interface FrameHandler {
  /** a whole text message, out of its fragments */
  message(bytes: Bytes): void;
  /** the other side asks whether we are there: what is to be sent back */
  pong(frame: Bytes): void;
  /** the other side closes, or broke a rule: the code to close with */
  closed(code: number): void;
}

/** Takes a client's frames apart (RFC 6455 §5). */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** bytes that a message may have */
  most: number;
  /** what has come and was not read; joined only when a frame is whole: a byte at a time must not cost its square */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** how many bytes the frame needs that is being read */
  #needs = 2;
  #fragments: Bytes[] = [];
  #fragmentBytes = 0;
  #over = false;

  constructor(most: number, handler: FrameHandler) {
    this.most = most;
    this.#handler = handler;
  }

  feed(data: Buffer): void {
    if (this.#over) return;
    this.#pieces.push(data);
    this.#bytes += data.length;
    while (!this.#over && this.#bytes >= this.#needs) this.#frame(this.#joined());
  }

  #joined(): Buffer {
    const [only] = this.#pieces;
    const data = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [data];
    return data;
  }

  /** Reads one frame, or finds out how many bytes it needs. */
  #frame(data: Buffer): void {
    const [first = 0, second = 0] = data;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0 || (second & 0x80) === 0) {
      this.#break(CLOSE_CODES.protocol); // §5.2: reserved; §5.1: masked
      return;
    }
    let length = second & 0x7f;
    let at = 2;
    if (opcode >= 0x8 && (!final || length > 125)) {
      this.#break(CLOSE_CODES.protocol); // §5.5
      return;
    }
    if (length === 126) {
      if (data.length < 4) {
        this.#wants(4);
        return;
      }
      length = data.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (data.length < 10) {
        this.#wants(10);
        return;
      }
      length = Number(data.readBigUInt64BE(2));
      at = 10;
    }
    if (length + this.#fragmentBytes > this.most) {
      this.#break(CLOSE_CODES.tooBig);
      return;
    }
    if (data.length < at + 4 + length) {
      this.#wants(at + 4 + length);
      return;
    }
    const payload = Buffer.from(data.subarray(at + 4, at + 4 + length));
    for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (data[at + (i & 3)] ?? 0);
    const rest = data.subarray(at + 4 + length);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#needs = 2;
    this.#take(opcode, final, payload.toString('latin1'));
  }

  #wants(bytes: number): void {
    this.#needs = bytes;
  }

  #take(opcode: number, final: boolean, payload: Bytes): void {
    if (opcode === PING) this.#handler.pong(frame(payload, PONG));
    else if (opcode === CLOSE) this.#break(CLOSE_CODES.normal);
    else if (opcode === BINARY)
      this.#break(CLOSE_CODES.kind); // RFC 7395 §3.2: text alone
    else if (opcode !== PONG) this.#text(opcode, final, payload);
  }

  #text(opcode: number, final: boolean, payload: Bytes): void {
    const goesOn = this.#fragments.length > 0;
    if (opcode > TEXT || (opcode === TEXT) === goesOn)
      this.#break(CLOSE_CODES.protocol); // §5.4
    else if (final && !goesOn) this.#handler.message(payload);
    else {
      this.#fragments.push(payload);
      this.#fragmentBytes += payload.length;
      if (this.#fragments.length > MOST_FRAGMENTS) this.#break(CLOSE_CODES.protocol);
      else if (final) this.#whole();
    }
  }

  #whole(): void {
    const message = this.#fragments.join('');
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#handler.message(message);
  }

  #break(code: number): void {
    this.#over = true;
    this.#pieces = [];
    this.#handler.closed(code);
  }
}
