import { randomBytes } from 'node:crypto';
import { KIND, TO_CORE, TO_EDGE } from '../../link/edge-frames.ts';
import type { Unpacker } from '../../link/pack.ts';
import type { Log } from '../../observe/log.ts';
import type { Login } from '../../sasl/mechanism.ts';
import type { CoreAsks, CoreFacts, OpenRequest, Orphan } from '../../stream/asks.ts';
import {
  CoreAway,
  type Kept,
  type PeerInfo,
  type Safe,
  type StreamCore,
  type StreamOutlet,
  type Unacknowledged,
} from '../../stream/ports.ts';
import type { Bytes } from '../../xml/chars.ts';
import type { Tag } from '../../xml/tag.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { type CoreAddress, CoreLine, type LineOwner } from './core-line.ts';
import { type RemoteLogins, remoteLogins } from './logins.ts';
import { type Fates, RemoteReceipt, RemoteSession, SETTLED, type SessionAsk } from './remote-session.ts';

export interface LinkCoreOptions {
  readonly domain: string;
  /** what the edge is called, for whoever looks at the core */
  readonly name: string;
  readonly cores: readonly CoreAddress[];
  readonly log: Log;
  readonly now: () => number;
  /** how long a core may say nothing before it is held for dead, milliseconds */
  readonly deadMs: number;
  /** how long a core is waited for while another could take its sessions, milliseconds */
  readonly failoverMs: number;
  /** how long a login waits for a core, milliseconds */
  readonly loginMs: number;
  /** how long clients are kept while there is no core at all, milliseconds */
  readonly patienceMs: number;
  /** nobody has come back in that time */
  readonly impatient: () => void;
}

const TICK_MS = 250;

/** The cores of one domain, as the streams of an edge in another process see them: as if they were one that is there. */
export class LinkCore implements StreamCore<RemoteSession>, LineOwner, Fates {
  readonly id = randomBytes(12).toString('base64url');
  readonly #options: LinkCoreOptions;
  readonly #lines: readonly CoreLine[];
  readonly #sessions = new Map<number, RemoteSession>();
  readonly #last = new Map<CoreLine, Bytes>();
  #facts: CoreFacts | undefined;
  #number = 0;
  #ask = 0;
  #turn = 0;
  #waiters: { readonly wake: (line: CoreLine | undefined) => void; readonly until: number }[] = [];
  #noneSince: number | undefined;
  #gaveUp = false;
  readonly #timer: ReturnType<typeof setInterval>;
  /** for metrics: cores that died, sessions handed over, milliseconds without any core, bytes and batches of links that ended */
  readonly counts = { losses: 0, handedOver: 0, awayMs: 0, bytes: 0, batches: 0 };
  readonly credentials: RemoteLogins['credentials'];
  readonly guard: RemoteLogins['guard'];
  readonly clients: RemoteLogins['clients'];
  readonly upgrades: RemoteLogins['upgrades'];

