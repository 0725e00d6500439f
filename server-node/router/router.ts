import { StorageError } from '../storage/stores.ts';
import type { Bytes } from '../xml/chars.ts';
import { type Element, el } from '../xml/element.ts';
import { attribute, readTag, type Tag } from '../xml/tag.ts';
import { delayed } from '../xmpp/delay.ts';
import { StanzaError } from '../xmpp/errors.ts';
import { Jid, JidCache } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { Stanza } from '../xmpp/stanza.ts';
import { Attendance } from './attendance.ts';
import { Blocklists } from './blocklists.ts';
import { moduleContext } from './context.ts';
import { type External, Externals } from './externals.ts';
import { Hooks, type MessageObserver } from './hooks.ts';
import { IqTable } from './iq.ts';
import type { IqGuard, ModuleContext } from './module.ts';
import type { RouterOptions } from './options.ts';
import { Requests } from './requests.ts';
import { type Destination, route } from './route.ts';
import type { Debt, Outlet, Peer, Session, View } from './session.ts';
import { Receipt } from './session.ts';
import { Sessions } from './sessions.ts';

export interface Counters {
  messages: number;
  logins: number;
  offline: number;
  errors: number;
}

/** what can be put nowhere while the database is away is tried again so often, and for so long since it was sent, milliseconds */
const AGAIN_MS = 500;
const MOST_AGAIN_MS = 3_600_000;

