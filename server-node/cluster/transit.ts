import { type Fate, KEPT_ELSEWHERE } from '../router/session.ts';
import type { Debt, Kept, Unacknowledged } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Jid } from '../xmpp/jid.ts';

/** Where copies lie; `also`: the numbers of all devices that a message is on its way to, when there are several. */
export interface CopySafe {
  put(account: string, stanza: Unacknowledged, key: string, also: readonly number[] | undefined): Kept;
  /** Removes one, whosever it is. */
  drop(key: string): void;
}

export interface TransitParts {
  /** this run of this node: no two runs make the same keys */
  readonly run: string;
  readonly safe: CopySafe;
  /** Gives back what nobody has got; resolves when it is safe elsewhere. */
  undelivered(jid: Jid, stanzas: readonly Unacknowledged[]): Promise<void>;
  readonly now: () => number;
}

interface Entry extends Unacknowledged {
  readonly jid: Jid;
  readonly receipt: (Fate & { readonly original?: Bytes }) | undefined;
  /** the run that it was sent to */
  holder: string;
  kept: Kept | undefined;
  returning: Promise<void> | undefined;
}

/** Where a message lies on disk while its recipient's node has not said what became of it. */
export const transitKey = {
  of: (run: string, number: number): string => `${run}!${number}`,
  read(key: string): { readonly run: string; readonly number: number } | undefined {
    const [run, number] = key.split('!');
    return run === undefined || number === undefined || !/^\d+$/.test(number)
      ? undefined
      : { run, number: Number(number) };
  },
};

/**
 * Messages and requests on their way to sessions of other nodes. This node is responsible for each until the other says
 * what became of it: then it is forgotten, or goes where it would have gone without that session. A node that dies loses
 * nothing that was sent to it.
 */
export class Transit {
  readonly #parts: TransitParts;
  readonly #open = new Map<number, Entry>();
  /** of what goes to several devices: the numbers under which it is on its way */
  readonly #shares = new WeakMap<Fate, readonly number[]>();
  #last = 0;

  constructor(parts: TransitParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The numbers of what is on its way to a run. */
  sentTo(holder: string): number[] {
    return [...this.#open].flatMap(([number, entry]) => (entry.holder === holder ? [number] : []));
  }

  /** Follows one; answers its number. */
  follow(holder: string, jid: Jid, bytes: Bytes, receipt: Fate | undefined, at = this.#parts.now()): number {
    const number = ++this.#last;
    const entry = { jid, bytes, receipt, at, holder, kept: undefined, returning: undefined };
    this.#open.set(number, entry);
    if (receipt !== undefined && receipt !== KEPT_ELSEWHERE)
      this.#shares.set(receipt, [...(this.#shares.get(receipt) ?? []), number]);
    return number;
  }

  /**
   * A session goes to another node with a message that other devices here and elsewhere have a share in: what becomes of it is
   * decided here. Answers the key by which that node tells.
   */
  lend(jid: Jid, { bytes, at }: Unacknowledged, receipt: Fate & { readonly original?: Bytes }): string {
    const number = this.follow(this.#parts.run, jid, bytes, receipt, at);
    const entry = this.#open.get(number);
    // who clears up after this node must know of all who may have it
    if (receipt.key !== undefined && entry !== undefined)
      this.#parts.safe.put(jid.local, { bytes: receipt.original ?? bytes, at }, receipt.key, this.numbersOf(receipt));
    return transitKey.of(this.#parts.run, number);
  }

  /** What is owed to its sender. */
  debt(number: number): Debt {
    return new InTransit(this, number);
  }

  /** Its fate is not known yet. */
  has(number: number): boolean {
    return this.#open.has(number);
  }

  /** Its client was sent it, and acknowledges nothing. */
  passed(number: number): void {
    const entry = this.#open.get(number);
    this.#open.delete(number);
    if (entry?.receipt?.passed !== undefined)
      entry.receipt.passed(); // another device's copy may lie there too
    else entry?.kept?.drop();
  }

  /** Its client has it. */
  taken(number: number): void {
    const entry = this.#open.get(number);
    this.#open.delete(number);
    if (entry?.receipt !== undefined) entry.receipt.taken();
    else entry?.kept?.drop();
  }

  /** Its client will not get it. */
  lost(number: number): Promise<void> {
    const entry = this.#open.get(number);
    if (entry === undefined) return Promise.resolve();
    return entry.returning ?? this.#return([[number, entry]]);
  }

  /** A session went from a node that had got what was sent up to a number: what was sent to it later goes elsewhere, in its order. */
  tooLate(holder: string, jid: string, upTo: number): void {
    const late = [...this.#open].filter(
      ([number, entry]) =>
        number > upTo && entry.holder === holder && entry.returning === undefined && entry.jid.wire === jid,
    );
    void this.#return(late);
  }

  /** It should lie on disk: resolves when it does; undefined when it does elsewhere, or is nobody's affair any more. */
  keep(number: number): Promise<unknown> | undefined {
    const entry = this.#open.get(number);
    if (entry === undefined || !entry.bytes.startsWith('<message')) return undefined;
    if (entry.returning !== undefined) return entry.returning;
    const put = () => {
      const bytes = entry.receipt?.original ?? entry.bytes;
      const stanza = { bytes, at: entry.at };
      return this.#parts.safe.put(
        entry.jid.local,
        stanza,
        transitKey.of(this.#parts.run, number),
        this.numbersOf(entry.receipt),
      );
    };
    if (entry.kept === undefined) {
      const kept = entry.receipt === undefined ? put() : entry.receipt.keep(put);
      entry.kept = kept;
      kept?.stored.catch(() => {
        if (entry.kept === kept) entry.kept = undefined; // it is not there, and may be tried again
      });
    }
    return entry.kept?.stored ?? entry.receipt?.stored;
  }

  /** The numbers under which a message is on its way to devices of other nodes, when it goes to several; undefined: to none. */
  numbersOf(receipt: Fate | undefined): readonly number[] | undefined {
    return receipt === undefined ? undefined : this.#shares.get(receipt);
  }

  /** It went with its session to another node. */
  moved(number: number, holder: string): void {
    const entry = this.#open.get(number);
    if (entry !== undefined) entry.holder = holder;
  }

  /** A node is gone, or out of reach for too long: what it was sent goes elsewhere. */
  async abandon(holder: string, which: (number: number) => boolean = () => true): Promise<void> {
    const mine = [...this.#open].filter(
      ([number, entry]) => entry.holder === holder && entry.returning === undefined && which(number),
    );
    await this.#return(mine);
  }

  /** In one turn, so that their order stays. */
  async #return(entries: readonly [number, Entry][]): Promise<void> {
    await Promise.all(
      entries.map(([number, entry]) => {
        const { receipt, kept, bytes, jid, at } = entry;
        if (receipt === undefined) kept?.drop();
        const lost = receipt === undefined || receipt.lost();
        const stanza = { bytes: receipt?.original ?? bytes, at };
        const back = lost ? this.#parts.undelivered(jid, [stanza]) : Promise.resolve();
        const over = () => void this.#open.delete(number);
        entry.returning = back.then(over, over);
        return entry.returning;
      }),
    );
  }
}

/** A message on its way, as its sender's session knows it. */
class InTransit implements Debt {
  readonly #transit: Transit;
  readonly #number: number;

  constructor(transit: Transit, number: number) {
    this.#transit = transit;
    this.#number = number;
  }

  get settled(): boolean {
    return !this.#transit.has(this.#number);
  }

  secure(): Promise<unknown> {
    return this.#transit.keep(this.#number) ?? Promise.resolve();
  }
}
