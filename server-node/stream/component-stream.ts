import type { Bytes } from '../xml/chars.ts';
import { parseElement } from '../xml/element.ts';
import type { XmlError } from '../xml/errors.ts';
import { attribute, type Tag } from '../xml/tag.ts';
import { NS } from '../xmpp/namespaces.ts';
import { documentFraming } from './framing.ts';
import type { StreamCondition } from './header.ts';
import { normalize, speaksOtherwise } from './normalize.ts';

/** What a component's stream leads to (above). E is its idea of one that is connected. */
export interface ComponentCore<E> {
  /** an identifier that nobody can guess */
  freshId(): string;
  /** Whether a component of that domain is expected here. */
  knows(domain: string): boolean;
  /** Whether a handshake proves that the component knows its secret (XEP-0114 §3). */
  proves(domain: string, id: string, handshake: string): boolean;
  /** Connects it; undefined when it is connected already. */
  attach(domain: string, outlet: ComponentOutlet): E | undefined;
  /** False when an address is not as it must be. */
  receive(component: E, tag: Tag, raw: Bytes): boolean | Promise<void>;
  detach(component: E): void;
}

export interface ComponentOutlet {
  send(bytes: Bytes): void;
  end(condition: string, text: string): void;
}

export interface ComponentWire {
  send(bytes: Bytes): void;
  /** Closes the connection once what was sent has left. */
  close(): void;
}

export type ComponentNext = 'continue' | 'trusted' | 'stop';

/** The stream of a component (XEP-0114 §3): header, handshake, then stanzas of its whole domain. */
export class ComponentStream<E> {
  readonly #core: ComponentCore<E>;
  readonly #wire: ComponentWire;
  #state: 'new' | 'open' | 'over' = 'new';
  #header: Tag | undefined;
  #plain = true;
  #domain = '';
  #id = '';
  #component: E | undefined;

  constructor(core: ComponentCore<E>, wire: ComponentWire) {
    this.#core = core;
    this.#wire = wire;
  }

  get connected(): boolean {
    return this.#component !== undefined;
  }

  get over(): boolean {
    return this.#state === 'over';
  }

  opened(tag: Tag): ComponentNext {
    // its content means the same in jabber:client, and is written anew where it would not
    this.#header = { ...tag, attributes: tag.attributes.map((part) => (part === NS.component ? NS.client : part)) };
    this.#plain = !speaksOtherwise(tag);
    this.#domain = (attribute(tag, 'to') ?? '').toLowerCase();
    this.#id = this.#core.freshId();
    const known = this.#core.knows(this.#domain);
    this.#open(known ? this.#domain : '');
    if (tag.name !== 'stream:stream' || attribute(tag, 'xmlns:stream') !== NS.streams)
      return this.fail('invalid-namespace', 'the stream is not of the streams namespace');
    if (attribute(tag, 'xmlns') !== NS.component)
      return this.fail('invalid-namespace', 'the content must be of jabber:component:accept');
    return known ? 'continue' : this.fail('host-unknown', 'no component of that name is expected here');
  }

  #open(from: string): void {
    const name = from === '' ? '' : ` from='${from}'`;
    this.#wire.send(
      `<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.streams}'${name} id='${this.#id}'>`,
    );
    this.#state = 'open';
  }

  /** A promise: the next element must wait for it. */
  element(tag: Tag, raw: Bytes): ComponentNext | Promise<ComponentNext> {
    if (this.over) return 'stop';
    if (this.#component === undefined) return this.#handshake(tag, raw);
    const own = attribute(tag, 'xmlns');
    const ours = own === undefined || own === NS.component || own === NS.client;
    const plain = this.#plain && !tag.name.includes(':') && ours;
    const { tag: written, raw: bytes } = plain ? { tag, raw } : normalize(tag, raw, this.#header);
    if (written.name !== 'message' && written.name !== 'presence' && written.name !== 'iq')
      return this.fail('unsupported-stanza-type', `<${tag.name}/> is no stanza`);
    const taken = this.#core.receive(this.#component, written, bytes);
    if (taken === false)
      return this.fail('invalid-from', "a stanza needs a 'to', and a 'from' of the component's domain");
    return taken instanceof Promise ? taken.then(() => (this.over ? 'stop' : 'continue')) : 'continue';
  }

  #handshake(tag: Tag, raw: Bytes): ComponentNext {
    const proof = tag.name === 'handshake' ? parseElement(raw, NS.component).text.trim() : '';
    if (!this.#core.proves(this.#domain, this.#id, proof)) return this.fail('not-authorized', 'the handshake is wrong');
    const outlet = {
      send: (bytes: Bytes) => this.#wire.send(bytes),
      end: (condition: string, text: string) => void this.fail(condition as StreamCondition, text),
    };
    this.#component = this.#core.attach(this.#domain, outlet);
    if (this.#component === undefined) return this.fail('conflict', 'this component is connected already');
    this.#wire.send('<handshake/>');
    return 'trusted';
  }

  closed(): ComponentNext {
    if (!this.over) this.#wire.send(documentFraming.closing);
    return this.#finish();
  }

  unreadable(error: XmlError): ComponentNext {
    return this.fail(error.condition, error.message);
  }

  fail(condition: StreamCondition, text: string): ComponentNext {
    if (this.over) return 'stop';
    if (this.#state === 'new') this.#open('');
    this.#wire.send(documentFraming.error(condition, text, ''));
    this.#wire.send(documentFraming.closing);
    return this.#finish();
  }

  lost(): void {
    this.#state = 'over';
    const component = this.#component;
    this.#component = undefined;
    if (component !== undefined) this.#core.detach(component);
  }

  #finish(): ComponentNext {
    this.lost();
    this.#wire.close();
    return 'stop';
  }
}
