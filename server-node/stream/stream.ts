import { SCRAM_MECHANISMS } from '../sasl/scram-keys.ts';
import type { Bytes } from '../xml/chars.ts';
import { el, parseElement } from '../xml/element.ts';
import type { XmlError } from '../xml/errors.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { prepareResource } from '../xmpp/precis.ts';
import { closingError, headerProblem, openingTag, type StreamCondition } from './header.ts';
import { normalize } from './normalize.ts';
import type { Login, StreamCore, StreamEvent, StreamWire } from './ports.ts';
import { SaslSession } from './sasl-session.ts';

/** What the connection must do after an element was taken. */
export type Next =
  /** read on */
  | 'continue'
  /** a new stream begins; what has come in already belongs to it */
  | 'restart'
  /** a new stream begins within TLS; what has come in already is forgotten */
  | 'restart-tls'
  /** the stream is over */
  | 'stop';

const MOST_LOGIN_ATTEMPTS = 5;

/**
 * A client's stream (RFC 6120 §4 to §7): header, features, STARTTLS, SASL, binding, then stanzas. Takes elements, and
 * knows no socket: what leaves goes to the wire, what is meant goes to the core.
 */
export class Stream<S extends { readonly jid: Jid }> {
  readonly #core: StreamCore<S>;
  readonly #wire: StreamWire;
  readonly #tell: (event: StreamEvent, text: string) => void;
  #state: 'new' | 'open' | 'over' = 'new';
  #header: Tag | undefined;
  /** the header declares no prefix but `stream` */
  #plainHeader = true;
  #sasl: SaslSession | undefined;
  #attempts = 0;
  #login: Login | undefined;
  #mechanism = '';
  #session: S | undefined;

  constructor(core: StreamCore<S>, wire: StreamWire, tell: (event: StreamEvent, text: string) => void) {
    this.#core = core;
    this.#wire = wire;
    this.#tell = tell;
  }

  get authenticated(): boolean {
    return this.#login !== undefined;
  }

