import { Packer, Unpacker } from '../link/pack.ts';

/** Datagrams of a pair of nodes. */
export const DATA = 1;
export const ACK = 2;
/** what was said could not be taken: it is to begin anew */
export const AGAIN = 3;

export interface PairLinkLimits {
  /** bytes on their way that are not acknowledged; what is more waits */
  readonly windowBytes: number;
  /** bytes that may wait and be on their way in all; beyond them the link is given up */
  readonly mostBytes: number;
  /** after so long without an acknowledgement it is sent again, milliseconds; doubles up to eight times of it */
  readonly resendMs: number;
  /** after so long without one the link is given up, milliseconds */
  readonly patienceMs: number;
}

export interface PairLinkParts {
  /** the largest datagram, bytes */
  readonly mostDatagram: number;
  /** what stands before each datagram: who sends it */
  readonly prefix: Buffer;
  readonly limits: PairLinkLimits;
  /** a clock that only goes forward, milliseconds */
  readonly clock: () => number;
  /** Writes what is still to be said before what was written leaves. */
  gather(): void;
  /** Sends a datagram; it may be lost. */
  send(datagram: Buffer): void;
  /** A whole batch has come, in its order. */
  take(batch: Unpacker): void;
  /** The other side began anew: what was known of it is void, and a first batch follows. */
  restarted(): void;
  /** What came could not be taken; the other side begins anew, if that has not happened just before. */
  fault(error: unknown): void;
  /** What waits is not delivered any more: the link began anew, with nothing in it. `notes`: those of what was lost. */
  broken(why: string, notes: readonly unknown[]): void;
}

interface Piece {
  readonly seq: number;
  readonly datagram: Buffer;
  /** how far it acknowledges */
  readonly taken: number;
}

/** it is acknowledged at the latest after so many datagrams, or with the next turn */
const ACK_EVERY = 32;
/** what is said so soon after the last batch waits so long for more, milliseconds */
const GATHER_MS = 1;
/** what can't be taken is asked for anew no more often than this, milliseconds */
const FAULTS_APART_MS = 5000;
/** what is sent again at once, bytes */
const BURST_BYTES = 1_048_576;

/**
 * One end of the link between two nodes: batches in their order, each exactly once, over a bus that may lose, with
 * sequence numbers, acknowledgements and repetition. What it holds is bounded: when the other side is silent for too
 * long, or too much waits, the link is given up, its content is the caller's to care for, and it begins anew with the
 * next epoch, which the other side takes as a start from nothing.
 */
export class PairLink {
  readonly #parts: PairLinkParts;
  #out = new Packer();
  #epoch = 1;
  #nextSeq = 1;
  /** sent and not acknowledged, then those that wait */
  #pieces: Piece[] = [];
  #gone = 0;
  /** how many of the pieces are on their way */
  #sent = 0;
  #bytes = 0;
  #firstBytes = 0;
  #flying = 0;
  #scheduled = false;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** when the oldest piece on its way was sent last, and first made progress impossible */
  #sentAt = 0;
  #progressAt = 0;
  #tries = 0;

  /** what is taken from the other side */
  #theirEpoch = 0;
  #expected = 1;
  #partial: Buffer[] = [];
  #unacknowledged = 0;
  #ackDue = false;
  /** the beginning of the other side's that held something that could not be taken */
  #faulty = 0;
  #faultAt = Number.NEGATIVE_INFINITY;
  #closed = false;
  /** what is remembered until the other side has it: behind which piece; and of what was not cut into pieces yet */
  #notes: { readonly upTo: number; readonly notes: readonly unknown[] }[] = [];
  #fresh: unknown[] = [];
  /** who waits until the other side has what was written, and this side all that was said there before */
  readonly #waiting: { readonly upTo: number; resolve(): void }[] = [];
  /** acknowledgements that overtook something said before them: it is of this number, and must come first */
  #overtaking: { readonly upTo: number; readonly last: number }[] = [];
  #heardUpTo = 0;
  /** who will, once it has left */
  #asking: (() => void)[] = [];
  readonly counters = { batches: 0, bytes: 0, resent: 0, received: 0, lost: 0, batchesIn: 0, bytesIn: 0 };

  constructor(parts: PairLinkParts) {
    this.#parts = parts;
    this.#progressAt = parts.clock();
  }

  /** which beginning of what is said this is, and of what is heard */
  get epoch(): number {
    return this.#epoch;
  }

  get theirEpoch(): number {
    return this.#theirEpoch;
  }

  /** bytes that wait or are not acknowledged */
  get backlog(): number {
    return this.#bytes + this.#out.length;
  }

  /** how long the oldest of them has been waiting for an acknowledgement, milliseconds */
  get lag(): number {
    return this.#sent === 0 ? 0 : this.#parts.clock() - this.#progressAt;
  }

