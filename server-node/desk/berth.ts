import { KIND, TO_EDGE } from '../link/edge-frames.ts';
import type { Packer } from '../link/pack.ts';
import { type Debt, type Fate, type Outlet, offlineKey, type Session } from '../router/session.ts';
import { Debts } from '../stream/debts.ts';
import type { Kept, Unacknowledged } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import { readTag } from '../xml/tag.ts';
import type { DeskCore } from './desk-core.ts';
import type { Departure, Handover } from './handover.ts';

/** What the link to the edge takes. */
export interface Quay {
  /** frames of this turn */
  readonly out: Packer;
  readonly core: DeskCore;
  /** has more to say at the end of the turn */
  dirty(berth: Berth): void;
  /** a stanza that goes to many in a row is written once */
  deliver(session: number, bytes: Bytes): void;
  askDrained(session: number): Promise<void>;
  /** Something was thrown that nobody expects. */
  fault(error: unknown): void;
  /** Its session goes on at another core. Answers with what was said to its edge and did not come there. */
  parted(berth: Berth, acted: number | undefined): readonly Bytes[];
}

/** A message that an edge was given, until it says what became of it. */
interface Given {
  readonly bytes: Bytes;
  readonly at: number;
  readonly fate: Fate | undefined;
  /** where it lies whatever happens here, or '' */
  readonly key: string;
  kept: Kept | undefined;
}

type Work =
  | { readonly kind: 'stanza'; readonly raw: Bytes; readonly maybe: boolean }
  | { readonly kind: 'call'; readonly run: () => void };

const original = (fate: Fate | undefined): Bytes | undefined =>
  fate !== undefined && 'original' in fate ? (fate.original as Bytes) : undefined;

/** Where a session whose client is at an edge of another process lies in the core: its outlet, and its stanzas in their order. */
export class Berth implements Outlet {
  readonly number: number;
  #quay: Quay;
  readonly #account: string;
  session: Session | undefined;
  managed = false;
  waiting = false;
  readonly #given = new Map<number, Given>();
  #next: number;
  #work: Work[] = [];
  #busy = false;
  /** stanzas of its client: begun; all handled up to there; told to be; and handled beyond, out of their order */
  #begun: number;
  #handled: number;
  #confirmed: number;
  readonly #beyond = new Set<number>();
  #news: number[] | undefined;
  /** what holds the answers back, in all and by the stanza that caused it */
  #holds = 0;
  readonly #holdsOf = new Map<number, number>();
  #held: (() => void)[] = [];
  #debts: Debts | undefined;
  #over = false;
  #packed: readonly unknown[] = [];
  /** what the core before this one says that it has handled of what may be handled */
  #before: Pick<Handover, 'handled' | 'beyond'> | undefined;

  constructor(quay: Quay, number: number, account: string, handled = 0, next = 1) {
    this.#quay = quay;
    this.number = number;
    this.#account = account;
    this.#begun = handled;
    this.#handled = handled;
    this.#confirmed = handled;
    this.#next = next;
  }

  // what the router says

  send(bytes: Bytes, fate?: Fate): Promise<unknown> | Debt | undefined {
    if (!this.managed || this.#over || !bytes.startsWith('<message')) {
      if (!this.#over || !this.managed) fate?.taken(); // without stream management what was written is all that can be known
      this.#say(() => this.#quay.deliver(this.number, bytes));
      return undefined;
    }
    const number = this.#next++;
    const at = this.#quay.core.now();
    const whole = original(fate);
    // what lies elsewhere has its place there whatever happens here
    const put = () => this.#quay.core.safe.put(this.#account, { bytes, at });
    const key = (fate !== undefined && whole === undefined ? fate.keep(put)?.key : undefined) ?? '';
    const given: Given = { bytes, at, fate, key, kept: undefined };
    this.#given.set(number, given);
    const elsewhere = fate !== undefined && (whole === undefined || whole !== bytes);
    this.#say(() => {
      const kind = elsewhere ? KIND.elsewhere : KIND.own;
      const { out } = this.#quay;
      out.byte(TO_EDGE.message).count(this.number).byte(kind).count(number).text(key).bytes(bytes);
    });
    return new Owed(this, number, this.waiting ? this.#secure(given) : undefined);
  }

  owe(debt: Debt): void {
    if (!this.managed) return; // without stream management it is never told
    this.#debts ??= new Debts();
    this.#debts.owe(debt);
  }

