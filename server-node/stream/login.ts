import { HashedToken, TOKEN_MECHANISM_NAMES, type TokenMechanism } from '../sasl/hashed-token.ts';
import type { Guess, Mechanism, SaslFailure } from '../sasl/mechanism.ts';
import { Offer } from '../sasl/offer.ts';
import type { Bytes } from '../xml/chars.ts';
import { type Element, el, parseElement } from '../xml/element.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { readBase64 } from './base64.ts';
import type { StreamCondition } from './header.ts';
import type { LoginOutcome } from './login-outcome.ts';
import type { StreamCore, StreamWire } from './ports.ts';
import { readRequest, type Sasl2Request } from './sasl2-request.ts';
import { UpgradeTasks } from './upgrade-tasks.ts';

const more: LoginOutcome = { kind: 'more' };
const broken = (condition: StreamCondition, text: string): LoginOutcome => ({ kind: 'broken', condition, text });

interface Attempt {
  readonly mechanism: Mechanism;
  readonly request: Sasl2Request | undefined;
}

/** The logins of one connection, in the profile of RFC 6120 §6 and in that of XEP-0388. */
export class LoginDesk<S extends { readonly jid: Jid }> {
  readonly #core: StreamCore<S>;
  readonly #wire: StreamWire;
  readonly #now: () => number;
  #offer: Offer | undefined;
  #attempt: Attempt | undefined;
  #tasks: UpgradeTasks | undefined;
  /** what the guard wants to know the end of */
  #guess: Guess | undefined;
  /** who the stream's header says the client is */
  claimed: Jid | undefined;

  constructor(core: StreamCore<S>, wire: StreamWire, now: () => number) {
    this.#core = core;
    this.#wire = wire;
    this.#now = now;
  }

  /** a login has begun and is not over: nothing else may come (XEP-0388 §2.3) */
  get busy(): boolean {
    return this.#attempt?.request !== undefined || this.#tasks !== undefined;
  }

  /** The features that lead to a login (RFC 6120 §6.3.3, XEP-0388 §2.1, XEP-0440, XEP-0480 §2.1). */
  features(): Bytes {
    const offer = this.#offered();
    const list = offer.names.map((name) => `<mechanism>${name}</mechanism>`).join('');
    const types = offer.bindings.map((type) => `<channel-binding type='${type}'/>`).join('');
    const bindings =
      types === '' ? '' : `<sasl-channel-binding xmlns='${NS.channelBinding}'>${types}</sasl-channel-binding>`;
    return `<mechanisms xmlns='${NS.sasl}'>${list}</mechanisms>${this.#profile2(list)}${bindings}`;
  }

