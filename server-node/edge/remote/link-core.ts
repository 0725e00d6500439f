import { randomBytes } from 'node:crypto';
import { KIND, TO_CORE } from '../../link/edge-frames.ts';
import type { Unpacker } from '../../link/pack.ts';
import type { Login } from '../../sasl/mechanism.ts';
import type { OpenRequest, Orphan } from '../../stream/asks.ts';
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
import type { CoreLine } from './core-line.ts';
import { CoreSet, type CoreSetOptions, type Holder } from './core-set.ts';
import type { FormerCore } from './former-core.ts';
import { type Hears, hear, type NumberedMessage } from './hearing.ts';
import { type RemoteLogins, remoteLogins } from './logins.ts';
import { type Fates, RemoteReceipt, RemoteSession, SETTLED, type SessionAsk } from './remote-session.ts';

/** The cores of one domain, as the streams of an edge in another process see them: as if they were one that is there. */
export class LinkCore implements StreamCore<RemoteSession>, Holder, Hears, Fates {
  readonly cores: CoreSet;
  readonly #now: () => number;
  readonly #sessions = new Map<number, RemoteSession>();
  /** what each core sent last to somebody: others may get the same */
  readonly #last = new Map<CoreLine, Bytes>();
  /** who is speaking */
  #from: CoreLine | undefined;
  #number = 0;
  /** sessions handed to another core, for metrics */
  handedOver = 0;
  readonly credentials: RemoteLogins['credentials'];
  readonly guard: RemoteLogins['guard'];
  readonly clients: RemoteLogins['clients'];
  readonly upgrades: RemoteLogins['upgrades'];
  /** what is allowed in a time is counted by it, and how long a session waits */
  readonly clock?: () => number;

  constructor(options: CoreSetOptions) {
    this.#now = options.now;
    if (options.clock !== undefined) this.clock = options.clock;
    this.cores = new CoreSet(options, this);
    const { credentials, guard, clients, upgrades } = remoteLogins(
      (method, ...args) => this.cores.ask(method, ...args),
      () => this.cores.facts,
    );
    this.credentials = credentials;
    this.guard = guard;
    this.clients = clients;
    this.upgrades = upgrades;
  }

  /** No core was there, or it could not answer. */
  outage(error: unknown): boolean {
    return error instanceof CoreAway;
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

  // what is offered

  get domain(): string {
    return this.cores.domain;
  }

  get ready(): boolean {
    return this.cores.ready;
  }

  get plain(): boolean {
    return this.cores.facts.plain;
  }

  get strictBinding(): boolean {
    return this.cores.facts.strictBinding;
  }

  features(): Bytes {
    return this.cores.facts.features;
  }

  freshId(): string {
    return randomBytes(12).toString('base64url');
  }

  stableId(name: string, agent: string): Promise<string> {
    return this.cores.ask('stableId', name, agent);
  }

  stands(login: Login): Promise<boolean> {
    return this.cores.ask('stands', login);
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
    const until = this.cores.deadline();
    this.#sessions.set(session.number, session);
    for (;;) {
      let line: CoreLine;
      try {
        line = await this.cores.some(until);
      } catch (error) {
        if (!(error instanceof CoreAway)) throw error;
        this.#sessions.delete(session.number);
        return new StanzaError('resource-constraint', error.message);
      }
      session.line = line;
      const id = this.cores.nextAsk();
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
    line.link.later.byte(TO_CORE.stanza).count(session.number).bytes(raw);
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
      const id = this.cores.nextAsk();
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
    const id = this.cores.nextAsk();
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
    if (kind === KIND.own) session.arrived(bytes, at, this.#now(), delayed);
    session.line?.link.later.byte(TO_CORE.taken).count(session.number).count(number);
  }

  keep(session: RemoteSession, number: number): Promise<void> {
    return this.#askFor(session, 'keep', number);
  }

  // what cores say

  frame(line: CoreLine, type: number, batch: Unpacker): void {
    const session = this.#sessions.get(batch.count());
    this.#from = line;
    hear(type, batch, session?.line === line ? session : undefined, this);
  }

  drain(session: RemoteSession | undefined, id: number): void {
    const line = this.#from;
    const drained = () => void line?.link.out.byte(TO_CORE.drained).count(id);
    if (session === undefined) drained();
    else void session.outlet.drained().then(drained);
  }

  deliver(session: RemoteSession | undefined, given: Bytes | undefined): void {
    const line = this.#from;
    if (line === undefined) return;
    if (given !== undefined) this.#last.set(line, given);
    const bytes = given ?? this.#last.get(line) ?? '';
    session?.outlet.send(bytes, session.managed && bytes.startsWith('<message') ? SETTLED : undefined);
  }

  message(session: RemoteSession | undefined, message: NumberedMessage): void {
    if (session === undefined) return;
    const receipt = new RemoteReceipt(this, session, message, this.#now());
    session.nextMessage = message.number + 1;
    session.messages.set(message.number, receipt);
    if (session.closing !== undefined) {
      receipt.lost();
      return;
    }
    session.outlet.send(message.bytes, receipt);
  }

  // cores come and go

  adopt(line: CoreLine): number {
    const orphans = [...this.#sessions.values()].filter((session) => session.line === undefined);
    for (const session of orphans) this.#hand(session, line);
    return orphans.length;
  }

  bereave(line: CoreLine, former: FormerCore, other: CoreLine | undefined): number {
    this.#last.delete(line);
    const theirs = [...this.#sessions.values()].filter((session) => session.line === line);
    for (const session of theirs) {
      session.line = undefined;
      session.former = former;
      if (other !== undefined) this.#hand(session, other);
    }
    return theirs.length;
  }

  wake(line: CoreLine): void {
    for (const session of this.#sessions.values()) if (session.line === line) session.wake();
  }

  /** Gives a session to a core that knows nothing of it, and what the one before may not have handled. */
  #hand(session: RemoteSession, line: CoreLine): void {
    if (session.capsule === '') return; // it was being opened, and is opened anew
    session.line = line;
    this.handedOver++;
    const { out } = line.link;
    const id = this.cores.nextAsk();
    const { managed, waiting, confirmed, nextMessage, former: from } = session;
    const capsule = JSON.parse(session.capsule) as unknown;
    const orphan: Orphan = {
      capsule,
      managed,
      waiting,
      confirmed,
      nextMessage,
      ...(from === undefined ? {} : { from }),
    };
    out.byte(TO_CORE.restore).count(session.number).count(id).text(JSON.stringify(orphan)).count(session.messages.size);
    for (const { number, kind, key, at, bytes } of session.messages.values())
      out.count(number).byte(kind).text(key).count(at).bytes(bytes);
    const arrived = session.lately(this.#now());
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

  stop(): void {
    this.cores.stop();
  }
}

function writeStanzas(
  out: { count(value: number): typeof out; bytes(value: Bytes): typeof out },
  stanzas: readonly Unacknowledged[],
): void {
  out.count(stanzas.length);
  for (const { at, bytes } of stanzas) out.count(at).bytes(bytes);
}
