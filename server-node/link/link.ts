import { Packer, UnpackError, Unpacker } from './pack.ts';

/** One connection between two processes, whatever carries it. */
export interface Pipe {
  /** where the other side is; undefined: on this machine, over a Unix socket */
  readonly address?: string | undefined;
  write(bytes: Buffer): void;
  /** Nothing more is written or read. */
  close(): void;
  /** Called once. */
  listen(onData: (bytes: Buffer) => void, onClose: () => void): void;
}

/** length of what follows, number of the batch, number of the last batch that was acted on: 4 + 6 + 6 bytes */
export const HEADER = 16;
/** a batch that claims to be longer is none, bytes */
const MOST_BATCH = 256 * 1024 * 1024;
/** what is gathered waits so much longer for a turn that something else has woken us for, milliseconds: a timer is one more */
const SLACK_MS = 3;
/** what is gathered for longer than a turn is not more than this, bytes */
const MOST_GATHERED = 4096;
/** what may be written and not be acted on by the other side before senders wait, bytes */
const WINDOW = 4 * 1024 * 1024;

interface Written {
  readonly number: number;
  readonly bytes: Buffer;
}

export interface LinkOptions {
  /** Acts on a whole batch. @throws UnpackError when it is none: the pipe is closed, and a new one begins behind it */
  readonly act: (batch: Unpacker) => void;
  /** The turn is over: the last frames of its batch are written. */
  readonly completes?: () => void;
  /** a pipe was closed, by whichever side */
  readonly closed: () => void;
  readonly now: () => number;
  /** how long nothing may come before the other side is held for dead, milliseconds */
  readonly deadMs: number;
  readonly window?: number;
  /** what can wait and is said so soon after the last batch waits until so long after it, milliseconds */
  readonly gatherMs?: number;
}