/** Where stanzas go: receives what clients send, routes it, delivers it. Knows no socket and no SQL. */
export class Router {
  readonly sessions = new Sessions();
  readonly hooks = new Hooks();
  readonly blocklists: Blocklists;
  readonly counters: Counters = { messages: 0, logins: 0, offline: 0, errors: 0 };
  readonly #jids = new JidCache();
  readonly #iq: IqTable;
  readonly #guards: [ns: string, guard: IqGuard][] = [];
  readonly #requests: Requests;
  readonly #context: ModuleContext;
  readonly externals: Externals;
  readonly #attendance: Attendance;
  readonly #options: RouterOptions;
  readonly #domain: Jid;
  readonly #directory;
  readonly #accountJids = new Map<string, Jid>();
  readonly #observers: MessageObserver[] = [];
  #streamFeatures: Bytes | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#domain = new Jid('', options.domain);
    this.#iq = new IqTable(this.#domain);
    this.#requests = new Requests(this.#domain, options.now);
    this.blocklists = new Blocklists(options.domain, options.stores, options.limits.blocklistItems);
    this.externals = new Externals(options.components ?? []);
    const { sessions, externals, hooks, blocklists } = this;
    this.#attendance = new Attendance({
      domain: options.domain,
      sessions,
      hooks,
      blocklists,
      most: options.limits.sessionsPerAccount,
      now: options.now,
      informed: options.others && (() => options.others?.informed() ?? Promise.resolve()),
      roomElsewhere: options.others && ((name) => options.others?.room(name) ?? Promise.resolve(false)),
      guard: (what, work) => this.#guard(what, work),
    });
    this.#directory = {
      externals,
      domain: options.domain,
      of: (name: string) => sessions.of(name),
      get: (name: string, resource: string) => sessions.get(name, resource),
    };
    this.#context = moduleContext(options, {
      domain: this.#domain,
      sessions,
      externals,
      hooks: this.hooks,
      jids: this.#jids,
      blocklists: this.blocklists,
      iq: this.#iq,
      guards: this.#guards,
      observers: this.#observers,
      route: (stanza, to, session) => this.#route(stanza, to, session),
      ask: (to, type, payload) => this.#ask(to, type, payload),
      close: (session) => this.close(session),
      jidOf: (name) => this.#accountJid(name),
      aside: (what, work) => void this.#guard(what, work),
      views: (view) => {
        this.view = view;
      },
    });
    for (const module of options.modules) module.setup(this.#context);
  }

  /** What a session's client knows; undefined when that can't be told in this turn. */
  view: (session: Session) => View | undefined = () => undefined;

  /** What the modules offer within the stream's features after login (RFC 6120 §4.3.2), binding aside. */
  streamFeatures(): Bytes {
    this.#streamFeatures ??= this.#options.modules
      .map((module) => module.streamFeatures?.(this.#context) ?? '')
      .join('');
    return this.#streamFeatures;
  }

  /** Binds a resource (RFC 6120 §7). A session of the same full JID is ended with `conflict` (§7.7.2.2). */
  async open(name: string, resource: string, peer: Peer, outlet: Outlet): Promise<Session | StanzaError> {
    const session = await this.#attendance.open(name, resource, peer, outlet);
    if (!(session instanceof StanzaError)) this.counters.logins++;
    return session;
  }

  /** A session of an earlier process goes on: nobody was told that it had gone. False when a newer one has its address. */
  restore(session: Session): Promise<boolean> {
    return this.#attendance.restore(session);
  }

  /** A session goes on at another node: nobody is told that it went from here. */
  moveAway(session: Session): Promise<void> {
    return this.#attendance.moveAway(session);
  }

  /** Ends a session of an account that only waits for its client to come back; whether there was one. */
  makeRoom(name: string): Promise<boolean> {
    return this.#attendance.makeRoom(name);
  }

  /** A session is over. */
  async close(session: Session): Promise<void> {
    await this.#attendance.close(session);
    if (this.sessions.of(session.jid.local).length === 0) this.#accountJids.delete(session.jid.local);
  }

  /**
   * What a session that is over did not acknowledge goes where it would have gone without that session: messages to
   * another device or to where they wait, requests back with an error (XEP-0198 §4).
   */
  async undelivered(jid: Jid, stanzas: readonly { readonly bytes: Bytes; readonly at: number }[]): Promise<void> {
    const pending = stanzas.map(({ bytes, at }) => this.#return(jid, bytes, at)); // all in one turn: their order stays
    await Promise.all(pending);
  }

  #return(jid: Jid, bytes: Bytes, at: number): void | Promise<void> {
    const tag = readTag(bytes, 0, Number.POSITIVE_INFINITY);
    const from = tag === undefined ? undefined : this.#jids.parse(attribute(tag, 'from') ?? '');
    if (tag === undefined || from === undefined) return;
    const stanza = Stanza.received(tag, bytes, from, this.#jids.parse(attribute(tag, 'to') ?? '') ?? jid);
    if (stanza.name === 'iq') this.#reply(stanza, jid, new StanzaError('service-unavailable'), undefined);
    else if (stanza.name === 'message' && stanza.type !== 'groupchat') return this.#again(stanza, jid.bare, at);
  }

  /** A message that one device has not got, to the account's others. */
  #again(stanza: Stanza, account: Jid, at: number): void | Promise<void> {
    if (this.blocklists.blocks(account.local, stanza.from)) return;
    const destination = route(stanza, account, this.#directory);
    const { sessions } = destination.kind === 'sessions' ? destination : { sessions: [] };
    if (sessions.length > 0) {
      const owed = this.#give(stanza, account, undefined, sessions, delayed(stanza.wire, at, this.#domain.domain));
      // where it lay before it is no longer, once this resolves: so it lies somewhere else, or has arrived
      const open = owed.filter((one) => one instanceof Promise || !one.settled);
      if (open.length > 0) return Promise.all(open.map((one) => (one instanceof Promise ? one : one.secure()))).then();
    } else if (destination.kind === 'offline')
      return this.#keep(stanza, account.local, undefined, at).catch((error: unknown) => {
        // its sender was told that it is safe: that is made true as soon as the database is back
        if (error instanceof StorageError && error.unavailable && this.#options.now() - at < MOST_AGAIN_MS)
          return new Promise<void>((resolve) => {
            setTimeout(() => resolve(this.#again(stanza, account, at)), AGAIN_MS).unref();
          });
        return this.#refuse(error, stanza, undefined, 'an undelivered message'); // if it can't be, that is not kept from them
      });
  }

  /**
   * Takes what a client sent. A promise: the client's next stanza must wait for it, so that its order is kept
   * (RFC 6120 §10.1).
   */
  receive(session: Session, tag: Tag, raw: Bytes): void | Promise<void> {
    const addressed = attribute(tag, 'to');
    const address = addressed === undefined ? undefined : this.#jids.parse(addressed);
    const stanza = Stanza.received(tag, raw, session.jid, address);
    if (addressed !== undefined && address === undefined) {
      return this.#reply(stanza, this.#domain, new StanzaError('jid-malformed'), session); // RFC 6120 §8.3.3.8
    }
    if (address !== undefined && !this.blocklists.none && this.blocklists.blocks(session.jid.local, address)) {
      const blocked = { condition: el('blocked', NS.blockingErrors), type: 'cancel' } as const;
      return this.#reply(stanza, address, new StanzaError('not-acceptable', undefined, blocked), session); // XEP-0191 §3.3
    }
    if (stanza.name === 'message') {
      this.counters.messages++;
      // RFC 6121 §8.1: a message without `to` is for the sender's own account
      return this.#guardedRoute(stanza, stanza.to ?? session.jid.bare, session);
    }
    if (stanza.name === 'iq') return this.#guardedRoute(stanza, stanza.to ?? session.jid.bare, session);
    const { to } = stanza;
    if (to === undefined)
      return this.#guard('a presence', () => this.hooks.run('presence-sent', { session, stanza }), stanza, session);
    return this.#guard(
      'a directed presence',
      async () => {
        if (!(await this.hooks.run('presence-directed', { session, stanza }))) await this.#route(stanza, to, session);
      },
      stanza,
      session,
    );
  }

  /**
   * Takes what a component sent (XEP-0114 §3). A promise: its next stanza must wait for it. False when its addresses are
   * not as they must be.
   */
  receiveFrom(external: External, tag: Tag, raw: Bytes): boolean | Promise<void> {
    const [from, to] = ['from', 'to'].map((name) => this.#jids.parse(attribute(tag, name) ?? ''));
    if (from?.domain !== external.domain || to === undefined) return false;
    const stanza = Stanza.received(tag, raw, from, to);
    if (stanza.name === 'message') this.counters.messages++;
    return this.#guard('a stanza of a component', async () => this.#route(stanza, to, undefined), stanza);
  }

  #guardedRoute(stanza: Stanza, to: Jid, session: Session): void | Promise<void> {
    try {
      const pending = this.#route(stanza, to, session);
      if (pending !== undefined)
        return pending.catch((error: unknown) => this.#refuse(error, stanza, session, 'a stanza'));
    } catch (error) {
      this.#refuse(error, stanza, session, 'a stanza');
    }
  }

  #route(stanza: Stanza, to: Jid, session: Session | undefined): void | Promise<void> {
    if (!this.blocklists.none && this.blocklists.between(stanza.from, to)) return this.#turnAway(stanza, to, session);
    return this.#deliver(stanza, to, session);
  }

  /** What comes from a blocked address looks as if nobody were there (XEP-0191 §3.3); what would go to one is dropped. */
  #turnAway(stanza: Stanza, to: Jid, session: Session | undefined): void {
    const outbound = stanza.from.domain === this.#domain.domain && this.blocklists.blocks(stanza.from.local, to);
    if (stanza.name !== 'presence' && !outbound)
      this.#reply(stanza, to, new StanzaError('service-unavailable'), session);
  }

  #deliver(stanza: Stanza, to: Jid, session: Session | undefined): void | Promise<void> {
    const destination = route(stanza, to, this.#directory);
    if (destination.kind !== 'sessions') return this.#deliverElsewhere(destination, stanza, to, session);
    const { sessions } = destination;
    if (stanza.name === 'iq' && stanza.type === 'get') {
      for (const [ns, guard] of this.#guards)
        if (stanza.rest.includes(ns)) return this.#deliverGuarded(guard, sessions, stanza, to, session);
    }
    const wire = stanza.wire;
    if (stanza.name === 'message') this.#give(stanza, to, session, sessions, wire);
    else for (const one of sessions) one.outlet.send(wire);
  }

  async #deliverGuarded(
    guard: IqGuard,
    sessions: readonly Session[],
    stanza: Stanza,
    to: Jid,
    session: Session | undefined,
  ): Promise<void> {
    if (await guard(to, stanza.from)) for (const one of sessions) one.outlet.send(stanza.wire);
    else this.#reply(stanza, to, new StanzaError('forbidden'), session);
  }

  /** A request in the name of the domain. */
  async #ask(to: Jid, type: 'get' | 'set', payload: Element): Promise<Stanza | undefined> {
    const { stanza, answer } = this.#requests.make(to, type, payload);
    await this.#route(stanza, to, undefined);
    return answer;
  }

  /** Gives a message to devices; one that goes to several is lost only when all of them lose it. */
  #give(
    stanza: Stanza,
    to: Jid,
    from: Session | undefined,
    sessions: readonly Session[],
    wire: Bytes,
  ): (Promise<unknown> | Debt)[] {
    const all: (Promise<unknown> | Debt)[] = [];
    const receipt = this.sessions.of(to.local).length > 1 ? new Receipt(wire) : undefined;
    for (const _ of sessions) receipt?.another(); // all first: one that is lost at once must know of the others
    for (const one of sessions) {
      const owed = one.outlet.send(wire, receipt);
      if (owed === undefined) continue;
      if (from === undefined) all.push(owed);
      else if (owed instanceof Promise)
        from.outlet.hold(owed); // its sender learns nothing before it is safe
      else {
        from.outlet.owe(owed);
        if (owed.kept !== undefined) from.outlet.hold(owed.kept);
      }
    }
    this.#observe(stanza, to, from, sessions, receipt);
    return all;
  }

  #observe(stanza: Stanza, to: Jid, from: Session | undefined, delivered: readonly Session[], receipt?: Receipt): void {
    for (const observer of this.#observers) {
      try {
        observer({ stanza, to, from, delivered, receipt });
      } catch (error) {
        this.#options.onFault(error, 'what follows a message');
      }
    }
  }

  #deliverElsewhere(
    destination: Destination,
    stanza: Stanza,
    to: Jid,
    session: Session | undefined,
  ): void | Promise<void> {
    switch (destination.kind) {
      case 'external':
        destination.external.send(stanza.wire);
        if (stanza.name === 'message') this.#observe(stanza, to, session, []);
        return undefined;
      case 'server':
        if (stanza.name === 'iq') {
          if (stanza.type === 'result' || stanza.type === 'error') return this.#requests.take(stanza);
          return this.#answer(stanza, this.#domain, session);
        }
        if (stanza.name === 'message') this.#reply(stanza, to, new StanzaError('service-unavailable'), session); // RFC 6120 §10.5.1
        return undefined;
      case 'account':
        return stanza.name === 'iq'
          ? this.#answerFor(stanza, to.bare, session)
          : this.#presenceFor(stanza, destination.name);
      case 'offline':
        return this.#keep(stanza, destination.name, session);
      case 'error':
        return this.#reply(stanza, to, new StanzaError(destination.condition), session);
      default:
        return undefined;
    }
  }

  async #answerFor(stanza: Stanza, account: Jid, session: Session | undefined): Promise<void> {
    const known =
      this.sessions.of(account.local).length > 0 ||
      (await this.#options.stores.accounts.get(account.local)) !== undefined;
    const blocked = known && (await this.blocklists.blocksAnyway(account.local, stanza.from));
    if (known ? !blocked : this.#iq.forNobody(stanza)) return this.#answer(stanza, account, session);
    if (stanza.type === 'get' || stanza.type === 'set')
      this.#reply(stanza, account, new StanzaError('service-unavailable'), session);
  }

  async #answer(stanza: Stanza, self: Jid, session: Session | undefined): Promise<void> {
    const refusal = (error: unknown) => this.#conditionOf(error, 'an IQ');
    const after: (() => unknown)[] = [];
    const { others } = this.#options;
    const news = others?.news;
    const answer = await this.#iq.answer(stanza, self, session, refusal, (work) => after.push(work));
    if (answer === undefined) return;
    if (answer.type === 'error') this.counters.errors++;
    // what was set holds at every node before it is said to be set
    else if (stanza.type === 'set' || others?.news !== news) await others?.informed();
    await this.#send(answer, session);
    for (const work of after) await this.#guard('what follows an answer', async () => work());
  }

  async #presenceFor(stanza: Stanza, name: string): Promise<void> {
    if (await this.blocklists.blocksAnyway(name, stanza.from)) return;
    await this.hooks.run('presence-received', { name, stanza });
  }

  /** A message for somebody who can't take it now. The sender learns nothing before it is on disk. */
  async #keep(stanza: Stanza, name: string, session: Session | undefined, at?: number): Promise<void> {
    const known = this.sessions.of(name).length > 0 || (await this.#options.stores.accounts.get(name)) !== undefined;
    if (!known)
      return this.#reply(stanza, stanza.to ?? this.#accountJid(name), new StanzaError('service-unavailable'), session); // RFC 6121 §8.5.1
    if (await this.blocklists.blocksAnyway(name, stanza.from))
      return this.#turnAway(stanza, stanza.to ?? this.#accountJid(name), session);
    const now = route(stanza, this.#accountJid(name), this.#directory); // somebody may have come while we asked
    if (now.kind === 'sessions') {
      if (at !== undefined) return this.#again(stanza, this.#accountJid(name), at); // it comes late, and says so
      this.#give(stanza, this.#accountJid(name), session, now.sessions, stanza.wire);
      return;
    }
    this.#observe(stanza, this.#accountJid(name), session, []);
    if (now.kind !== 'offline') return;
    const store = async () => {
      await this.hooks.run('message-offline', { name, stanza, from: session, at });
      this.#options.others?.kept(name);
    };
    if (at !== undefined) return store(); // whoever gives it back decides what to do when that fails
    const kept = this.#guard('an offline message', store, stanza, session);
    this.counters.offline++;
    if (session === undefined) await kept;
    else session.outlet.hold(kept);
  }

  #reply(stanza: Stanza, from: Jid, error: StanzaError, session: Session | undefined): void {
    if (stanza.type === 'error' || (stanza.name === 'iq' && stanza.type === 'result')) return; // RFC 6120 §8.3.1
    this.counters.errors++;
    void this.#send(stanza.error(from, error), session);
  }

  /** An answer goes to the session that asked, even when its full JID was bound again meanwhile. */
  #send(stanza: Stanza, session: Session | undefined): void | Promise<void> {
    if (session !== undefined && stanza.to?.equals(session.jid)) session.send(stanza);
    else if (stanza.to !== undefined) return this.#deliver(stanza, stanza.to, undefined);
  }

  #refuse(error: unknown, stanza: Stanza, session: Session | undefined, what: string): void {
    this.#reply(stanza, stanza.to ?? stanza.from.bare, this.#conditionOf(error, what), session);
  }

  /** An expected failure as it is; anything else is a bug, told and answered with internal-server-error. */
  #conditionOf(error: unknown, what: string): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#options.onFault(error, what);
    // RFC 6120 §8.3.3.18: resource-constraint goes with `wait`, and it may work again soon; internal-server-error (§8.3.3.6)
    // goes with `cancel`, and would tell clients not to try again
    if (error instanceof StorageError && (error.full || error.unavailable))
      return new StanzaError('resource-constraint', 'the server can store nothing now');
    return new StanzaError('internal-server-error');
  }

  async #guard(what: string, work: () => Promise<unknown>, stanza?: Stanza, session?: Session): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (stanza === undefined) this.#options.onFault(error, what);
      else this.#refuse(error, stanza, session, what);
    }
  }

  #accountJid(name: string): Jid {
    let jid = this.#accountJids.get(name);
    if (jid === undefined) {
      jid = new Jid(name, this.#domain.domain);
      if (this.#accountJids.size > 10_000) this.#accountJids.clear();
      this.#accountJids.set(name, jid);
    }
    return jid;
  }
}
