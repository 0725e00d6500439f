import type { Login } from '../sasl/mechanism.ts';
import type { Bytes } from '../xml/chars.ts';
import { Element, el, parseElement } from '../xml/element.ts';
import type { XmlError } from '../xml/errors.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { failed, readCount } from './binding.ts';
import { addressProblem, claimed, type StreamCondition } from './header.ts';
import type { Lifeline } from './lifeline.ts';
import type { Lifelines, StreamDomain } from './lifelines.ts';
import { LoginDesk, refusal } from './login.ts';
import type { LoginOutcome } from './login-outcome.ts';
import { normalize, speaksOtherwise } from './normalize.ts';
import type { StreamCore, StreamEvent, StreamWire } from './ports.ts';
import { SessionDesk } from './session-desk.ts';

/** What the connection must do after an element was taken. */
export type Next =
  /** read on */
  | 'continue'
  /** a new stream begins; what has come in already belongs to it */
  | 'restart'
  /** a new stream begins within TLS; what has come in already is forgotten */
  | 'restart-tls'
  /** the client has logged in without a new stream: it may send more from now on */
  | 'trusted'
  /** the stream is over */
  | 'stop';

const MOST_LOGIN_ATTEMPTS = 5;

/** The longest stanza, bytes, before and after the login (XEP-0478). */
export interface StreamSizes {
  readonly before: number;
  readonly after: number;
}

type Done = Extract<LoginOutcome, { kind: 'done' }>;

/**
 * A client's stream (RFC 6120 §4 to §7): header, features, STARTTLS, login, binding or resumption, then stanzas. Takes
 * elements, and knows no socket: what leaves goes to the wire, what is meant goes to the core.
 */
export class Stream<S extends { readonly jid: Jid }> {
  #core: StreamCore<S>;
  readonly #wire: StreamWire;
  #sessions: SessionDesk<S>;
  readonly #sizes: StreamSizes;
  readonly #now: () => number;
  readonly #tell: (event: StreamEvent, text: string) => void;
  #state: 'new' | 'open' | 'over' = 'new';
  #header: Tag | undefined;
  /** a stanza means the same in another stream: the header declares no prefix but `stream`, and no other language */
  #plainHeader = true;
  #desk: LoginDesk<S> | undefined;
  #attempts = 0;
  #login: Login | undefined;
  readonly #others: ReadonlyMap<string, StreamDomain<S>> | undefined;

  constructor(
    core: StreamCore<S>,
    wire: StreamWire,
    lines: Lifelines<S>,
    sizes: StreamSizes,
    now: () => number,
    tell: (event: StreamEvent, text: string) => void,
    others?: ReadonlyMap<string, StreamDomain<S>>,
  ) {
    this.#others = others;
    this.#core = core;
    this.#wire = wire;
    this.#sessions = new SessionDesk(core, wire, lines, this, now);
    this.#sizes = sizes;
    this.#now = now;
    this.#tell = tell;
  }