/**
 * What two living processes say to each other, in batches: all of one turn is one batch, and a batch is acted on whole
 * or not at all. It outlives its pipe: batches are numbered and kept until the other side has acted on them, so that over
 * the next pipe everything arrives once, in its order. The bytes that are kept are the measure of what is under way.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #window: number;
  readonly #packer = new Packer();
  #kept: Written[] = [];
  #keptBytes = 0;
  #sent = 0;
  #acted = 0;
  #told = 0;
  #untoldBytes = 0;
  #pipe: Pipe | undefined;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #scheduled = false;
  #gathering: ReturnType<typeof setTimeout> | undefined;
  readonly #gatherMs: number;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #heardAt = 0;
  #wroteAt = 0;
  #waiting: (() => void)[] = [];
  #withheld = false;
  /** bytes and batches written, for metrics */
  readonly traffic = { bytes: 0, batches: 0 };

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#window = options.window ?? WINDOW;
    this.#gatherMs = options.gatherMs ?? 0;
  }

  /** the last batch that was acted on here */
  get acted(): number {
    return this.#acted;
  }

  get connected(): boolean {
    return this.#pipe !== undefined;
  }

  /** bytes that the other side has not acted on */
  get underWay(): number {
    return this.#keptBytes + this.#packer.length;
  }

  /** Where frames are written; what is written in this turn leaves at its end. */
  get out(): Packer {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
    if (this.#packer.length === 0) this.#packer.gap(HEADER);
    return this.#packer;
  }

  /**
   * Where frames are written that nobody waits for by the hundredth of a second. At some hundred a second the price of a batch is
   * that it wakes the other process, and its answer this one: more than all that is done with it.
   */
  get later(): Packer {
    if (this.#gatherMs === 0 || this.#packer.length > MOST_GATHERED) return this.out;
    if (!this.#scheduled) {
      const rest = Math.min(this.#gatherMs, this.#flushedAt + this.#gatherMs - this.#options.now());
      if (rest <= 0) return this.out;
      this.#gathering ??= setTimeout(() => this.flush(), rest + SLACK_MS);
    }
    if (this.#packer.length === 0) this.#packer.gap(HEADER);
    return this.#packer;
  }

  /** Undefined when there is room for more; else resolves when there is. */
  room(): Promise<void> | undefined {
    if (this.underWay <= this.#window) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get full(): boolean {
    return this.underWay > this.#window;
  }

  /** The other side may not send more before this is lifted: what it is for can't take it. */
  withhold(withheld: boolean): void {
    if (this.#withheld === withheld) return;
    this.#withheld = withheld;
    if (!withheld) this.#tellActed();
  }

  /** What the other side may not have acted on, in its order: the numbers of batches, and what they say. */
  *kept(): Iterable<readonly [number: number, content: Unpacker]> {
    this.flush();
    for (const { number, bytes } of this.#kept) yield [number, new Unpacker(bytes.subarray(HEADER))];
  }

  flush(): void {
    this.#options.completes?.();
    this.#scheduled = false;
    if (this.#gathering !== undefined) clearTimeout(this.#gathering);
    this.#gathering = undefined;
    if (this.#gatherMs > 0) this.#flushedAt = this.#options.now();
    if (this.#packer.length <= HEADER) return;
    const bytes = this.#packer.take();
    bytes.writeUInt32BE(bytes.length - 4, 0);
    bytes.writeUIntBE(++this.#sent, 4, 6);
    this.#kept.push({ number: this.#sent, bytes });
    this.#keptBytes += bytes.length;
    this.#write(bytes);
  }

  #write(bytes: Buffer): void {
    if (this.#pipe === undefined) return;
    if (!this.#withheld) {
      this.#told = this.#acted;
      this.#untoldBytes = 0;
    }
    bytes.writeUIntBE(this.#told, 10, 6);
    this.#wroteAt = this.#options.now();
    this.traffic.bytes += bytes.length;
    this.traffic.batches++;
    this.#pipe.write(bytes);
  }

  #tellActed(): void {
    const bytes = Buffer.alloc(HEADER);
    bytes.writeUInt32BE(HEADER - 4, 0);
    this.#write(bytes);
  }

  /** Goes on over a pipe; `acted`: the last batch that the other side has acted on, `rest`: what came with its hello. */
  attach(pipe: Pipe, acted: number, rest: Buffer): void {
    this.#pipe = pipe;
    this.#heardAt = this.#options.now();
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#acknowledged(acted);
    for (const { bytes } of this.#kept) this.#write(bytes);
    if (rest.length > 0) this.received(pipe, rest);
  }

  /** Bytes have come by a pipe. */
  received(pipe: Pipe, data: Buffer): void {
    if (pipe !== this.#pipe) return;
    this.#heardAt = this.#options.now();
    this.#pieces.push(data);
    this.#pieceBytes += data.length;
    try {
      this.#batches();
    } catch (error) {
      if (!(error instanceof UnpackError)) throw error;
      this.drop();
    }
  }

  #batches(): void {
    while (this.#pieceBytes >= HEADER) {
      const first = this.#pieces[0];
      if (first === undefined) return;
      let all = first;
      if (first.length < 4 || (this.#pieces.length > 1 && this.#pieceBytes >= first.readUInt32BE(0) + 4)) {
        all = Buffer.concat(this.#pieces);
        this.#pieces = [all];
      }
      const length = all.readUInt32BE(0) + 4;
      if (length < HEADER || length > MOST_BATCH) throw new UnpackError(`a batch of ${length} bytes`);
      if (all.length < length) return;
      this.#pieces[0] = all.subarray(length);
      this.#pieceBytes -= length;
      if (this.#pieceBytes === 0) this.#pieces = [];
      this.#acknowledged(all.readUIntBE(10, 6));
      this.#act(all.readUIntBE(4, 6), all.subarray(HEADER, length));
    }
  }

  #act(number: number, content: Buffer): void {
    if (content.length === 0 || number <= this.#acted) return;
    if (number !== this.#acted + 1) throw new UnpackError('a batch is missing');
    this.#acted = number;
    this.#untoldBytes += content.length;
    this.#options.act(new Unpacker(content));
    if (this.#untoldBytes > this.#window / 4 && !this.#withheld) this.#tellActed();
  }

  #acknowledged(number: number): void {
    let gone = 0;
    while (gone < this.#kept.length && (this.#kept[gone]?.number ?? 0) <= number) {
      this.#keptBytes -= this.#kept[gone]?.bytes.length ?? 0;
      gone++;
    }
    if (gone > 0) this.#kept.splice(0, gone);
    if (this.#waiting.length === 0 || this.underWay > this.#window / 2) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Nobody will read it any more: whoever waits for room goes on. */
  abandon(): void {
    this.drop();
    this.#kept = [];
    this.#keptBytes = 0;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** The pipe is gone, or is to go. */
  drop(pipe = this.#pipe): void {
    if (pipe === undefined || pipe !== this.#pipe) return;
    this.#pipe = undefined;
    pipe.close();
    this.#options.closed();
  }

  /** Called every second or so: says that it lives, and notices when the other side does not. */
  tick(): void {
    if (this.#pipe === undefined) return;
    const now = this.#options.now();
    if (now - this.#heardAt > this.#options.deadMs) this.drop();
    else if (now - this.#wroteAt >= this.#options.deadMs / 5 || (this.#told < this.#acted && !this.#withheld))
      this.#tellActed();
  }
}
