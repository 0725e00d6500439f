import { connect, type Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { connect as connectTls } from 'node:tls';
import { ScramClient } from './scram.ts';
import { escaped, type Node, STREAMS, type StreamEvent, StreamReader, show } from './xml.ts';

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** Where a server is. Its certificate is not checked: it is a server under test. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
}

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const PING = 'dialogue-ping-';
export const PATIENCE_MS = 5000;

/** How an event is told to people. */
export function tell(event: StreamEvent): string {
  if (event.kind === 'end') return 'the end of the stream';
  if (event.kind === 'closed') return 'the end of the connection';
  return show(event.node);
}

const child = (node: Node, name: string, ns?: string): Node | undefined =>
  node.children.find(
    (one): one is Node => typeof one !== 'string' && one.name === name && (ns === undefined || one.ns === ns),
  );
export const textOf = (node: Node | undefined): string =>
  node?.children.filter((one) => typeof one === 'string').join('') ?? '';

const nameOf = (event: StreamEvent): string => (event.kind === 'element' ? event.node.name : '');

/**
 * What a server may say at any time: acknowledgements and requests for them (XEP-0198 §4), and pushes of privacy lists
 * (XEP-0016) where blocking rests on them.
 */
export function isAside(event: StreamEvent): boolean {
  if (event.kind !== 'element') return false;
  const { name, ns, attributes } = event.node;
  if (ns === 'urn:xmpp:sm:3') return name === 'r' || name === 'a';
  return name === 'iq' && attributes['type'] === 'set' && child(event.node, 'query', 'jabber:iq:privacy') !== undefined;
}

/** A client's connection; what came waits in order until somebody takes it. */
export class Connection {
  readonly #address: Address;
  #socket: Socket;
  #decoder = new StringDecoder('utf8');
  #events: StreamEvent[] = [];
  #wake: () => void = () => {};
  #pings = new Map<string, () => void>();
  #lastPing = 0;
  #closed = false;
  #fault: Error | undefined;
  #reader: StreamReader;
  bound: string | undefined;
  /** a stream error was received: the end that follows it is no surprise */
  ending = false;
  features: Node | undefined;
  scram: ScramClient | undefined;

  private constructor(address: Address, socket: Socket) {
    this.#address = address;
    this.#socket = socket;
    this.#reader = new StreamReader((event) => this.#take(event));
    this.#listen(socket);
  }

  static async to(address: Address): Promise<Connection> {
    const socket = connect(address.port, address.host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    return new Connection(address, socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (data: Buffer) => {
      try {
        this.#reader.feed(this.#decoder.write(data));
      } catch (error) {
        this.#fault = error instanceof Error ? error : new Error(String(error));
      }
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#closed = true;
      this.#events.push({ kind: 'closed' });
      for (const done of this.#pings.values()) done();
      this.#wake();
    });
  }

  #take(event: StreamEvent): void {
    if (event.kind === 'element') {
      const { name, attributes } = event.node;
      const pong = name === 'iq' ? this.#pings.get(attributes['id'] ?? '') : undefined;
      if (pong !== undefined) {
        this.#pings.delete(attributes['id'] ?? '');
        pong();
        return;
      }
    }
    this.#events.push(event);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get waiting(): readonly StreamEvent[] {
    return this.#events;
  }

  /** What came so far is of no interest. */
  forget(): void {
    this.#events = [];
  }

  send(data: string | Buffer): void {
    if (!this.#closed) this.#socket.write(data);
  }

  /** What came next, or undefined when nothing comes; what `isAside` knows is passed over unless it is wanted. */
  async next(wanted: readonly string[] = [], patience = PATIENCE_MS): Promise<StreamEvent | undefined> {
    const end = Date.now() + patience;
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      const event = this.#events.shift();
      if (event?.kind === 'element' && event.node.name === 'error' && event.node.ns === STREAMS) this.ending = true;
      if (event !== undefined && (!isAside(event) || (nameOf(event) !== 'iq' && wanted.includes(nameOf(event)))))
        return event;
      if (event !== undefined) continue;
      const left = end - Date.now();
      if (left <= 0 || this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #expect(name: string): Promise<Node> {
    const event = await this.next();
    if (event !== undefined && (event.kind === 'element' || event.kind === 'header') && event.node.name === name)
      return event.node;
    throw new Error(`expected <${name}/>, received ${event === undefined ? 'nothing' : tell(event)}`);
  }

  /** Proves that the server has taken all that was sent: it answers what was asked after it. */
  async ping(): Promise<void> {
    if (this.#closed) return;
    const id = `${PING}${++this.#lastPing}`;
    const answered = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the server does not answer a ping')), PATIENCE_MS);
      this.#pings.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.send(`<iq type='get' id='${id}' to='${this.#address.domain}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await answered;
  }

  async open(): Promise<void> {
    this.send(
      `<?xml version='1.0'?><stream:stream to='${this.#address.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
    await this.#expect('stream');
    this.features = await this.#expect('features');
  }

  async startTls(): Promise<void> {
    this.send(`<starttls xmlns='${TLS}'/>`);
    await this.#expect('proceed');
    const plain = this.#socket;
    plain.removeAllListeners('data');
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
      plain.once('close', () => reject(new Error('the connection ended before TLS was there')));
    });
    this.#socket = secure;
    this.#reader = new StreamReader((event) => this.#take(event));
    this.#decoder = new StringDecoder('utf8');
    this.#listen(secure);
  }

  async authenticate({ name, password }: Account, wanted?: string): Promise<void> {
    if (child(this.features ?? NONE, 'mechanisms', SASL) === undefined) {
      await this.startTls();
      await this.open();
    }
    const offered = child(this.features ?? NONE, 'mechanisms', SASL)?.children.map((one) =>
      typeof one === 'string' ? '' : textOf(one),
    );
    const mechanism =
      wanted ?? ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'PLAIN'].find((one) => offered?.includes(one) === true);
    if (mechanism === undefined) throw new Error(`the server offers no mechanism that dialogues know: ${offered}`);
    if (mechanism === 'PLAIN') {
      const data = Buffer.from(`\0${name}\0${password}`).toString('base64');
      this.send(`<auth xmlns='${SASL}' mechanism='PLAIN'>${data}</auth>`);
      await this.#expect('success');
    } else {
      const scram = new ScramClient(mechanism, name, password);
      this.send(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${scram.first()}</auth>`);
      scram.challenge(textOf(await this.#expect('challenge')));
      this.send(`<response xmlns='${SASL}'>${scram.final()}</response>`);
      const said = textOf(await this.#expect('success'));
      if (said !== scram.verifier()) throw new Error('the server does not know the password: its proof is wrong');
    }
    await this.open();
  }

  async bind(resource: string): Promise<string> {
    const inside = resource === '' ? '' : `<resource>${escaped(resource)}</resource>`;
    this.send(`<iq type='set' id='bind'><bind xmlns='${BIND}'>${inside}</bind></iq>`);
    const answer = await this.#expect('iq');
    const jid = textOf(child(child(answer, 'bind', BIND) ?? NONE, 'jid'));
    if (jid === '') throw new Error(`no resource was bound: ${show(answer)}`);
    this.bound = jid;
    return jid;
  }

  /** Ends the stream as RFC 6120 §4.4 asks, and waits until the connection is gone. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.send('</stream:stream>');
    for (let event = await this.next(); event !== undefined && event.kind !== 'end'; event = await this.next()) {
      if (event.kind === 'closed') return;
    }
    this.#socket.end();
    this.#closed = true;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const NONE: Node = { name: '', ns: '', attributes: {}, children: [] };