  constructor(options: LinkCoreOptions) {
    this.#options = options;
    this.#noneSince = options.now();
    const { credentials, guard, clients, upgrades } = remoteLogins(
      (method, ...args) => this.#asked(method, ...args),
      () => this.#known,
    );
    this.credentials = credentials;
    this.guard = guard;
    this.clients = clients;
    this.upgrades = upgrades;
    this.#lines = options.cores.map((address) => new CoreLine(address, this));
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** No core was there, or it could not answer. */
  outage(error: unknown): boolean {
    return error instanceof CoreAway;
  }

  get domain(): string {
    return this.#options.domain;
  }
  get name(): string {
    return this.#options.name;
  }
  get log(): Log {
    return this.#options.log;
  }
  get now(): () => number {
    return this.#options.now;
  }
  get deadMs(): number {
    return this.#options.deadMs;
  }

  get lines(): readonly CoreLine[] {
    return this.#lines;
  }

  /** sessions, and those of them that no core has now */
  get sessions(): { readonly all: number; readonly orphans: number } {
    let orphans = 0;
    for (const session of this.#sessions.values()) if (session.line?.ready !== true) orphans++;
    return { all: this.#sessions.size, orphans };
  }

  sessionsOf(line: CoreLine): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.line === line) count++;
    return count;
  }

  get traffic(): { readonly bytes: number; readonly batches: number } {
    let { bytes, batches } = this.counts;
    for (const { link } of this.#lines) {
      bytes += link.traffic.bytes;
      batches += link.traffic.batches;
    }
    return { bytes, batches };
  }

  // what is offered

  get ready(): boolean {
    return this.#facts !== undefined;
  }

  get #known(): CoreFacts {
    if (this.#facts === undefined) throw new CoreAway('no core was there yet');
    return this.#facts;
  }

  get plain(): boolean {
    return this.#known.plain;
  }

  get strictBinding(): boolean {
    return this.#known.strictBinding;
  }

  features(): Bytes {
    return this.#known.features;
  }

  freshId(): string {
    return randomBytes(12).toString('base64url');
  }

  stableId(name: string, agent: string): Promise<string> {
    return this.#asked('stableId', name, agent);
  }

  stands(login: Login): Promise<boolean> {
    return this.#asked('stands', login);
  }

  // questions that any core can answer

  async #asked<K extends keyof CoreAsks>(
    method: K,
    ...args: Parameters<CoreAsks[K]>
  ): Promise<Awaited<ReturnType<CoreAsks[K]>>> {
    const until = this.#options.now() + this.#options.loginMs;
    for (;;) {
      const line = this.#next() ?? (await this.#someLine(until));
      const answer = await line.ask(++this.#ask, method, args);
      if (answer !== null && typeof answer === 'object' && 'failed' in answer)
        throw new CoreAway('the server can not do this now: come later');
      if (answer !== undefined) return answer as Awaited<ReturnType<CoreAsks[K]>>;
    }
  }

  /** Cores take turns. */
  #next(): CoreLine | undefined {
    const ready = this.#lines.filter((line) => line.ready);
    const staying = ready.filter((line) => !line.leaving);
    const among = staying.length > 0 ? staying : ready;
    return among[this.#turn++ % among.length];
  }

  async #someLine(until: number): Promise<CoreLine> {
    const line = await new Promise<CoreLine | undefined>((wake) => this.#waiters.push({ wake, until }));
    if (line === undefined) throw new CoreAway('the server is away: come later');
    return line;
  }

  // sessions

  async open(
    login: Login,
    resource: string,
    peer: PeerInfo,
    outlet: StreamOutlet,
  ): Promise<RemoteSession | StanzaError> {
    const session = new RemoteSession(++this.#number, login.name, outlet);
    const request: OpenRequest = { login, resource, peer };
    const until = this.#options.now() + this.#options.loginMs;
    this.#sessions.set(session.number, session);
    for (;;) {
      let line = this.#next();
      try {
        line ??= await this.#someLine(until);
      } catch {
        this.#sessions.delete(session.number);
        return new StanzaError('resource-constraint', 'the server is away: come later');
      }
      session.line = line;
      const id = ++this.#ask;
      line.link.out.byte(TO_CORE.open).count(session.number).count(id).text(JSON.stringify(request));
      const answer = (await line.expect(id)) as { jid: string } | { condition: string; text?: string } | undefined;
      if (answer === undefined) continue; // that core died over it, and the session with it
      if ('condition' in answer) {
        this.#sessions.delete(session.number);
        return new StanzaError(answer.condition as StanzaError['condition'], answer.text);
      }
      session.jid = parseJid(answer.jid) as Jid;
      if (session.ended) void this.close(session);
      return session;
    }
  }

  receive(session: RemoteSession, _tag: Tag, raw: Bytes): void | Promise<void> {
    if (session.line?.ready !== true || session.full || session.line.link.full) return this.#later(session, raw);
    this.#give(session, session.line, raw);
  }

  /** The client is not read while its core is not there, or can't take more. */
  async #later(session: RemoteSession, raw: Bytes): Promise<void> {
    for (;;) {
      const { line } = session;
      if (session.closing !== undefined) return;
      if (line?.ready === true && !session.full) {
        const room = line.link.room();
        if (room === undefined) {
          this.#give(session, line, raw);
          return;
        }
        await room;
      } else await session.changed();
    }
  }

  #give(session: RemoteSession, line: CoreLine, raw: Bytes): void {
    session.push(raw);
    line.link.out.byte(TO_CORE.stanza).count(session.number).bytes(raw);
  }

  handled(session: RemoteSession): Promise<void> | undefined {
    return session.handled();
  }