  #profile2(list: Bytes): Bytes {
    if (!this.#offersProfile2) return '';
    const tokens = this.#tokenMechanisms().map((name) => `<mechanism>${name}</mechanism>`);
    const fast = `<fast xmlns='${NS.fast}'>${tokens.join('')}</fast>`;
    const features = [NS.carbons, NS.clientState, NS.management].map((name) => `<feature var='${name}'/>`).join('');
    const bind = `<bind xmlns='${NS.bind2}'><inline>${features}</inline></bind>`;
    const upgrades = this.#core.upgrades.missing.map(
      (name) => `<upgrade xmlns='${NS.saslUpgrade}'>UPGR-${name}</upgrade>`,
    );
    return (
      `<authentication xmlns='${NS.sasl2}'>${list}<inline>${bind}<sm xmlns='${NS.management}'/>${fast}</inline>` +
      `${upgrades.join('')}</authentication>`
    );
  }

  /** XEP-0388 §4: never without TLS; it may end in front of us, at a proxy of this machine for browsers. */
  get #offersProfile2(): boolean {
    const { tls, confidential, transport } = this.#wire;
    return tls !== null || (confidential && (transport === 'websocket' || transport === 'bosh'));
  }

  #tokenMechanisms(): readonly TokenMechanism[] {
    const { bindings } = this.#wire;
    return TOKEN_MECHANISM_NAMES.filter(
      (name) =>
        name === 'HT-SHA-256-NONE' ||
        bindings.includes(name === 'HT-SHA-256-EXPR' ? 'tls-exporter' : 'tls-server-end-point'),
    );
  }

  #offered(): Offer {
    const { domain, credentials, plain, strictBinding, upgrades } = this.#core;
    const scram = upgrades.offered;
    const admit = this.#admit;
    this.#offer ??= new Offer({ domain, channel: this.#wire, credentials, admit, plain, strictBinding, scram });
    return this.#offer;
  }

  #admit = async (name: string, by: 'password' | 'token'): Promise<boolean> => {
    this.#guess = await this.#core.guard.begin(name, this.#wire.network, by);
    return this.#guess !== undefined;
  };

  /** An element of a login, of either profile. */
  async take(tag: Tag, raw: Bytes, ns: string): Promise<LoginOutcome> {
    try {
      return await (ns === NS.sasl ? this.#saslElement(tag, raw) : this.#sasl2Element(tag, raw));
    } catch (error) {
      if (!this.#core.outage(error)) throw error;
      this.#guess?.undecided();
      this.#refuse('temporary-auth-failure', ns); // RFC 6120 §6.5.12: the client may try again later
      return { kind: 'failed', condition: 'temporary-auth-failure', innocent: true };
    }
  }

  /** An element of RFC 6120 §6.4. */
  async #saslElement(tag: Tag, raw: Bytes): Promise<LoginOutcome> {
    if (!this.#wire.confidential) return this.#refuse('encryption-required', NS.sasl);
    const content = parseElement(raw, NS.client).text.trim();
    if (tag.name === 'abort') return this.#refuse('aborted', NS.sasl); // §6.4.4
    if (tag.name === 'auth') {
      if (this.#attempt !== undefined) return this.#refuse('malformed-request', NS.sasl); // one at a time
      const mechanism = this.#offered().begin(attribute(tag, 'mechanism') ?? '');
      if (mechanism === undefined) return this.#refuse('invalid-mechanism', NS.sasl);
      this.#attempt = { mechanism, request: undefined };
      if (content === '') {
        this.#wire.send(`<challenge xmlns='${NS.sasl}'/>`); // the client speaks first, and has said nothing yet (§6.4.2)
        return more;
      }
    } else if (tag.name !== 'response') return broken('unsupported-stanza-type', `<${tag.name}/> is no part of SASL`);
    return this.#step(content === '=' ? '' : content, NS.sasl);
  }

  /** An element of XEP-0388 §2.2 to §2.4. */
  async #sasl2Element(tag: Tag, raw: Bytes): Promise<LoginOutcome> {
    if (!this.#offersProfile2) return this.#refuse('encryption-required', NS.sasl2);
    const element = parseElement(raw, NS.client);
    if (tag.name === 'abort') return this.#refuse('aborted', NS.sasl2);
    if (this.#tasks !== undefined) return this.#task(this.#tasks, element);
    if (tag.name === 'authenticate') {
      if (this.busy) return broken('policy-violation', 'a login has begun already');
      return this.#authenticate(element);
    }
    if (tag.name === 'response' && this.#attempt?.request !== undefined)
      return this.#step(element.text.trim(), NS.sasl2);
    return broken('unsupported-stanza-type', `<${tag.name}/> is no part of the login now`);
  }

  async #authenticate(element: Element): Promise<LoginOutcome> {
    const request = readRequest(element);
    if (request === undefined) return this.#refuse('malformed-request', NS.sasl2);
    const name = element.attributes['mechanism'] ?? '';
    const mechanism = this.#byToken(name, request) ?? this.#offered().begin(name);
    if (mechanism === undefined) return this.#refuse('invalid-mechanism', NS.sasl2);
    this.#attempt = { mechanism, request };
    const response = element.child('initial-response');
    if (response !== undefined) return this.#step(response.text.trim(), NS.sasl2);
    this.#wire.send(`<challenge xmlns='${NS.sasl2}'/>`);
    return more;
  }

  /** XEP-0484 §3.3: a token comes with <fast/>, and its client says which it is. */
  #byToken(name: string, request: Sasl2Request): Mechanism | undefined {
    const known = this.#tokenMechanisms().find((one) => one === name);
    const { agent } = request;
    if (known === undefined || agent === undefined || !request.fast) return undefined;
    const { credentials, clients } = this.#core;
    return new HashedToken(
      known,
      this.#wire,
      credentials,
      (user) => clients.tokens(user, agent.id),
      this.#admit,
      this.#now,
    );
  }

  async #step(encoded: string, ns: string): Promise<LoginOutcome> {
    const attempt = this.#attempt;
    if (attempt === undefined) return this.#refuse('malformed-request', ns);
    const message = readBase64(encoded);
    if (message === undefined) return this.#refuse('incorrect-encoding', ns);
    const step = await attempt.mechanism.step(message);
    if (step.kind === 'failure') {
      if (step.unknownBinding === true) this.#offered().triedUnknownBinding = true;
      const proven = step.condition === 'account-disabled' || step.condition === 'credentials-expired';
      if (proven) this.#guess?.right();
      else await this.#guess?.wrong();
      this.#guess = undefined;
      return this.#refuse(step.condition, ns);
    }
    if (step.kind === 'challenge') {
      this.#wire.send(`<challenge xmlns='${ns}'>${step.data.toString('base64')}</challenge>`);
      return more;
    }
    this.#attempt = undefined;
    this.#guess?.right();
    this.#guess = undefined;
    const { login, data } = step;
    if (this.claimed !== undefined && this.claimed.local !== '' && this.claimed.local !== login.name)
      return this.#refuse('invalid-authzid', ns); // XEP-0388 §2.2; RFC 6120 §4.7.1
    const done = { kind: 'done' as const, login, mechanism: attempt.mechanism.name, data, request: attempt.request };
    if (attempt.request === undefined || attempt.request.upgrades.length === 0) return done;
    if (!/^(?:SCRAM-|PLAIN$)/.test(done.mechanism)) return done; // new keys are for who has shown the password
    const lacking = await this.#core.upgrades.lacks(login.name);
    const wanted = lacking.filter((name) => attempt.request?.upgrades.includes(`UPGR-${name}`));
    if (wanted.length === 0) return done;
    this.#tasks = new UpgradeTasks(this.#core.upgrades, login, wanted, { ...done, data: undefined });
    this.#wire.send(this.#tasks.next(data));
    return more;
  }

  async #task(tasks: UpgradeTasks, element: Element): Promise<LoginOutcome> {
    const answer = await tasks.take(element);
    if (answer === undefined) {
      this.#tasks = undefined;
      return this.#refuse('malformed-request', NS.sasl2);
    }
    if (typeof answer === 'string') {
      this.#wire.send(answer);
      return more;
    }
    this.#tasks = undefined;
    return answer;
  }

  #refuse(condition: SaslFailure, ns: string): LoginOutcome {
    this.#attempt = undefined;
    this.#guess = undefined;
    this.#tasks = undefined;
    this.#wire.send(refusal(condition, ns));
    return { kind: 'failed', condition };
  }
}

/** RFC 6120 §6.4.5, XEP-0388 §2.6.2: the conditions are the same in both. */
export function refusal(condition: SaslFailure, ns: string, text?: string): Bytes {
  const own = ns === NS.sasl ? undefined : NS.sasl;
  const words = text === undefined ? [] : [el('text', ns, {}, text)];
  return el('failure', ns, {}, el(condition, own ?? ns), ...words).serialize(NS.client);
}