  hold(until: Promise<unknown>): void {
    const cause = this.#begun;
    this.#holds++;
    this.#holdsOf.set(cause, (this.#holdsOf.get(cause) ?? 0) + 1);
    const release = () => {
      this.#holds--;
      this.#released(cause);
      if (this.#holds === 0) for (const say of this.#held.splice(0)) say();
    };
    until.then(release, release);
  }

  #released(cause: number): void {
    const left = (this.#holdsOf.get(cause) ?? 1) - 1;
    if (left > 0) this.#holdsOf.set(cause, left);
    else {
      this.#holdsOf.delete(cause);
      if (cause < this.#begun || !this.#busy) this.#safe(cause);
    }
  }

  async drained(): Promise<void> {
    if (this.#over) return;
    await new Promise<void>((resolve) => this.#say(() => void this.#quay.askDrained(this.number).then(resolve)));
  }

  charge(recipients: number): void {
    this.#quay.out.byte(TO_EDGE.charge).count(this.number).count(recipients);
  }

  end(condition: string, text = ''): void {
    this.#say(() => void this.#quay.out.byte(TO_EDGE.end).count(this.number).text(condition).text(text));
  }

  /** Nothing is said to the edge while something has to be on disk first. */
  #say(frame: () => void): void {
    if (this.#holds > 0) this.#held.push(frame);
    else frame();
  }

  // what the edge says

  /** The next stanza of its client; `maybe`: an earlier core may have handled it. */
  take(raw: Bytes, maybe: boolean): void {
    this.#do({ kind: 'stanza', raw, maybe });
  }

  /** Nothing is handled before that. */
  wait(until: Promise<unknown>): void {
    this.#busy = true;
    const goOn = () => this.#goOn();
    until.then(goOn, goOn);
  }

  /** Done once all stanzas before are handled. */
  afterwards(run: () => void): void {
    this.#do({ kind: 'call', run });
  }

  #do(work: Work): void {
    this.#work.push(work);
    if (!this.#busy) this.#goOn();
  }

  #goOn(): void {
    this.#busy = true;
    for (let work = this.#work.shift(); work !== undefined; work = this.#work.shift()) {
      if (work.kind === 'call') {
        work.run();
        continue;
      }
      this.#begun++;
      const done = this.#handle(work.raw, work.maybe);
      if (done !== undefined) {
        const next = () => {
          this.#done();
          this.#goOn();
        };
        done.then(next, next);
        return;
      }
      this.#done();
    }
    this.#busy = false;
  }

  #handle(raw: Bytes, maybe: boolean): void | Promise<void> {
    const { session } = this;
    const tag = raw === '' ? undefined : readTag(raw, 0, Number.POSITIVE_INFINITY);
    if (session === undefined || session.closed || tag === undefined) return;
    if (maybe && this.#isHandled(this.#begun)) return;
    const { core } = this.#quay;
    try {
      return maybe ? core.again(session, tag, raw) : core.receive(session, tag, raw);
    } catch (error) {
      // a bug that this stanza meets: it is no reason to stop with the session, nor with others
      this.#quay.fault(error);
    }
  }

  #isHandled(number: number): boolean {
    return this.#before !== undefined && (number <= this.#before.handled || this.#before.beyond.includes(number));
  }

  /** The stanza is handled; what it causes may have to be on disk yet. */
  #done(): void {
    if (this.#holdsOf.has(this.#begun)) this.#quay.dirty(this);
    else this.#safe(this.#begun);
  }

  /** Another core need not do it again. Each by itself: one that waits for a disk must not make others be done twice. */
  #safe(number: number): void {
    if (number <= this.#handled || this.#beyond.has(number)) return;
    if (number === this.#handled + 1) {
      this.#handled++;
      while (this.#beyond.delete(this.#handled + 1)) this.#handled++;
    } else {
      this.#beyond.add(number);
      this.#news = [...(this.#news ?? []), number];
    }
    this.#quay.dirty(this);
  }

  /** At the end of the turn: how far it is, and what the next core would need to know. */
  complete(): void {
    const { out, core } = this.#quay;
    const { session } = this;
    if (session !== undefined && !session.closed) {
      const marks = core.marks(session);
      if (marks.some((mark, i) => mark !== this.#packed[i])) {
        this.#packed = marks;
        out
          .byte(TO_EDGE.capsule)
          .count(this.number)
          .text(JSON.stringify(core.pack(session)));
      }
    }
    const beyond = this.#news?.filter((number) => number > this.#handled) ?? [];
    this.#news = undefined;
    if (this.#handled === this.#confirmed && beyond.length === 0) return;
    this.#confirmed = this.#handled;
    out.byte(TO_EDGE.confirmed).count(this.number).count(this.#handled).count(beyond.length);
    for (const number of beyond) out.count(number);
  }

  /** Resolves when what its client was not told of yet may be told. */
  discharge(answer: () => void): void {
    this.afterwards(() => {
      const owed = this.#debts?.discharge();
      const recovered = this.#quay.core.recovering();
      const say = () => this.#say(answer);
      if (owed === undefined && recovered === undefined) say();
      else void Promise.allSettled([owed, recovered]).then(say);
    });
  }

  taken(number: number): void {
    const given = this.#given.get(number);
    if (given === undefined) return;
    this.#given.delete(number);
    given.fate?.taken();
    if (given.fate === undefined) given.kept?.drop();
  }

  /** Whether a message has arrived, or is nobody's business any more. */
  settled(number: number): boolean {
    return !this.#given.has(number);
  }

  async keep(number: number): Promise<void> {
    const given = this.#given.get(number);
    if (given !== undefined) await this.#secure(given);
  }

  /** Puts all that has not arrived on disk. */
  async keepAll(): Promise<void> {
    await Promise.all([...this.#given.values()].map((given) => this.#secure(given)));
  }

  async #secure(given: Given): Promise<unknown> {
    const { fate, bytes, at } = given;
    if (given.kept === undefined) {
      const put = () => this.#quay.core.safe.put(this.#account, { bytes: original(fate) ?? bytes, at });
      given.kept = fate === undefined ? put() : fate.keep(put);
    }
    return given.kept?.stored;
  }

  /** A message that a dead core gave. `kept`: where it lies on disk */
  regive(number: number, bytes: Bytes, at: number, fate: Fate | undefined, key: string, kept: Kept | undefined): void {
    this.#given.set(number, { bytes, at, fate, key, kept });
    this.#next = Math.max(this.#next, number + 1);
  }

  /**
   * Its edge has taken its session to another core. When what its client sent is handled and safe it is over here, and nobody is
   * told: what the edge has is for the next core to see to, the rest goes there, or where messages wait.
   */
  async letGo(departure: Departure): Promise<Handover | undefined> {
    const { session } = this;
    const { core } = this.#quay;
    await this.#settled();
    await core.informed(); // what it sent before goes before what it sends from there
    await this.#settled();
    if (this.#over || session === undefined || session.closed) return undefined;
    this.#over = true;
    // another core than this had it last, and numbered what it sent by itself: what that was is not known here
    const acted = departure.from?.core === core.id ? departure.from?.acted : undefined;
    const stanzas = this.#quay.parted(this, acted);
    const back = this.#leave(session, acted === undefined ? 0 : departure.nextMessage);
    const handover = {
      capsule: core.pack(session),
      view: core.view?.(session),
      handled: this.#handled,
      beyond: [...this.#beyond],
      stanzas,
    };
    const left = core.moveAway(session);
    await Promise.all([left, core.undelivered(session, back)]);
    return handover;
  }

  /** All that its client sent is handled and safe. */
  async #settled(): Promise<void> {
    for (;;) {
      await new Promise<void>((done) => this.afterwards(() => this.#say(done)));
      const owed = this.#debts?.discharge();
      if (owed === undefined) return;
      await Promise.allSettled([owed]);
    }
  }

  /** What its client was given, from `unseen` on without its edge. Answers with what goes where messages wait. */
  #leave(session: Session, unseen: number): Unacknowledged[] {
    const back: Unacknowledged[] = [];
    for (const [number, { fate, bytes, at, key, kept }] of this.#given) {
      if (number >= unseen) {
        const offline = offlineKey.read(key);
        if (offline !== undefined) session.given?.delete(offline.id); // it lies there, and was not sent
        if (fate === undefined || fate.lost()) back.push({ bytes: original(fate) ?? bytes, at });
        if (fate === undefined) kept?.drop();
      } else if (key !== '') this.#quay.core.forget(key);
      else if (fate === undefined) kept?.drop();
      else if (original(fate) === bytes) fate.taken();
      else if (fate.lost()) back.push({ bytes: original(fate) ?? bytes, at });
    }
    this.#given.clear();
    return back;
  }

  /** What the core before this one had of it. */
  goesOn({ handled, beyond, stanzas }: Handover): void {
    this.#before = { handled, beyond };
    for (const bytes of stanzas) this.send(bytes);
  }

  /**
   * It is over. `lost`: what its client did not take, and from `unseen` on nothing has come to it; `left`: the same of what
   * had no number. Resolves when all is where messages wait.
   */
  async close(lost: readonly number[], unseen: number, left: readonly Unacknowledged[] = []): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const back: Unacknowledged[] = [];
    for (const number of [...lost, ...[...this.#given.keys()].filter((one) => one >= unseen)]) {
      const given = this.#given.get(number);
      if (given === undefined) continue;
      this.#given.delete(number);
      const { fate, bytes, at, kept } = given;
      if (fate === undefined) kept?.drop();
      if (fate === undefined || fate.lost()) back.push({ bytes: original(fate) ?? bytes, at });
    }
    for (const number of [...this.#given.keys()]) this.taken(number); // it took the rest
    const { session } = this;
    if (session === undefined) return;
    const { core } = this.#quay;
    const closed = core.close(session);
    await Promise.all([closed, core.undelivered(session, [...back, ...left])]);
  }
}

/** A message that an edge has, by its number. */
class Owed implements Debt {
  readonly #berth: Berth;
  readonly #number: number;
  readonly kept: Promise<unknown> | undefined;

  constructor(berth: Berth, number: number, kept: Promise<unknown> | undefined) {
    this.#berth = berth;
    this.#number = number;
    this.kept = kept;
  }

  get settled(): boolean {
    return this.#berth.settled(this.#number);
  }

  secure(): Promise<unknown> {
    return this.#berth.keep(this.#number);
  }
}
