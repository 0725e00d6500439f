import { KIND, TO_CORE, TO_EDGE } from '../link/edge-frames.ts';
import { Link, type Pipe } from '../link/link.ts';
import type { Packer, Unpacker } from '../link/pack.ts';
import type { Log } from '../observe/log.ts';
import { type Fate, KEPT_ELSEWHERE } from '../router/session.ts';
import type { Guess } from '../sasl/mechanism.ts';
import type { CoreAsks, CoreFacts, OpenRequest, Orphan } from '../stream/asks.ts';
import type { Kept, PeerInfo, Unacknowledged } from '../stream/ports.ts';
import type { Bytes } from '../xml/chars.ts';
import { StanzaError } from '../xmpp/errors.ts';
import { answers } from './answers.ts';
import { Berth, type Quay } from './berth.ts';
import type { DeskCore } from './desk-core.ts';
import { Unseen } from './handover.ts';

/** what may lie here for an edge that is cut off before it is given up, bytes */
const MOST_FOR_ABSENT = 64 * 1024 * 1024;

export interface RemoteEdgeOptions {
  readonly core: DeskCore;
  readonly log: Log;
  /** how long an edge whose link is cut may take to come back before its sessions end, milliseconds */
  readonly graceMs: number;
  /** how long it may say nothing before it is held for dead, milliseconds */
  readonly deadMs: number;
}

/** An edge as people see it. */
export interface EdgeView {
  readonly name: string;
  /** where it is connected from; null: from this machine, over a Unix socket */
  readonly address: string | null;
  readonly connected: boolean;
  readonly sessions: number;
  /** when it came; and when its link was cut, if it is */
  readonly since: number;
  readonly cutAt: number | null;
}

/** One edge process: its link, and the sessions whose clients are there. */
export class RemoteEdge implements Quay {
  readonly name: string;
  readonly core: DeskCore;
  readonly #options: RemoteEdgeOptions;
  readonly #link: Link;
  readonly #berths = new Map<number, Berth>();
  readonly #dirty = new Set<Berth>();
  readonly #asks: CoreAsks;
  readonly #drains = new Map<number, () => void>();
  #drain = 0;
  #last: Bytes | undefined;
  #cutAt: number | undefined;
  #address: string | undefined;
  readonly #since: number;
  #facts = '';
  #unseen: Unseen | undefined;
  /** something of a batch was not acted on: what was counted is not true any more, and the edge has to begin anew */
  faulty = false;

