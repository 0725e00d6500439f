import type { Packer, Unpacker } from '../link/pack.ts';
import type { Blocklists } from '../router/blocklists.ts';
import type { Debt, Fate, Session } from '../router/session.ts';
import { KEPT_ELSEWHERE } from '../router/session.ts';
import type { Sessions } from '../router/sessions.ts';
import type { Bytes } from '../xml/chars.ts';
import { FATE, FOLLOW, FRAME } from './frames.ts';
import { Held } from './held.ts';
import type { LocalSessions } from './local-sessions.ts';
import { Meter } from './meter.ts';
import type { PairLink } from './pair-link.ts';
import { Questions } from './questions.ts';
import type { RemoteSession, Way } from './remote-session.ts';
import { Replica, type ReplicaNews } from './replica.ts';
import { type Transit, transitKey } from './transit.ts';

/** What one node of a cluster has for all the others. */
export interface NodeParts extends ReplicaNews {
  readonly domain: string;
  readonly sessions: Sessions;
  readonly local: LocalSessions;
  readonly blocklists: Blocklists;
  readonly transit: Transit;
  /** a clock that only goes forward, milliseconds */
  readonly clock: () => number;
  /** how long what may have arrived there waits for its word, once the link was given up, milliseconds */
  readonly uncertainMs: number;
  /** A message has arrived: what another node has of it on disk goes. */
  dropCopy(key: string): void;
  /** Answers what another node asks. */
  answer(from: OtherNode, what: string, body: unknown): Promise<unknown>;
  told(from: OtherNode, what: string, body: unknown): void;
  /** A session's end was asked for. */
  close(session: Session): void;
  /** A session bound here and there at the same time: the newer one stays. */
  twice(mine: Session, theirs: RemoteSession): void;
  onFault(error: unknown, what: string): void;
}

/** a node that does not answer for so long is asked again, or is given up meanwhile, milliseconds */
const DOUBT_MS = 60_000;
/** so long without an acknowledgement it is out of reach for now, milliseconds */
const SILENT_MS = 1000;

interface Fan {
  readonly head: Bytes;
  readonly tail: Bytes;
  readonly ids: number[];
}

/** Another node of the domain: its sessions, and what is said to it and heard of it. */
export class OtherNode implements Way {
  readonly run: string;
  readonly name: string;
  readonly #parts: NodeParts;
  readonly link: PairLink;
  readonly replica: Replica;
  readonly questions = new Questions();
  /** stanzas of its sessions that sessions here have not acknowledged */
  readonly held: Held;
  /** sessions that were given to it, which it has not said it has */
  readonly given = new Map<string, unknown>();
  /** fates that it was told and has not heard: they are told again */
  #unheard: (readonly [number: number, fate: number])[] = [];
  /** what was on its way to it when the link was given up: it may have it */
  #uncertain: { readonly numbers: readonly number[]; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  #fan: Fan | undefined;
  /** it has been told all our sessions: what is new can be told it */
  begun = false;
  /** the last number that it sent something under */
  receivedUpTo = 0;
  /** when it was heard first, by our clock */
  metAt = 0;
  readonly counters = { delivered: 0, received: 0 };
  /** how much goes to and fro of late */
  readonly meter: Meter;