  discharge(session: RemoteSession): Promise<void> | undefined {
    if (session.discharged === session.taken) return undefined;
    const upTo = session.taken;
    return this.#askFor(session, 'discharge', 0).then(() => {
      session.discharged = Math.max(session.discharged, upTo);
    });
  }

  #askFor(session: RemoteSession, kind: SessionAsk['kind'], number: number): Promise<void> {
    return new Promise((done) => {
      const id = ++this.#ask;
      session.asks.set(id, { kind, number, done });
      if (session.line !== undefined) this.#askAgain(session, session.line, id);
    });
  }

  #askAgain(session: RemoteSession, line: CoreLine, id: number): void {
    const ask = session.asks.get(id);
    if (ask === undefined) return;
    const { out } = line.link;
    out.byte(TO_CORE[ask.kind]).count(session.number).count(id);
    if (ask.kind === 'keep') out.count(ask.number);
    void line.expect(id).then((answer) => {
      if (answer === undefined || !session.asks.delete(id)) return; // the next core is asked
      ask.done();
    });
  }

  noted(session: RemoteSession, what: 'managed' | 'waiting'): void {
    session[what] = true;
    session.line?.link.out.byte(TO_CORE[what]).count(session.number);
  }

  moved(session: RemoteSession, peer: PeerInfo): void {
    session.waiting = false;
    session.line?.link.out.byte(TO_CORE.moved).count(session.number).text(JSON.stringify(peer));
  }

  carbons(session: RemoteSession): void {
    session.line?.link.out.byte(TO_CORE.carbons).count(session.number);
  }

  close(session: RemoteSession): Promise<void> {
    return this.#closing(session);
  }

  undelivered(session: RemoteSession, stanzas: readonly Unacknowledged[]): Promise<void> {
    session.left.push(...stanzas);
    return this.#closing(session);
  }

  #closing(session: RemoteSession): Promise<void> {
    if (session.closing === undefined) {
      let resolve = () => {};
      const done = new Promise<void>((settled) => {
        resolve = settled;
      });
      session.closing = { done, resolve, scheduled: true };
      session.wake();
      // what it leaves is told in the same turn
      queueMicrotask(() => {
        if (session.closing !== undefined) session.closing.scheduled = false;
        if (session.line !== undefined) this.#sendClose(session, session.line);
      });
    }
    return session.closing.done;
  }

  #sendClose(session: RemoteSession, line: CoreLine): void {
    const id = ++this.#ask;
    const { out } = line.link;
    out.byte(TO_CORE.close).count(session.number).count(id).count(session.nextMessage).count(session.lost.length);
    for (const number of session.lost) out.count(number);
    writeStanzas(out, session.left);
    void line.expect(id).then((answer) => {
      if (answer === undefined) return; // it is handed to the next core, and closed there
      this.#sessions.delete(session.number);
      session.over();
    });
  }

  // what a session that outlives the edge process would need: an edge keeps none

  readonly safe: Safe = { put: () => this.#never(), known: () => this.#never() };

  pack(): never {
    return this.#never();
  }

  unpack(): never {
    return this.#never();
  }

  #never(): Kept & never {
    throw new Error('messages and sessions are kept by the core');
  }

  // fates

  taken(session: RemoteSession, { number, kind, bytes, at, delayed }: RemoteReceipt): void {
    if (kind === KIND.own) session.arrived(bytes, at, this.#options.now(), delayed);
    session.line?.link.out.byte(TO_CORE.taken).count(session.number).count(number);
  }

  keep(session: RemoteSession, number: number): Promise<void> {
    return this.#askFor(session, 'keep', number);
  }

  // what cores say

  frame(line: CoreLine, type: number, batch: Unpacker): void {
    const session = this.#sessions.get(batch.count());
    const mine = session?.line === line ? session : undefined;
    switch (type) {
      case TO_EDGE.deliver: {
        const bytes = batch.bytes();
        this.#last.set(line, bytes);
        this.#deliver(mine, bytes);
        break;
      }
      case TO_EDGE.same:
        this.#deliver(mine, this.#last.get(line) ?? '');
        break;
      case TO_EDGE.message:
        this.#message(mine, batch.byte(), batch.count(), batch.text(), batch.bytes());
        break;
      case TO_EDGE.confirmed: {
        const upTo = batch.count();
        const beyond = Array.from({ length: batch.count() }, () => batch.count());
        mine?.confirm(upTo, beyond);
        break;
      }
      case TO_EDGE.end:
        this.#end(mine, batch.text(), batch.text());
        break;
      case TO_EDGE.charge: {
        const recipients = batch.count();
        mine?.outlet.charge(recipients);
        break;
      }
      case TO_EDGE.capsule: {
        const capsule = batch.text();
        if (mine !== undefined) mine.capsule = capsule;
        break;
      }
      case TO_EDGE.drain:
        this.#drain(mine, line, batch.count());
        break;
      default:
        throw new Error(`a frame of type ${type}`);
    }
  }

  #end(session: RemoteSession | undefined, condition: string, text: string): void {
    if (session === undefined) return;
    session.ended = true;
    session.outlet.end(condition, text === '' ? undefined : text);
  }

  #drain(session: RemoteSession | undefined, line: CoreLine, id: number): void {
    const drained = () => void line.link.out.byte(TO_CORE.drained).count(id);
    if (session === undefined) drained();
    else void session.outlet.drained().then(drained);
  }

  #deliver(session: RemoteSession | undefined, bytes: Bytes): void {
    session?.outlet.send(bytes, session.managed && bytes.startsWith('<message') ? SETTLED : undefined);
  }

  #message(session: RemoteSession | undefined, kind: number, number: number, key: string, bytes: Bytes): void {
    if (session === undefined) return;
    const receipt = new RemoteReceipt(this, session, { number, kind, key, bytes }, this.#options.now());
    session.nextMessage = number + 1;
    session.messages.set(number, receipt);
    if (session.closing !== undefined) {
      receipt.lost();
      return;
    }
    session.outlet.send(bytes, receipt);
  }

  // cores come and go

  came(line: CoreLine): void {
    this.#facts = line.facts;
    const orphans = [...this.#sessions.values()].filter((session) => session.line === undefined);
    this.#options.log.info(
      `the core ${line.address.name} of ${this.domain} is there${orphans.length === 0 ? '' : `, and is handed ${orphans.length} sessions`}`,
    );
    for (const session of orphans) this.#hand(session, line);
    this.changed(line);
  }

  changed(line: CoreLine): void {
    const { now } = this.#options;
    if (!line.ready) {
      if (line.facts !== undefined)
        this.#options.log.warn(`the link to the core ${line.address.name} of ${this.domain} is cut`);
      if (!this.#lines.some(({ ready }) => ready)) this.#noneSince ??= now();
      return;
    }
    if (this.#noneSince !== undefined) this.counts.awayMs += now() - this.#noneSince;
    this.#noneSince = undefined;
    this.#gaveUp = false;
    for (const session of this.#sessions.values()) if (session.line === line) session.wake();
    for (const { wake } of this.#waiters.splice(0)) wake(line);
  }

  died(line: CoreLine): void {
    this.counts.losses++;
    this.#last.delete(line);
    const theirs = [...this.#sessions.values()].filter((session) => session.line === line);
    const other = this.#next();
    this.#options.log.warn(
      `the core ${line.address.name} of ${this.domain} is gone; ${theirs.length} sessions ${other === undefined ? 'wait for another' : `go to ${other.address.name}`}`,
    );
    if (other === undefined) this.#noneSince ??= this.#options.now();
    for (const session of theirs) {
      session.line = undefined;
      if (session.capsule === '') continue; // it was being opened, and is opened anew
      if (other !== undefined) this.#hand(session, other);
    }
  }

  /** Gives a session to a core that knows nothing of it, and what the one before may not have handled. */
  #hand(session: RemoteSession, line: CoreLine): void {
    if (session.capsule === '') return;
    session.line = line;
    this.counts.handedOver++;
    const { out } = line.link;
    const id = ++this.#ask;
    const { managed, waiting, confirmed, nextMessage } = session;
    const orphan: Orphan = { capsule: JSON.parse(session.capsule), managed, waiting, confirmed, nextMessage };
    out.byte(TO_CORE.restore).count(session.number).count(id).text(JSON.stringify(orphan)).count(session.messages.size);
    for (const { number, kind, key, at, bytes } of session.messages.values())
      out.count(number).byte(kind).text(key).count(at).bytes(bytes);
    const arrived = session.lately(this.#options.now());
    out.count(arrived.length);
    for (const bytes of arrived) out.bytes(bytes);
    for (const raw of session.ahead) out.byte(TO_CORE.maybe).count(session.number).bytes(raw);
    void line.expect(id).then((goesOn) => {
      if (goesOn === false && session.closing === undefined)
        session.outlet.end('not-authorized', 'the account may not go on');
    });
    for (const ask of session.asks.keys()) this.#askAgain(session, line, ask);
    if (session.closing !== undefined && !session.closing.scheduled) this.#sendClose(session, line);
    session.wake();
  }

  tick(): void {
    const now = this.#options.now();
    for (const line of this.#lines) {
      line.tick();
      const away = line.awaySince === undefined ? 0 : now - line.awaySince;
      const others = this.#lines.some((other) => other !== line && other.ready);
      if (line.facts !== undefined && !line.ready && others && away > this.#options.failoverMs) line.forget();
    }
    const late = this.#waiters.filter(({ until }) => until <= now);
    this.#waiters = this.#waiters.filter(({ until }) => until > now);
    for (const { wake } of late) wake(undefined);
    if (this.#noneSince === undefined || this.#gaveUp || now - this.#noneSince < this.#options.patienceMs) return;
    this.#gaveUp = true;
    this.#options.log.error(
      `no core of ${this.domain} has come back for ${Math.round((now - this.#noneSince) / 1000)} s: clients are let go`,
    );
    this.#options.impatient();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const line of this.#lines) line.stop();
  }
}

function writeStanzas(
  out: { count(value: number): typeof out; bytes(value: Bytes): typeof out },
  stanzas: readonly Unacknowledged[],
): void {
  out.count(stanzas.length);
  for (const { at, bytes } of stanzas) out.count(at).bytes(bytes);
}