  constructor(name: string, options: RemoteEdgeOptions) {
    this.name = name;
    this.core = options.core;
    this.#options = options;
    this.#since = options.core.now();
    this.#asks = answers(options.core, new Map<number, Guess>());
    this.#link = new Link({
      act: (batch) => this.#act(batch),
      completes: () => this.#complete(),
      closed: () => {
        this.#cutAt = this.core.now();
      },
      now: options.core.now,
      deadMs: options.deadMs,
    });
    this.#tellFacts();
  }

  // the link

  get acted(): number {
    return this.#link.acted;
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  /** sessions */
  get size(): number {
    return this.#berths.size;
  }

  view(): EdgeView {
    return {
      ...{ name: this.name, address: this.#address ?? null, connected: this.connected, sessions: this.size },
      ...{ since: this.#since, cutAt: this.connected ? null : (this.#cutAt ?? null) },
    };
  }

  get full(): boolean {
    return this.#link.connected && this.#link.full;
  }

  get traffic(): { readonly bytes: number; readonly batches: number } {
    return this.#link.traffic;
  }

  /** it has been away for too long, or too much waits for it */
  get overdue(): boolean {
    if (this.#cutAt === undefined) return false;
    return this.core.now() - this.#cutAt > this.#options.graceMs || this.#link.underWay > MOST_FOR_ABSENT;
  }

  get out(): Packer {
    return this.#link.out;
  }

  attach(pipe: Pipe, acted: number, rest: Buffer): void {
    this.#link.drop(); // a pipe that nobody has noticed to be dead
    this.#cutAt = undefined;
    this.#address = pipe.address;
    this.#link.attach(pipe, acted, rest);
  }

  received(pipe: Pipe, data: Buffer): void {
    this.#link.received(pipe, data);
  }

  cut(pipe: Pipe): void {
    if (!this.#link.connected) return;
    this.#link.drop(pipe);
    if (!this.#link.connected) this.#options.log.warn(`the link to the edge ${this.name} is cut`);
  }

  tick(): void {
    this.#tellFacts();
    this.#link.tick();
  }

  withhold(withheld: boolean): void {
    this.#link.withhold(withheld);
  }

  /** What the core offers, when it is something else than it was. */
  #tellFacts(): void {
    const { plain, strictBinding, upgrades } = this.core;
    const { offered, missing, iterations } = upgrades;
    const facts: CoreFacts = { features: this.core.features(), plain, strictBinding, offered, missing, iterations };
    const text = JSON.stringify(facts);
    if (text === this.#facts) return;
    this.#facts = text;
    this.out.byte(TO_EDGE.facts).text(text);
  }

  // what goes out

  dirty(berth: Berth): void {
    this.#dirty.add(berth);
    void this.#link.out; // the turn has an end to wait for
  }

  deliver(session: number, bytes: Bytes): void {
    const { out } = this.#link;
    if (bytes === this.#last) {
      out.byte(TO_EDGE.same).count(session);
      return;
    }
    this.#last = bytes;
    out.byte(TO_EDGE.deliver).count(session).bytes(bytes);
  }

  askDrained(session: number): Promise<void> {
    const id = ++this.#drain;
    this.out.byte(TO_EDGE.drain).count(session).count(id);
    return new Promise((resolve) => this.#drains.set(id, resolve));
  }

  fault(error: unknown): void {
    this.#options.log.error(`a stanza from the edge ${this.name} failed`, error);
  }

  parted(berth: Berth, acted: number | undefined): readonly Bytes[] {
    this.#berths.delete(berth.number);
    this.#dirty.delete(berth);
    if (acted === undefined) return [];
    this.#unseen ??= new Unseen(acted);
    this.#unseen.read(this.#link.kept());
    return this.#unseen.take(berth.number);
  }

  #complete(): void {
    this.#last = undefined;
    for (const berth of this.#dirty) berth.complete();
    this.#dirty.clear();
  }

  #answer(id: number, answer: unknown): void {
    this.out
      .byte(TO_EDGE.answer)
      .count(id)
      .text(JSON.stringify(answer ?? null));
  }

  // what comes in

  #act(batch: Unpacker): void {
    try {
      while (!batch.done) this.#frame(batch.byte(), batch);
    } catch (error) {
      this.#options.log.error(`what the edge ${this.name} says can't be understood`, error);
      this.faulty = true; // the rest of the batch counts as acted on: only what the edge hands over anew is whole
      this.#link.drop();
    }
  }

  #frame(type: number, batch: Unpacker): void {
    if (type === TO_CORE.ask) this.#asked(batch.count(), batch.text(), batch.text());
    else if (type === TO_CORE.drained) this.#drained(batch.count());
    else this.#sessionFrame(type, batch.count(), batch);
  }

  #sessionFrame(type: number, number: number, batch: Unpacker): void {
    const berth = this.#berths.get(number);
    switch (type) {
      case TO_CORE.stanza:
      case TO_CORE.maybe: {
        const raw = batch.bytes();
        berth?.take(raw, type === TO_CORE.maybe);
        break;
      }
      case TO_CORE.open:
        this.#open(number, batch.count(), JSON.parse(batch.text()) as OpenRequest);
        break;
      case TO_CORE.close:
        this.#close(berth, number, batch.count(), batch.count(), readNumbers(batch), readStanzas(batch));
        break;
      case TO_CORE.moved:
        this.#moved(berth, JSON.parse(batch.text()) as PeerInfo);
        break;
      case TO_CORE.carbons:
        berth?.afterwards(() => this.#carbons(berth));
        break;
      case TO_CORE.managed:
        if (berth !== undefined) berth.managed = true;
        break;
      case TO_CORE.waiting:
        if (berth !== undefined) berth.waiting = true;
        break;
      case TO_CORE.taken: {
        const taken = batch.count();
        berth?.taken(taken);
        break;
      }
      case TO_CORE.keep:
        this.#keep(berth, batch.count(), batch.count());
        break;
      case TO_CORE.discharge:
        this.#discharge(berth, batch.count());
        break;
      case TO_CORE.restore:
        this.#restore(number, batch.count(), JSON.parse(batch.text()) as Orphan, readMessages(batch), readBytes(batch));
        break;
      default:
        throw new Error(`a frame of type ${type}`);
    }
  }

  #keep(berth: Berth | undefined, id: number, message: number): void {
    const kept = () => this.#answer(id, true);
    if (berth === undefined) kept();
    else void berth.keep(message).then(kept, kept);
  }

  #discharge(berth: Berth | undefined, id: number): void {
    const discharged = () => this.#answer(id, true);
    if (berth === undefined) discharged();
    else berth.discharge(discharged);
  }

  #asked(id: number, method: string, args: string): void {
    const asks = this.#asks as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const ask = Object.hasOwn(asks, method) ? asks[method] : undefined;
    if (ask === undefined) throw new Error(`a question '${method}'`);
    ask(...(JSON.parse(args) as unknown[])).then(
      (answer) => this.#answer(id, answer),
      (error: unknown) => {
        this.#options.log.error(`a question of the edge ${this.name} could not be answered`, error);
        this.#answer(id, { failed: true });
      },
    );
  }

  #drained(id: number): void {
    this.#drains.get(id)?.();
    this.#drains.delete(id);
  }

  #open(number: number, id: number, { login, resource, peer }: OpenRequest): void {
    const berth = new Berth(this, number, login.name);
    this.#berths.set(number, berth);
    const refused = (error: unknown) => {
      this.#berths.delete(number);
      const { condition, text } = error instanceof StanzaError ? error : new StanzaError('internal-server-error');
      if (!(error instanceof StanzaError)) this.#options.log.error('a resource could not be bound', error);
      this.#answer(id, { condition, text });
    };
    this.core.open(login, resource, peer, berth).then((session) => {
      if (session instanceof StanzaError) {
        refused(session);
        return;
      }
      berth.session = session;
      this.#answer(id, { jid: session.jid.toString() });
      this.dirty(berth);
    }, refused);
  }

  #close(
    berth: Berth | undefined,
    number: number,
    id: number,
    unseen: number,
    lost: readonly number[],
    left: readonly Unacknowledged[],
  ): void {
    const closed = () => {
      this.#berths.delete(number);
      this.#answer(id, true);
    };
    if (berth === undefined) closed();
    else berth.afterwards(() => void berth.close(lost, unseen, left).then(closed, closed));
  }

  #moved(berth: Berth | undefined, peer: PeerInfo): void {
    if (berth?.session === undefined) return;
    berth.waiting = false;
    this.core.moved(berth.session, peer);
    this.dirty(berth);
  }

  #carbons(berth: Berth): void {
    if (berth.session === undefined) return;
    this.core.carbons(berth.session);
    this.dirty(berth);
  }

  /** A session of a dead core goes on here, with what its client has not acknowledged. */
  #restore(number: number, id: number, orphan: Orphan, messages: readonly Message[], arrived: readonly Bytes[]): void {
    const [account = ''] = String((orphan.capsule as { jid?: unknown }).jid ?? '').split('@');
    const berth = new Berth(this, number, account, orphan.confirmed, orphan.nextMessage);
    berth.managed = orphan.managed;
    berth.waiting = orphan.waiting;
    this.#berths.set(number, berth);
    for (const { number: message, kind, key, at, bytes } of messages) {
      const receipt = key === '' ? undefined : this.core.safe.foreign?.(key);
      if (typeof receipt === 'object') {
        berth.regive(message, bytes, at, receipt, key, undefined); // the node that it came from lives, and waits for its fate
        continue;
      }
      const kept = key === '' ? this.core.claim(account, bytes) : this.core.safe.known(key);
      const fate = kind === KIND.own ? undefined : fateOf(key === '' ? undefined : kept);
      berth.regive(message, bytes, at, fate, key, kept);
    }
    for (const bytes of arrived) this.core.claim(account, bytes)?.drop();
    const kept = berth.keepAll();
    this.core.recover(kept);
    berth.wait(this.#goesOn(berth, id, orphan, kept)); // its stanzas come behind this frame
  }

  async #goesOn(berth: Berth, id: number, orphan: Orphan, kept: Promise<void>): Promise<void> {
    const { jid, connectedAt } = orphan.capsule as { jid: string; connectedAt: number };
    const { from, nextMessage } = orphan;
    try {
      // what it holds is safe here before who held it drops it
      const handover = await this.core.claimSession({ jid, connectedAt, from, nextMessage }, kept);
      const session = await this.core.unpack(handover?.capsule ?? orphan.capsule, berth, handover?.view);
      berth.session = session;
      this.#answer(id, session !== undefined);
      this.dirty(berth);
      if (handover === undefined || session === undefined) return;
      berth.goesOn(handover);
      this.core.arrived(session);
    } catch (error) {
      this.#options.log.error('a session of a dead core could not go on', error);
      this.#answer(id, false);
    }
  }

  // the end

  /** The edge has forgotten us, and hands its sessions over anew, here or elsewhere: until it does they stay. */
  retire(): void {
    this.#cutAt ??= this.core.now();
    this.#link.drop();
  }

  /** The edge will not come back: its sessions end. */
  lost(): void {
    this.#link.abandon();
    for (const berth of this.#berths.values()) void berth.close([], 0);
    this.#berths.clear();
    for (const drained of this.#drains.values()) drained();
    this.#drains.clear();
  }

  /** The core stops in order. */
  async leave(): Promise<void> {
    await Promise.allSettled([...this.#berths.values()].map((berth) => berth.keepAll()));
    this.out.byte(TO_EDGE.leaving);
    this.#link.flush();
    await new Promise((written) => setTimeout(written, 20));
    this.#link.drop();
  }
}

interface Message {
  readonly number: number;
  readonly kind: number;
  readonly key: string;
  readonly at: number;
  readonly bytes: Bytes;
}

const readNumbers = (batch: Unpacker): number[] => Array.from({ length: batch.count() }, () => batch.count());
const readBytes = (batch: Unpacker): Bytes[] => Array.from({ length: batch.count() }, () => batch.bytes());
const readStanzas = (batch: Unpacker): Unacknowledged[] =>
  Array.from({ length: batch.count() }, () => ({ at: batch.count(), bytes: batch.bytes() }));
const readMessages = (batch: Unpacker): Message[] =>
  Array.from({ length: batch.count() }, () => ({
    number: batch.count(),
    kind: batch.byte(),
    key: batch.text(),
    at: batch.count(),
    bytes: batch.bytes(),
  }));

/** For what others have, or what lies elsewhere: there it goes once it has arrived. */
const fateOf = (kept: Kept | undefined): Fate =>
  kept === undefined ? KEPT_ELSEWHERE : { taken: () => kept.drop(), lost: () => false, keep: () => kept };