  constructor(run: string, name: string, parts: NodeParts, link: (node: OtherNode) => PairLink) {
    this.run = run;
    this.name = name;
    this.#parts = parts;
    this.held = new Held(run, (number, fate) => this.#tellFate(number, fate));
    this.replica = new Replica(parts.domain, parts.sessions, parts.blocklists, this, parts);
    this.link = link(this);
    this.meter = new Meter(() => {
      const { batches, bytes, batchesIn, bytesIn } = this.link.counters;
      const { delivered, received } = this.counters;
      const stanzas = { stanzasOut: delivered, stanzasIn: received };
      return { ...stanzas, batchesOut: batches, batchesIn, bytesOut: bytes, bytesIn };
    }, parts.clock());
  }

  /** Where the next thing to say to it is written. What is new of our sessions stands before it. */
  say(): Packer {
    this.#parts.local.settle();
    this.#endFan();
    return this.link.out;
  }

  /** Called before what was gathered leaves. */
  gather(): void {
    if (!this.begun) return;
    this.#parts.local.settle();
    this.#endFan();
  }

  /** Tells it all our sessions. From now on it is told what is new. */
  begin(): void {
    this.begun = true;
    this.#parts.local.snapshot(this.link.out);
    this.replica.show();
    this.#sayWeTell();
    for (const [number, fate] of this.#unheard.splice(0)) this.#tellFate(number, fate);
    if (this.#uncertain !== undefined) this.#askWhatItHas();
  }

  /**
   * Once all its sessions are known here, and can be sent to: from then on its clients are told by us what is new of ours, and it
   * need not do that itself. Said of the beginning of its link that we know, which may be over by then.
   */
  #sayWeTell(): void {
    if (this.begun && this.replica.whole) this.tell('tells', this.link.theirEpoch);
  }

  /** It has not heard in time what is new of our sessions: until it says that it has, what is new of its own may miss some of them. */
  doubt(): void {
    const doubts = ++this.#doubts;
    this.replica.doubted();
    const over = () => {
      if (doubts === this.#doubts && this.begun) this.replica.tells();
    };
    this.ask('holds', [], DOUBT_MS).then(over, () => {
      if (doubts === this.#doubts && this.begun) this.doubt();
    });
  }
  #doubts = 0;

  #tellFate(number: number, fate: number): void {
    // if it dies before it hears that, nobody may know any more that its copy on disk has arrived
    if (fate === FATE.taken && (!this.begun || this.link.lag > SILENT_MS))
      this.#parts.dropCopy(transitKey.of(this.run, number));
    this.say().byte(FRAME.fate).count(number).byte(fate);
    this.link.remember([number, fate]);
  }

  deliver(session: RemoteSession, bytes: Bytes, receipt: Fate | undefined): Debt | undefined {
    this.counters.delivered++;
    const out = this.say().byte(FRAME.deliver).count(session.id);
    if (bytes.startsWith('<presence')) {
      out.byte(FOLLOW.alone).bytes(bytes);
      return undefined;
    }
    if (receipt === KEPT_ELSEWHERE) {
      out.byte(FOLLOW.elsewhere).bytes(bytes);
      return undefined;
    }
    const number = this.#parts.transit.follow(this.run, session.jid, bytes, receipt);
    out.byte(FOLLOW.followed).count(number).bytes(bytes);
    return bytes.startsWith('<message') ? this.#parts.transit.debt(number) : undefined;
  }

  fan(id: number, head: Bytes, tail: Bytes): void {
    this.counters.delivered++;
    const fan = this.#fan;
    if (fan !== undefined && fan.tail === tail && fan.head === head) {
      fan.ids.push(id);
      return;
    }
    this.say();
    this.#fan = { head, tail, ids: [id] };
  }

  end(id: number, condition: string, text: string | undefined): void {
    this.say()
      .byte(FRAME.end)
      .count(id)
      .text(condition)
      .text(text ?? '');
  }

  gone(id: number): Promise<void> {
    // one that has not answered for a while is not waited for: its session ends when it hears of that
    return this.link.lag > SILENT_MS ? Promise.resolve() : this.replica.gone(id);
  }

  /** @throws when it does not answer */
  ask(what: string, body: unknown, timeoutMs = 5000): Promise<unknown> {
    return this.questions.ask(timeoutMs, (number) => {
      this.say().byte(FRAME.ask).count(number).text(what).text(JSON.stringify(body));
    });
  }

  tell(what: string, body: unknown): void {
    this.say().byte(FRAME.tell).text(what).text(JSON.stringify(body));
  }

  /**
   * What we had to say was not heard, and it may be out of reach: its sessions are none for now. It may have what we sent it, and
   * give it to its clients: only when it says that it has not, or nothing for long, does that go elsewhere.
   */
  broken(notes: readonly unknown[]): void {
    this.#unheard.push(...(notes as (readonly [number, number])[]));
    this.begun = false;
    this.#fan = undefined;
    this.replica.hide();
    this.questions.end('the other node is out of reach');
    const numbers = [...new Set([...(this.#uncertain?.numbers ?? []), ...this.#parts.transit.sentTo(this.run)])];
    clearTimeout(this.#uncertain?.timer);
    this.#uncertain = { numbers, timer: setTimeout(() => this.#giveUp(), this.#parts.uncertainMs) };
  }

  #giveUp(has: ReadonlySet<number> = new Set()): void {
    const uncertain = this.#uncertain;
    if (uncertain === undefined) return;
    clearTimeout(uncertain.timer);
    this.#uncertain = undefined;
    this.#parts.transit
      .abandon(this.run, (number) => !has.has(number) && uncertain.numbers.includes(number))
      .catch((error: unknown) => this.#parts.onFault(error, 'what was on its way to another node'));
  }

  #askWhatItHas(): void {
    const uncertain = this.#uncertain;
    if (uncertain === undefined) return;
    this.ask('holds', uncertain.numbers).then(
      (has) => uncertain === this.#uncertain && this.#giveUp(new Set(has as number[])),
      () => {}, // it is asked again with the next beginning, or its time is up
    );
  }

  /** It is gone for good. Answers with its sessions, which are none any more. */
  dead(): RemoteSession[] {
    clearTimeout(this.#uncertain?.timer);
    this.#uncertain = undefined;
    this.link.close();
    this.questions.end('the other node is gone');
    const sessions = this.replica.end();
    this.held.orphan();
    return sessions;
  }

  /** A batch of what it says. */
  take(reader: Unpacker): void {
    while (!reader.done) this.#takeOne(reader);
  }

  #takeOne(reader: Unpacker): void {
    const frame = reader.byte();
    switch (frame) {
      case FRAME.opened: {
        const session = this.replica.opened(reader);
        const mine = this.#parts.sessions.here(session.jid.local).find((one) => one.jid.equals(session.jid));
        if (mine !== undefined) this.#parts.twice(mine, session);
        return;
      }
      case FRAME.changed:
        this.replica.changed(reader);
        return;
      case FRAME.closed:
        this.replica.closed(reader.count());
        return;
      case FRAME.complete:
        this.replica.complete();
        this.#sayWeTell();
        return;
      case FRAME.deliver:
        this.#delivered(reader);
        return;
      case FRAME.fan:
        this.#fanned(reader);
        return;
      case FRAME.fate:
        this.#fate(reader.count(), reader.byte());
        return;
      case FRAME.end: {
        const [session, condition, text] = [this.#parts.local.get(reader.count()), reader.text(), reader.text()];
        if (session === undefined) return;
        session.outlet.end(condition, text === '' ? undefined : text);
        this.#parts.close(session);
        return;
      }
      case FRAME.ask:
        this.#asked(reader.count(), reader.text(), reader.text());
        return;
      case FRAME.answer:
        this.questions.answered(reader.count(), reader.byte() === 1, reader.text());
        return;
      case FRAME.tell: {
        const [what, body] = [reader.text(), JSON.parse(reader.text()) as unknown];
        if (what !== 'tells') this.#parts.told(this, what, body);
        else if (this.begun && body === this.link.epoch) this.replica.tells();
        return;
      }
      default:
        throw new Error(`another node says something that is not known here (${frame})`);
    }
  }

  #delivered(reader: Unpacker): void {
    this.counters.received++;
    const session = this.#parts.local.get(reader.count());
    const follow = reader.byte();
    const number = follow === FOLLOW.followed ? reader.count() : 0;
    if (number > 0) this.receivedUpTo = number;
    const bytes = reader.bytes();
    if (session === undefined || session.closed) {
      if (number > 0) this.#tellFate(number, FATE.lost);
      return;
    }
    if (number > 0 && session.outlet.managed === true && bytes.startsWith('<message')) {
      const owed = session.outlet.send(bytes, this.held.take(number));
      if (owed !== undefined && 'secure' in owed) this.held.owed(number, owed);
      return;
    }
    session.outlet.send(bytes, follow === FOLLOW.elsewhere ? KEPT_ELSEWHERE : undefined);
    if (number > 0) this.held.passed(number);
  }

  #fanned(reader: Unpacker): void {
    const [head, tail] = [reader.bytes(), reader.bytes()];
    for (let left = reader.count(); left > 0; left--) {
      this.counters.received++;
      const session = this.#parts.local.get(reader.count());
      if (session?.available === true) session.outlet.send(`${head}${session.jid.bare.wire}${tail}`);
    }
  }

  #fate(number: number, fate: number): void {
    const { transit } = this.#parts;
    if (fate === FATE.passed) transit.passed(number);
    else if (fate === FATE.taken) transit.taken(number);
    else if (fate === FATE.lost) void transit.lost(number);
    else {
      const kept = () => this.tell('kept', number);
      const stored = transit.keep(number);
      if (stored === undefined)
        kept(); // it is nobody's affair any more
      else stored.then(kept, kept); // what can't be kept is waited for by nobody
    }
  }

  #asked(number: number, what: string, body: string): void {
    const say = (well: boolean, answer: unknown) =>
      this.say()
        .byte(FRAME.answer)
        .count(number)
        .byte(well ? 1 : 0)
        .text(JSON.stringify(answer ?? null));
    this.#parts.answer(this, what, JSON.parse(body)).then(
      (answer) => say(true, answer),
      (error: unknown) => say(false, error instanceof Error ? error.message : String(error)),
    );
  }

  #endFan(): void {
    const fan = this.#fan;
    if (fan === undefined) return;
    this.#fan = undefined;
    const out = this.link.out.byte(FRAME.fan).bytes(fan.head).bytes(fan.tail).count(fan.ids.length);
    for (const id of fan.ids) out.count(id);
  }
}