  get bound(): boolean {
    return this.#session !== undefined;
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  /** The client's stream header. */
  opened(tag: Tag): Next {
    this.#header = tag;
    this.#plainHeader = tag.attributes.every(
      (name, i) => i % 2 === 1 || !name.startsWith('xmlns:') || name === 'xmlns:stream',
    );
    const from = attribute(tag, 'from');
    this.#wire.send(openingTag(this.#core.domain, this.#core.freshId(), from));
    this.#state = 'open';
    const problem = headerProblem(tag, this.#core.domain);
    if (problem !== undefined) return this.fail(...problem);
    this.#wire.send(`<stream:features>${this.#features()}</stream:features>`);
    return 'continue';
  }

  /** A child of the stream. A promise: the next one must wait for it. */
  element(tag: Tag, raw: Bytes): Next | Promise<Next> {
    if (this.#state === 'over') return 'stop';
    if (this.#session !== undefined) return this.#stanza(this.#session, tag, raw);
    const { tag: plain, raw: bytes } = normalize(tag, raw, this.#header);
    const ns = attribute(plain, 'xmlns') ?? NS.client;
    if (ns === NS.tls) return this.#startTls(plain);
    if (ns === NS.sasl) return this.#authenticate(plain, bytes);
    if (this.#login === undefined) return this.fail('not-authorized', 'log in first'); // §4.9.3.12
    return this.#bind(this.#login, plain, bytes);
  }

  /** The client closes its side (§4.4). */
  closed(): Next {
    if (this.#state !== 'over') this.#wire.send('</stream:stream>');
    return this.#finish();
  }

  /** What came can't be read. */
  unreadable(error: XmlError): Next {
    return this.fail(error.condition, error.message);
  }

  /** Ends the stream with an error (§4.9). */
  fail(condition: StreamCondition, text?: string): Next {
    if (this.#state === 'over') return 'stop';
    this.#tell('stream-error', `${condition}${text === undefined ? '' : `: ${text}`}`);
    if (this.#state === 'new') this.#wire.send(openingTag(this.#core.domain, this.#core.freshId(), undefined));
    this.#wire.send(closingError(condition, text));
    return this.#finish();
  }

  /** The connection is gone, or is about to go: its session ends. */
  gone(): void {
    this.#state = 'over';
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) void this.#core.close(session);
  }

  #finish(): Next {
    this.gone();
    this.#wire.close();
    return 'stop';
  }

  #features(): Bytes {
    if (this.#login !== undefined) {
      return `<bind xmlns='${NS.bind}'/><session xmlns='${NS.session}'><optional/></session><sub xmlns='${NS.preApproval}'/>`;
    }
    const secure = this.#wire.tls !== null;
    const starttls = this.#wire.transport === 'tcp';
    const required = this.#wire.loopback ? '' : '<required/>';
    const offer = starttls ? `<starttls xmlns='${NS.tls}'>${required}</starttls>` : '';
    if (!secure && !this.#wire.loopback) return offer; // §5.3.1: nothing else before TLS
    const mechanisms = SCRAM_MECHANISMS.map((name) => `<mechanism>${name}</mechanism>`).join('');
    return `${offer}<mechanisms xmlns='${NS.sasl}'>${mechanisms}</mechanisms>`;
  }

  #startTls(tag: Tag): Next {
    if (tag.name !== 'starttls' || this.#wire.transport !== 'tcp' || this.#login !== undefined) {
      this.#wire.send(`<failure xmlns='${NS.tls}'/></stream:stream>`); // §5.4.2.2
      return this.#finish();
    }
    this.#wire.send(`<proceed xmlns='${NS.tls}'/>`);
    this.#wire.startTls();
    this.#state = 'new';
    return 'restart-tls';
  }

  async #authenticate(tag: Tag, raw: Bytes): Promise<Next> {
    if (this.#login !== undefined) return this.fail('not-authorized', 'already logged in');
    if (this.#wire.tls === null && !this.#wire.loopback) return this.#refuseLogin('encryption-required');
    const content = parseElement(raw, NS.client).text.trim();
    if (tag.name === 'abort') return this.#refuseLogin('aborted'); // §6.4.4
    if (tag.name === 'auth') {
      this.#sasl = SaslSession.start(attribute(tag, 'mechanism') ?? '', this.#core.credentials);
      if (this.#sasl === undefined) return this.#refuseLogin('invalid-mechanism');
      if (content === '') {
        this.#wire.send(`<challenge xmlns='${NS.sasl}'/>`); // the client speaks first, and has said nothing yet (§6.4.2)
        return 'continue';
      }
    } else if (tag.name !== 'response')
      return this.fail('unsupported-stanza-type', `<${tag.name}/> is no part of SASL`);
    const sasl = this.#sasl;
    if (sasl === undefined) return this.#refuseLogin('malformed-request');
    const step = await sasl.step(content);
    if (this.over) return 'stop';
    if (step.kind === 'failure') return this.#refuseLogin(step.condition);
    const data = Buffer.from(step.data).toString('base64');
    if (step.kind === 'challenge') {
      this.#wire.send(`<challenge xmlns='${NS.sasl}'>${data}</challenge>`);
      return 'continue';
    }
    this.#wire.send(`<success xmlns='${NS.sasl}'>${data}</success>`);
    this.#login = { name: step.name, key: step.key };
    this.#mechanism = sasl.mechanism;
    this.#sasl = undefined;
    this.#state = 'new';
    return 'restart';
  }

  /** §6.4.5: the client may try again, but not for ever. */
  #refuseLogin(condition: string): Next {
    this.#sasl = undefined;
    this.#attempts++;
    this.#tell('login-failed', condition);
    this.#wire.send(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
    return this.#attempts < MOST_LOGIN_ATTEMPTS ? 'continue' : this.fail('policy-violation', 'too many failed logins');
  }

  /** §7.6, §7.7; anything before it but a bind request is refused. */
  async #bind(login: Login, tag: Tag, raw: Bytes): Promise<Next> {
    const iq = parseElement(raw, NS.client);
    const request = iq.child('bind', NS.bind);
    const id = iq.attributes['id'];
    if (tag.name !== 'iq' || iq.attributes['type'] !== 'set' || request === undefined || id === undefined) {
      return this.fail('not-authorized', 'bind a resource first'); // §7.3.1
    }
    const wanted = request.child('resource')?.text ?? '';
    const resource = wanted === '' ? this.#core.freshId() : prepareResource(wanted);
    const answer = (type: string, child: ReturnType<typeof el>) =>
      this.#wire.send(el('iq', NS.client, { id, type }, child).serialize(NS.client));
    if (resource === undefined) {
      answer('error', new StanzaError('bad-request', 'this can be no resource').element()); // §7.7.2.3
      return 'continue';
    }
    const { address, transport, tls } = this.#wire;
    const peer = { address, transport, tls, mechanism: this.#mechanism };
    const outlet = {
      send: (bytes: Bytes) => this.#wire.send(bytes),
      hold: (until: Promise<unknown>) => this.#wire.hold(until),
      drained: () => this.#wire.drained(),
      end: (condition: string, text?: string) => void this.fail(condition as StreamCondition, text),
    };
    const session = await this.#core.open(login, resource, peer, outlet);
    if (session instanceof StanzaError) {
      answer('error', session.element());
      return 'continue';
    }
    if (this.over) {
      await this.#core.close(session);
      return 'stop';
    }
    this.#session = session;
    this.#tell('login', `${session.jid} with ${this.#mechanism}`);
    answer('result', el('bind', NS.bind, {}, el('jid', NS.bind, {}, session.jid.toString())));
    return 'continue';
  }

  #stanza(session: S, tag: Tag, raw: Bytes): Next | Promise<Next> {
    const { name } = tag;
    const known = name === 'message' || name === 'presence' || name === 'iq';
    const plain = known && this.#plainNamespaces(tag) ? undefined : normalize(tag, raw, this.#header);
    const done =
      plain === undefined ? this.#core.receive(session, tag, raw) : this.#unusual(session, plain.tag, plain.raw);
    if (done === undefined) return this.over ? 'stop' : 'continue';
    return done.then(() => (this.over ? 'stop' : 'continue'));
  }

  /** Whether a stanza means the same in another stream: the usual case, told by a look at its tag. */
  #plainNamespaces(tag: Tag): boolean {
    const ns = attribute(tag, 'xmlns');
    return this.#plainHeader && (ns === undefined || ns === NS.client);
  }

  #unusual(session: S, tag: Tag, raw: Bytes): void | Promise<void> {
    const { name } = tag;
    if (name === 'message' || name === 'presence' || name === 'iq') return this.#core.receive(session, tag, raw);
    this.fail('unsupported-stanza-type', `<${name}/> is no stanza`); // §4.9.3.24
  }
}
