import type { Login } from '../sasl/mechanism.ts';
import type { Bytes } from '../xml/chars.ts';
import { type Element, el } from '../xml/element.ts';
import { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { failed, readCount, taggedResource, wantedResource } from './binding.ts';
import { type Bearer, Lifeline, type PackedLine } from './lifeline.ts';
import type { Lifelines } from './lifelines.ts';
import type { Agent, PeerInfo, StreamCore, StreamWire } from './ports.ts';
import { isTrue } from './sasl2-request.ts';

/** Why a session was not resumed: an answer, or more acknowledged than was sent. */
export type Refusal = Element | { readonly tooHigh: number; readonly sent: number };

/** How a client that has logged in gets its session: a new one, or one that it had before. */
export class SessionDesk<S extends { readonly jid: Jid }> {
  readonly #core: StreamCore<S>;
  readonly #wire: StreamWire;
  readonly #lines: Lifelines<S>;
  readonly #bearer: Bearer;
  readonly #now: () => number;
  /** what the client logged in with */
  mechanism = '';
  /** what it said of itself */
  agent: Agent | undefined;
  /** its session, once it has one */
  line: Lifeline<S> | undefined;

  constructor(core: StreamCore<S>, wire: StreamWire, lines: Lifelines<S>, bearer: Bearer, now: () => number) {
    this.#core = core;
    this.#wire = wire;
    this.#lines = lines;
    this.#bearer = bearer;
    this.#now = now;
  }

  /** Binds a resource (RFC 6120 §7.6, §7.7). @throws StanzaError */
  async bind(login: Login, request: Element): Promise<Lifeline<S>> {
    return this.#open(
      login,
      wantedResource(request, () => this.#core.freshId()),
    );
  }

  /** Binds one in the way of XEP-0386 §4, with what is to be switched on (§5). @throws StanzaError */
  async bind2(login: Login, bind: Element): Promise<Element> {
    const line = await this.#open(login, await taggedResource(bind, login.name, this.agent, this.#core));
    if (line.over) return el('bound', NS.bind2);
    if (bind.child('enable', NS.carbons) !== undefined) this.#core.carbons(line.session);
    if (bind.child('inactive', NS.clientState) !== undefined) line.inactive();
    const enable = bind.child('enable', NS.management);
    return el('bound', NS.bind2, {}, ...(enable === undefined ? [] : [this.enable(line, enable)]));
  }

  async #open(login: Login, resource: string): Promise<Lifeline<S>> {
    const line = new Lifeline(this.#core, this.#lines.limits, login.name, this.#wire, this.#bearer, this.#now);
    const session = await this.#core.open(login, resource, this.#peer(), line);
    if (session instanceof StanzaError) throw session;
    line.session = session;
    if (this.#bearer.over) line.finish();
    else if (!line.over) this.line = line;
    return line;
  }

  #peer(): PeerInfo {
    const { address, transport, tls } = this.#wire;
    const client = this.agent === undefined ? undefined : this.#core.clients.idOf(this.agent.id);
    return { address, transport, tls, mechanism: this.mechanism, client };
  }

  /** A session that may be resumed, wherever it is; how far one came that is over. */
  async #find(id: string, account: string): Promise<Lifeline<S> | number | undefined> {
    let here = this.#lines.find(id, account);
    while (here instanceof Lifeline) {
      if (here.leaving === undefined) return here;
      await here.leaving; // whoever attached to it now would be told by nobody that it has gone
      here = this.#lines.find(id, account);
    }
    // another node may have died meanwhile, and its sessions have come here
    return (await this.#fetch(id, account)) ?? this.#lines.find(id, account) ?? here;
  }

  /** A session that another node holds comes here. */
  async #fetch(id: string, account: string): Promise<Lifeline<S> | undefined> {
    const packed = (await this.#core.fetch?.(id, account)) as PackedLine | undefined;
    if (packed === undefined) return undefined;
    try {
      const line = await Lifeline.unpack(packed, this.#core, this.#lines.limits, this.#now);
      if (line !== undefined) this.#lines.add(line);
      this.#core.fetched?.(id);
      return line;
    } catch (error) {
      // who had it has it no longer: it must not be lost because the database is away
      void this.#core.takeIn?.(packed).then(() => this.#core.fetched?.(id));
      throw error;
    }
  }

  /** XEP-0198 §3: at most once. */
  enable(line: Lifeline<S>, enable: Element): Element {
    if (line.managed) return failed('unexpected-request');
    const { resumeMs } = this.#lines.limits;
    const id = isTrue(enable.attributes['resume']) && resumeMs > 0 ? this.#core.freshId() : undefined;
    line.manage(id);
    this.#lines.add(line);
    const resumable = id === undefined ? {} : { id, resume: 'true', max: String(Math.floor(resumeMs / 1000)) };
    return el('enabled', NS.management, resumable);
  }

  /** Takes over a session (XEP-0198 §5); `hello` is what is sent before what was missed. Answers why not, or nothing. */
  async resume(
    login: Login,
    request: Element,
    hello: (line: Lifeline<S>, resumed: Element) => Bytes,
  ): Promise<Refusal | undefined> {
    const previd = request.attributes['previd'] ?? '';
    const h = readCount(request.attributes['h']);
    if (h === undefined) return failed('bad-request');
    let line: Lifeline<S> | number | undefined;
    do {
      try {
        if (!(await this.#core.stands(login))) return failed('item-not-found');
        line = await this.#find(previd, login.name);
      } catch (error) {
        if (!this.#core.outage(error)) throw error;
        return failed('resource-constraint'); // RFC 6120 §8.3.3.18: it may go well soon
      }
      if (line === undefined || typeof line === 'number') return failed('item-not-found', line);
      await line.settle();
    } while (line.leaving !== undefined); // another node asked for it meanwhile: it is looked for there
    if (this.#bearer.over || line.over) return failed('item-not-found', line.handled);
    if (!line.acknowledged(h)) return { tooHigh: h, sent: line.sent };
    const resumed = el('resumed', NS.management, { h: String(line.handled), previd });
    this.line = line;
    line.attach(this.#wire, this.#bearer, this.#peer(), hello(line, resumed));
    return undefined;
  }
}