  /** Where the next thing to say is written; it leaves with this turn. */
  get out(): Packer {
    if (!this.#scheduled) {
      this.#scheduled = true;
      const flush = () => {
        this.#scheduled = false;
        this.flush();
      };
      // a batch costs as much as several messages, here, at the bus and there: when many are said they are gathered
      if (this.#parts.clock() - this.#flushedAt < GATHER_MS) setTimeout(flush, GATHER_MS);
      else setImmediate(flush);
    }
    return this.#out;
  }

  /** Remembers what was written last: if the other side never gets it, that is told with the break. */
  remember(note: unknown): void {
    this.#fresh.push(note);
  }

  /** Sends what was written. */
  flush(): void {
    if (this.#closed) return;
    this.#flushedAt = this.#parts.clock();
    this.#parts.gather();
    if (this.#out.length > 0) this.#cut(this.#out.take());
    if (this.#asking.length > 0) this.#awaited();
    this.#pump();
    if (this.#ackDue) this.#acknowledge();
  }

  /** A datagram of the other side, behind its kind. */
  received(kind: number, reader: Unpacker, rest: () => Buffer): void {
    if (this.#closed) return;
    const theirs = reader.count(); // the epoch of what they acknowledge
    const upTo = reader.count();
    if (kind === AGAIN) {
      if (theirs === this.#epoch) this.breakOff('the other node could not take what it was told');
      return;
    }
    this.#acknowledged(theirs, upTo);
    if (kind !== DATA) {
      if (theirs === this.#epoch) this.#answered(upTo, reader.done ? 0 : reader.count());
      return;
    }
    const epoch = reader.count();
    const seq = reader.count();
    const more = reader.byte() === 1;
    if (epoch < this.#theirEpoch) return;
    if (epoch === this.#faulty) {
      this.#say(AGAIN);
      return;
    }
    if (epoch > this.#theirEpoch) {
      if (seq !== 1) {
        this.#soon(); // its beginning was lost: it comes again
        return;
      }
      this.#theirEpoch = epoch;
      this.#expected = 1;
      this.#partial = [];
      const overtaking = this.#overtaking.splice(0);
      this.#parts.restarted();
      for (const one of overtaking) this.#answered(one.upTo, 0);
    }
    if (theirs === this.#epoch && !more) this.#answered(upTo, seq);
    if (seq !== this.#expected) {
      if (seq > this.#expected) this.counters.lost++;
      this.#soon();
      return;
    }
    this.#expected++;
    this.counters.received++;
    this.#partial.push(rest());
    if (!more) {
      const batch = this.#partial.length === 1 ? this.#partial[0] : Buffer.concat(this.#partial);
      this.#partial = [];
      if (batch !== undefined) {
        this.counters.batchesIn++;
        this.counters.bytesIn += batch.length;
        if (!this.#take(batch)) return;
      }
    }
    while ((this.#overtaking[0]?.last ?? this.#expected) < this.#expected)
      this.#answered(this.#overtaking.shift()?.upTo ?? 0, 0);
    if (++this.#unacknowledged < ACK_EVERY) this.#soon();
    else {
      this.#ackDue = true;
      this.flush();
    }
  }

  /** False when it could not be taken, and all comes anew. */
  #take(batch: Buffer): boolean {
    try {
      this.#parts.take(new Unpacker(batch));
      return true;
    } catch (error) {
      this.#parts.fault(error);
      const now = this.#parts.clock();
      if (now - this.#faultAt < FAULTS_APART_MS) return true; // it would be the same again: the rest goes on
      this.#faultAt = now;
      this.#faulty = this.#theirEpoch;
      this.#say(AGAIN);
      return false;
    }
  }

  /** Called every now and then: repeats what was not acknowledged in time. */
  tick(): void {
    if (this.#closed || this.#sent === 0) return;
    const { limits, clock } = this.#parts;
    const now = clock();
    if (now - this.#progressAt > limits.patienceMs) {
      this.breakOff('the other node has been silent for too long');
      return;
    }
    if (now - this.#sentAt < limits.resendMs * Math.min(8, 2 ** this.#tries)) return;
    this.#tries++;
    this.#sentAt = now;
    let bytes = 0;
    for (let i = this.#gone; i < this.#gone + this.#sent && bytes < BURST_BYTES; i++) {
      const piece = this.#pieces[i];
      if (piece === undefined) break;
      bytes += piece.datagram.length;
      this.counters.resent++;
      this.#parts.send(piece.datagram);
    }
  }

  /** The other side is heard again: what it has not acknowledged is repeated at once. */
  heardAgain(): void {
    this.#tries = 0;
    this.#sentAt = Number.NEGATIVE_INFINITY;
  }

  /** Gives up what waits, and begins anew. */
  breakOff(why: string): void {
    if (this.#closed) return;
    this.#out = new Packer();
    this.#pieces = [];
    this.#gone = this.#sent = this.#bytes = this.#flying = this.#tries = 0;
    this.#epoch++;
    this.#nextSeq = 1;
    this.#heardUpTo = 0;
    this.#overtaking = [];
    this.#progressAt = this.#parts.clock();
    this.#wake(Number.POSITIVE_INFINITY);
    const notes = [...this.#notes.flatMap((one) => one.notes), ...this.#fresh];
    this.#notes = [];
    this.#fresh = [];
    this.#parts.broken(why, notes);
  }

  /**
   * Resolves when the other side has all that was written until now, or will never have it; and what it said before it had that
   * has been taken.
   */
  heard(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    void this.out; // what is to be gathered leaves with the next batch
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#wake(Number.POSITIVE_INFINITY);
  }

  #awaited(): void {
    const [asking, upTo] = [this.#asking, this.#nextSeq - 1];
    this.#asking = [];
    if (this.#heardUpTo >= upTo) for (const resolve of asking) resolve();
    else for (const resolve of asking) this.#waiting.push({ upTo, resolve });
  }

  /** The other side has what was written up to there, and had said no more than `last` before it had. */
  #answered(upTo: number, last: number): void {
    if (upTo <= this.#heardUpTo) return;
    if (last < this.#expected) {
      this.#heardUpTo = upTo;
      this.#wake(upTo);
    } else if (upTo > (this.#overtaking.at(-1)?.upTo ?? 0)) this.#overtaking.push({ upTo, last });
  }

  #wake(upTo: number): void {
    if (upTo === Number.POSITIVE_INFINITY) this.#awaited();
    while (this.#waiting[0] !== undefined && this.#waiting[0].upTo <= upTo) this.#waiting.shift()?.resolve();
  }

  #cut(batch: Buffer): void {
    const room = this.#parts.mostDatagram - this.#parts.prefix.length - 64; // what stands before a piece is shorter
    this.counters.batches++;
    this.counters.bytes += batch.length;
    if (this.#nextSeq === 1) this.#firstBytes = batch.length;
    for (let from = 0; from < batch.length; from += room) {
      const part = batch.subarray(from, from + room);
      const seq = this.#nextSeq++;
      const head = new Packer()
        .byte(DATA)
        .count(this.#theirEpoch)
        .count(this.#expected - 1)
        .count(this.#epoch)
        .count(seq)
        .byte(from + room < batch.length ? 1 : 0)
        .take();
      const datagram = Buffer.concat([this.#parts.prefix, head, part]);
      this.#pieces.push({ seq, datagram, taken: this.#expected - 1 });
      this.#bytes += datagram.length;
    }
    const upTo = this.#nextSeq - 1;
    if (this.#fresh.length > 0) {
      this.#notes.push({ upTo, notes: this.#fresh });
      this.#fresh = [];
    }
    // what it begins with is as long as it is
    if (this.#bytes > this.#parts.limits.mostBytes + this.#firstBytes)
      this.breakOff('too much waits for the other node');
  }

  #pump(): void {
    const { limits, clock, send } = this.#parts;
    for (;;) {
      const piece = this.#pieces[this.#gone + this.#sent];
      if (piece === undefined || (this.#flying > 0 && this.#flying + piece.datagram.length > limits.windowBytes))
        return;
      if (this.#sent === 0) {
        this.#progressAt = clock();
        this.#sentAt = this.#progressAt;
        this.#tries = 0;
      }
      this.#sent++;
      this.#flying += piece.datagram.length;
      if (piece.taken === this.#expected - 1) {
        this.#ackDue = false; // it says what has come
        this.#unacknowledged = 0;
      }
      send(piece.datagram);
    }
  }

  #acknowledged(epoch: number, upTo: number): void {
    if (epoch !== this.#epoch) return;
    let progress = false;
    while (this.#sent > 0) {
      const piece = this.#pieces[this.#gone];
      if (piece === undefined || piece.seq > upTo) break;
      this.#gone++;
      this.#sent--;
      this.#flying -= piece.datagram.length;
      this.#bytes -= piece.datagram.length;
      progress = true;
    }
    if (!progress) return;
    if (this.#gone > 64 && this.#gone * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#gone);
      this.#gone = 0;
    }
    if (this.#pieces.length === this.#gone) this.#bytes = 0;
    this.#progressAt = this.#sentAt = this.#parts.clock();
    this.#tries = 0;
    let known = 0;
    while ((this.#notes[known]?.upTo ?? Number.POSITIVE_INFINITY) <= upTo) known++;
    if (known > 0) this.#notes.splice(0, known);
    this.#pump();
  }

  #soon(): void {
    this.#ackDue = true;
    void this.out; // with the end of this turn, if nothing is said that carries it
  }

  #acknowledge(): void {
    this.#ackDue = false;
    this.#unacknowledged = 0;
    if (this.#faulty !== this.#theirEpoch) this.#say(ACK);
  }

  #say(kind: number): void {
    const ack = new Packer()
      .byte(kind)
      .count(this.#theirEpoch)
      .count(this.#expected - 1)
      .count(this.#nextSeq - 1) // an acknowledgement may overtake what was said before it
      .take();
    this.#parts.send(Buffer.concat([this.#parts.prefix, ack]));
  }
}