  get #line(): Lifeline<S> | undefined {
    return this.#sessions.line;
  }

  get bound(): boolean {
    return this.#line !== undefined;
  }

  /** the client has opened it */
  get begun(): boolean {
    return this.#state !== 'new';
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  /** the domain that it is for */
  get domain(): string {
    return this.#core.domain;
  }

  /** The client's opening. */
  opened(tag: Tag): Next {
    if (this.#login === undefined) this.#choose(attribute(tag, 'to'));
    const { framing } = this.#wire;
    this.#plainHeader = !framing.document || (!speaksOtherwise(tag) && attribute(tag, 'xmlns') === NS.client);
    this.#header = this.#plainHeader ? undefined : tag; // kept for those few streams whose stanzas lean on it
    const who = claimed(tag) ?? undefined;
    this.#wire.send(framing.opening(this.#core.domain, this.#core.freshId(), attribute(tag, 'from')));
    this.#state = 'open';
    if (this.#core.ready === false) return this.fail('resource-constraint', 'the server is not there yet: come later');
    const problem = framing.problem(tag) ?? addressProblem(tag, this.#core.domain);
    if (problem !== undefined) return this.fail(...problem);
    if (this.#login === undefined) {
      this.#desk = new LoginDesk(this.#core, this.#wire, this.#now);
      this.#desk.claimed = who;
    } else if (who !== undefined && who.local !== '' && who.local !== this.#login.name)
      return this.fail('invalid-from', 'you have logged in as somebody else'); // §4.9.3.9
    this.#wire.send(framing.features(this.#features()));
    return 'continue';
  }

  /** Several domains may share a port: the first header says which is meant (RFC 6120 §4.7.2). */
  #choose(to: string | undefined): void {
    const named = to === undefined ? undefined : this.#others?.get(to.toLowerCase());
    if (named === undefined || named.core === this.#core) return;
    this.#core = named.core;
    this.#sessions = new SessionDesk(named.core, this.#wire, named.lines, this, this.#now);
  }

  /** A child of the stream. A promise: the next one must wait for it. */
  element(tag: Tag, raw: Bytes): Next | Promise<Next> {
    if (this.#state === 'over') return 'stop';
    if (this.#line !== undefined) return this.#stanza(this.#line, tag, raw);
    const { tag: plain, raw: bytes } = normalize(tag, raw, this.#header);
    const ns = attribute(plain, 'xmlns') ?? NS.client;
    if (this.#desk?.busy === true && ns !== NS.sasl2) return this.fail('policy-violation', 'a login is not over'); // XEP-0388 §2.3
    if (ns === NS.tls) return this.#startTls(plain);
    if (ns === NS.sasl || ns === NS.sasl2) return this.#authenticate(plain, bytes, ns);
    if (this.#login === undefined) return this.fail('not-authorized', 'log in first'); // §4.9.3.12
    if (ns === NS.management) return this.#manageUnbound(this.#login, parseElement(bytes, NS.client));
    return this.#bind(this.#login, plain, bytes);
  }

  /** The client closes its side (§4.4). */
  closed(): Next {
    const line = this.#sessions.line;
    const pending = line === undefined || this.over ? undefined : this.#core.handled?.(line.session);
    if (pending === undefined) return this.#end();
    const end = () => {
      if (!this.over) this.#end();
    };
    pending.then(end, end); // what was asked before is answered first
    return 'stop';
  }

  #end(): Next {
    if (this.#state !== 'over') this.#wire.send(this.#wire.framing.closing);
    return this.#finish();
  }

  /** What came can't be read. */
  unreadable(error: XmlError): Next {
    return this.fail(error.condition, error.message);
  }

  /** Ends the stream with an error (§4.9); `more`: an application's own condition (§4.9.4). */
  fail(condition: StreamCondition, text?: string, more: Bytes = ''): Next {
    if (this.#state === 'over') return 'stop';
    this.#farewell(condition, text, more);
    return this.#finish();
  }

  #farewell(condition: StreamCondition, text: string | undefined, more: Bytes, content?: Bytes): void {
    const { framing } = this.#wire;
    this.#tell('stream-error', `${condition}${text === undefined ? '' : `: ${text}`}`);
    if (this.#state === 'new') this.#wire.send(framing.opening(this.#core.domain, this.#core.freshId(), undefined));
    this.#wire.send(framing.error(condition, text, more, content));
    this.#wire.send(framing.closing);
  }

  /** The connection is gone, or is about to go, and nobody said farewell: a session may wait for another. */
  lost(): void {
    this.#state = 'over';
    const line = this.#sessions.line;
    this.#sessions.line = undefined;
    line?.lost();
  }

  /** As `fail`, but a session may wait for another connection (XEP-0198 §5); `content`: of the condition (RFC 6120 §4.9.3.19). */
  interrupt(condition: StreamCondition, text?: string, content?: Bytes): void {
    if (this.#state === 'over') return;
    this.#farewell(condition, text, '', content);
    this.lost();
    this.#wire.close();
  }

  /** The session goes on over another connection, or is over. */
  replaced(condition: string, text: string | undefined): void {
    this.#sessions.line = undefined;
    if (this.#state === 'over') return;
    this.#farewell(condition as StreamCondition, text, '');
    this.#state = 'over';
    this.#wire.close();
  }

  #finish(): Next {
    this.#state = 'over';
    const line = this.#sessions.line;
    this.#sessions.line = undefined;
    line?.finish();
    this.#wire.close();
    return 'stop';
  }

  #features(): Bytes {
    if (this.#login !== undefined) {
      const bind = this.#line === undefined ? `<bind xmlns='${NS.bind}'/>` : '';
      // what is switched on already is not offered again: clients would take the offer
      const management = this.#line?.managed === true ? '' : `<sm xmlns='${NS.management}'/>`;
      const others = `<csi xmlns='${NS.clientState}'/>${this.#core.features()}`;
      return bind + management + others + limits(this.#sizes.after);
    }
    const starttls = this.#wire.transport === 'tcp';
    const required = this.#wire.confidential ? '' : '<required/>';
    const offer = starttls ? `<starttls xmlns='${NS.tls}'>${required}</starttls>` : '';
    if (!this.#wire.confidential) return offer; // §5.3.1: nothing else before TLS
    return offer + (this.#desk?.features() ?? '') + limits(this.#sizes.before);
  }

  #startTls(tag: Tag): Next {
    if (tag.name !== 'starttls' || this.#wire.transport !== 'tcp' || this.#login !== undefined) {
      this.#wire.send(`<failure xmlns='${NS.tls}'/>`); // §5.4.2.2
      this.#wire.send(this.#wire.framing.closing);
      return this.#finish();
    }
    this.#wire.send(`<proceed xmlns='${NS.tls}'/>`);
    this.#wire.startTls();
    this.#state = 'new';
    return 'restart-tls';
  }

  async #authenticate(tag: Tag, raw: Bytes, ns: string): Promise<Next> {
    const desk = this.#desk;
    if (this.#login !== undefined || desk === undefined) return this.fail('not-authorized', 'already logged in');
    const outcome = await desk.take(tag, raw, ns);
    if (this.over) return 'stop';
    if (outcome.kind === 'more') return 'continue';
    if (outcome.kind === 'broken') return this.fail(outcome.condition, outcome.text);
    if (outcome.kind === 'failed')
      return outcome.innocent === true ? this.#unanswered() : this.#refused(outcome.condition);
    this.#desk = undefined;
    this.#sessions.mechanism = outcome.mechanism;
    this.#sessions.agent = outcome.request?.agent;
    if (outcome.request !== undefined) {
      try {
        return await this.#succeed(outcome, outcome.request);
      } catch (error) {
        if (!this.#core.outage(error)) throw error;
        return this.over ? 'stop' : this.#takenBack('temporary-auth-failure', undefined, true);
      }
    }
    this.#login = outcome.login;
    const data = outcome.data === undefined ? '' : outcome.data.toString('base64');
    this.#wire.send(`<success xmlns='${NS.sasl}'>${data}</success>`);
    this.#state = 'new';
    return 'restart';
  }

  /** §6.4.5: the client may try again, but not for ever. */
  #refused(condition: string): Next {
    this.#attempts++;
    this.#tell('login-failed', condition);
    if (this.#attempts < MOST_LOGIN_ATTEMPTS) return 'continue';
    this.#tell('guessed', condition);
    return this.fail('policy-violation', 'too many failed logins');
  }

  /** Nobody could tell whether it may come in: that is no attempt of its own. */
  #unanswered(): Next {
    this.#tell('login-failed', 'temporary-auth-failure');
    return 'continue';
  }

  /** The proof was right and the login fails all the same: another may follow. */
  #takenBack(condition: 'not-authorized' | 'temporary-auth-failure', text?: string, innocent = false): Next {
    this.#login = undefined;
    this.#desk = new LoginDesk(this.#core, this.#wire, this.#now);
    this.#wire.send(refusal(condition, NS.sasl2, text));
    return innocent ? this.#unanswered() : this.#refused(condition);
  }

  /** XEP-0388 §2.6.1: the login, and with it a resumption (XEP-0198 §8) or a binding (XEP-0386 §4), and a token (XEP-0484). */
  async #succeed(done: Done, request: NonNullable<Done['request']>): Promise<Next> {
    const { login, data } = done;
    const wish = { mechanism: done.mechanism, request: request.token, invalidate: request.invalidate };
    if (!(await this.#core.stands(login))) return this.#takenBack('not-authorized');
    const fresh = await this.#core.clients.loggedIn(login, request.agent, wish);
    if (this.over) return 'stop';
    this.#login = login;
    const words = data === undefined ? [] : [el('additional-data', NS.sasl2, {}, data.toString('base64'))];
    const token =
      fresh === undefined
        ? []
        : [el('token', NS.fast, { token: fresh.token, expiry: new Date(fresh.expiresAt).toISOString() })];
    const success = (jid: string, ...more: Element[]) =>
      el(
        'success',
        NS.sasl2,
        {},
        ...words,
        el('authorization-identifier', NS.sasl2, {}, jid),
        ...more,
        ...token,
      ).serialize(NS.client);
    const parts: Element[] = [];
    let jid = `${login.name}@${this.#core.domain}`;
    if (request.resume !== undefined) {
      const refused = await this.#resume(login, request.resume, (line, resumed) =>
        success(line.session.jid.toString(), resumed),
      );
      if (this.over) return 'stop';
      if (refused === undefined) return 'trusted'; // XEP-0198 §8.2: no features follow
      parts.push(refused);
    }
    if (request.bind !== undefined) {
      try {
        parts.push(await this.#sessions.bind2(login, request.bind));
      } catch (error) {
        if (!(error instanceof StanzaError)) throw error;
        return this.#takenBack('temporary-auth-failure', error.text ?? error.condition);
      }
      if (this.over || this.#line === undefined) return 'stop';
      jid = this.#line.session.jid.toString();
      this.#tell('login', `${jid} with ${done.mechanism}`);
    }
    this.#wire.send(success(jid, ...parts));
    this.#wire.send(this.#wire.framing.features(this.#features()));
    return 'trusted';
  }

  /** §7.6, §7.7; anything before it but a bind request is refused. */
  async #bind(login: Login, tag: Tag, raw: Bytes): Promise<Next> {
    const iq = parseElement(raw, NS.client);
    const request = iq.child('bind', NS.bind);
    const id = iq.attributes['id'];
    if (tag.name !== 'iq' || iq.attributes['type'] !== 'set' || request === undefined || id === undefined) {
      return this.fail('not-authorized', 'bind a resource first'); // §7.3.1
    }
    const answer = (type: string, child: Element) =>
      this.#wire.send(el('iq', NS.client, { id, type }, child).serialize(NS.client));
    try {
      const { session } = await this.#sessions.bind(login, request);
      if (this.over) return 'stop';
      answer('result', el('bind', NS.bind, {}, el('jid', NS.bind, {}, session.jid.toString())));
      this.#tell('login', `${session.jid} with ${this.#sessions.mechanism}`);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      answer('error', error.element());
    }
    return 'continue';
  }

  /** XEP-0198 §3 and §5: before a binding only a resumption is in order. */
  async #manageUnbound(login: Login, element: Element): Promise<Next> {
    if (element.name !== 'resume') {
      this.#wire.send(failed('unexpected-request').serialize(NS.client));
      return 'continue';
    }
    const refused = await this.#resume(login, element, (_line, resumed) => resumed.serialize(NS.client));
    if (this.over) return 'stop';
    if (refused !== undefined) this.#wire.send(refused.serialize(NS.client));
    return 'continue';
  }

  async #resume(
    login: Login,
    request: Element,
    hello: (line: Lifeline<S>, resumed: Element) => Bytes,
  ): Promise<Element | undefined> {
    const refused = await this.#sessions.resume(login, request, hello);
    if (this.over) return undefined;
    if (refused === undefined) this.#tell('resumed', this.#line?.session.jid.toString() ?? '');
    if (refused === undefined || refused instanceof Element) return refused;
    this.#tooHigh(refused.tooHigh, refused.sent);
    return undefined;
  }

  #tooHigh(h: number, sent: number): Next {
    const more = `<handled-count-too-high xmlns='${NS.management}' h='${h}' send-count='${sent}'/>`;
    return this.fail('undefined-condition', `you acknowledged ${h} stanzas of ${sent}`, more); // XEP-0198 §6
  }

  #stanza(line: Lifeline<S>, tag: Tag, raw: Bytes): Next | Promise<Next> {
    const { name } = tag;
    const known = name === 'message' || name === 'presence' || name === 'iq';
    if (known && this.#plainNamespaces(tag)) return this.#receive(line, tag, raw);
    if (name === 'r' && attribute(tag, 'xmlns') === NS.management) return this.#tellCount(line);
    const plain = normalize(tag, raw, this.#header);
    const stanza = plain.tag.name === 'message' || plain.tag.name === 'presence' || plain.tag.name === 'iq';
    if (stanza && (attribute(plain.tag, 'xmlns') ?? NS.client) === NS.client)
      return this.#receive(line, plain.tag, plain.raw);
    return this.#nonza(line, plain.tag, plain.raw);
  }

  #receive(line: Lifeline<S>, tag: Tag, raw: Bytes): Next | Promise<Next> {
    const done = this.#core.receive(line.session, tag, raw);
    line.count(done);
    if (done === undefined) return this.over ? 'stop' : 'continue';
    return done.then(() => (this.over ? 'stop' : 'continue'));
  }

  /** Whether a stanza means the same in another stream: the usual case, told by a look at its tag. */
  #plainNamespaces(tag: Tag): boolean {
    const ns = attribute(tag, 'xmlns');
    return this.#plainHeader && (ns === undefined || ns === NS.client);
  }

  #tellCount(line: Lifeline<S>): Next {
    if (!line.managed) return this.fail('unsupported-stanza-type', 'stream management is not enabled');
    const answer = `<a xmlns='${NS.management}' h='${line.handled}'/>`;
    const owed = line.discharge();
    if (owed === undefined) this.#wire.send(answer);
    // what is acknowledged must survive a kill: its recipient has it, or it lies on disk (ADR 0006)
    else void owed.then(() => this.#line === line && !this.over && this.#wire.send(answer));
    return 'continue';
  }

  /** What is no stanza: of stream management (XEP-0198), or of client state indication (XEP-0352). */
  #nonza(line: Lifeline<S>, tag: Tag, raw: Bytes): Next | Promise<Next> {
    const ns = attribute(tag, 'xmlns');
    if (ns === NS.clientState && tag.name === 'active') line.active();
    else if (ns === NS.clientState && tag.name === 'inactive') line.inactive();
    else if (ns === NS.management && tag.name === 'r') return this.#tellCount(line);
    else if (ns === NS.management && tag.name === 'a') {
      const h = readCount(attribute(tag, 'h'));
      if (h === undefined) return this.fail('policy-violation', "an <a/> needs its 'h'");
      if (!line.acknowledged(h)) return this.#tooHigh(h, line.sent);
    } else if (ns === NS.management && tag.name === 'enable')
      this.#wire.send(this.#sessions.enable(line, parseElement(raw, NS.client)).serialize(NS.client));
    else if (ns === NS.management && tag.name === 'resume')
      this.#wire.send(failed('unexpected-request').serialize(NS.client)); // a resource is bound already
    else return this.fail('unsupported-stanza-type', `<${tag.name}/> is no stanza`); // §4.9.3.24
    return 'continue';
  }
}

/** XEP-0478 §3 */
const limits = (bytes: number): Bytes => `<limits xmlns='${NS.streamLimits}'><max-bytes>${bytes}</max-bytes></limits>`;
