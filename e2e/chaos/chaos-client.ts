import { RawClient } from '../clients/raw-client.ts';
import type { Dice } from './dice.ts';
import type { History } from './history.ts';
import { attributeOf, Cutter } from './stanzas.ts';

const SM = 'urn:xmpp:sm:3';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A place where clients may connect. */
export interface Door {
  readonly name: string;
  readonly port: number;
}

export interface ClientParts {
  readonly domain: string;
  readonly account: string;
  readonly resource: string;
  readonly managed: boolean;
  readonly carbons: boolean;
  /** with whom it is to be friends; it asks them, and lets in who asks */
  readonly contacts: readonly string[];
  readonly dice: Dice;
  readonly history: History;
}

interface Out {
  readonly text: string;
  readonly message: number | undefined;
}

class TooLate extends Error {}

/** Its own time for an answer: a node that stands still must not hold a client for long. */
function within<T>(ms: number, work: Promise<T>, late: (value: T) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new TooLate());
      work.then(late, () => {});
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Somebody's device: connects, comes back when it is cut off, counts as XEP-0198 says, and notes all it does and sees. */
export class ChaosClient {
  readonly parts: ClientParts;
  #client: RawClient | undefined;
  #session = 0;
  jid = '';
  /** the session's name for resumption */
  #id = '';
  #counting = false;
  #received = 0;
  #told = 0;
  #sent = 0;
  /** sent within the session and not acknowledged */
  #out: Out[] = [];
  /** of sessions that are gone: nobody knows whether they arrived */
  #doubtful: Out[] = [];
  readonly #answers = new Map<string, (stanza: string) => void>();
  #asks = 0;
  #status = 0;
  /** who is there, as it was told: full JID and status */
  readonly #seen = new Map<string, string>();
  /** contacts: bare JID, and what the roster says of each */
  readonly roster = new Map<string, string>();
  /** names that it gave to contacts: what the server has said is so, and what it may have done */
  readonly named = new Map<string, { sure: string; maybe: string[] }>();
  online = false;
  /** it has its roster, and has shown its presence */
  #ready = false;
  /** the session has a connection, as far as it knows */
  #there = false;

  constructor(parts: ClientParts) {
    this.parts = parts;
  }

  get account(): string {
    return this.parts.account;
  }

  get connected(): boolean {
    return this.#client !== undefined && !this.#client.closed && this.online;
  }

  /** not acknowledged, and not given up */
  get open(): number {
    return this.#out.length;
  }

  get status(): string {
    return `s${this.#status}`;
  }

  get session(): number {
    return this.#session;
  }

  get seen(): ReadonlyMap<string, string> {
    return this.#seen;
  }

  /** Connects, resumes or binds; false when that did not work out. */
  async connect(door: Door): Promise<boolean> {
    const { domain, account } = this.parts;
    let client: RawClient | undefined;
    try {
      client = await within(5000, RawClient.authenticate(door.port, domain, account, 'pencil'), (late) =>
        late.destroy(),
      );
      if (this.#id !== '' && !(await this.#resume(client, door))) this.#forget();
      if (this.#id === '' || this.#client !== client) await this.#bind(client, door);
      return true;
    } catch {
      client?.destroy();
      if (client !== undefined && this.#client === client) this.noticed();
      if (!this.#ready) this.#forget(); // it has not even its roster: it begins anew
      return false;
    }
  }

  /** Listens to what comes from now on. @throws when nothing is there */
  #listen(client: RawClient): void {
    this.#client = client;
    const cutter = new Cutter();
    client.take();
    client.onData((text) => {
      client.take();
      if (this.#client === client) for (const stanza of cutter.take(text)) this.#take(stanza);
    });
  }

  async #resume(client: RawClient, door: Door): Promise<boolean> {
    this.#listen(client);
    const answer = this.#answer('resume');
    client.send(`<resume xmlns='${SM}' previd='${this.#id}' h='${this.#received}'/>`);
    this.#told = this.#received;
    this.#door = door.name;
    const said = await within(9000, answer);
    if (said.startsWith('<resumed')) return true;
    const h = attributeOf(said, 'h');
    if (h !== undefined) this.#acknowledged(Number(h));
    this.parts.history.note({ kind: 'refused', session: this.#session });
    return false;
  }

  /** In the turn in which it comes: what is sent in answer to what follows must not be among what is sent again. */
  #resumed(said: string): void {
    const h = attributeOf(said, 'h');
    this.#acknowledged(Number(h));
    this.#there = true;
    const counted = `${h} of ${this.#sent} sent`;
    this.parts.history.note({ kind: 'resumed', session: this.#session, door: this.#door, counted });
    for (const { text } of this.#out) this.#client?.send(text);
    this.online = true;
    this.#client?.send(`<r xmlns='${SM}'/>`);
  }
  #door = '';

  /** The session is over for good. */
  #forget(): void {
    this.#doubtful.push(...this.#out.filter(({ message }) => message !== undefined));
    this.#out = [];
    this.#id = '';
    this.#counting = false;
    this.#answers.clear();
  }

  async #bind(client: RawClient, door: Door): Promise<void> {
    const { domain, account, resource, managed, carbons, history, contacts, dice } = this.parts;
    this.#forget();
    this.#ready = false;
    if (this.#client !== client) this.#listen(client);
    this.#seen.clear();
    this.roster.clear();
    const bound = this.#answer('b');
    client.send(
      `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
    const jid = `${account}@${domain}/${resource}`;
    // whatever comes before the answer is this session's
    this.#session = history.session();
    this.#there = true;
    history.note({ kind: 'bound', account, session: this.#session, jid, door: door.name, managed });
    const said = await within(6000, bound);
    this.jid = /<jid>([^<]+)/.exec(said)?.[1] ?? '';
    if (this.jid !== jid) throw new Error(`bound ${said}`);
    if (managed) {
      const enabled = this.#answer('enable');
      client.send(`<enable xmlns='${SM}' resume='true'/>`);
      this.#id = attributeOf(await within(6000, enabled), 'id') ?? '';
    }
    const roster = await this.#ask("<query xmlns='jabber:iq:roster'/>", 'get');
    for (const item of roster.matchAll(/<item [^>]*\/?>/g)) this.#item(item[0]);
    if (carbons) await this.#ask("<enable xmlns='urn:xmpp:carbons:2'/>", 'set');
    this.online = true;
    this.#ready = true;
    this.#status++;
    this.#send(`<presence><status>${this.status}</status></presence>`);
    for (const contact of contacts)
      if (!/subscription='both'/.test(this.roster.get(`${contact}@${domain}`) ?? ''))
        this.#send(`<presence to='${contact}@${domain}' type='subscribe'/>`);
    // what may have been lost with the last session is sent again by most people, and by some not
    const doubtful = this.#doubtful;
    this.#doubtful = [];
    for (const { text, message } of doubtful) {
      if (message === undefined || !dice.chance(0.7)) continue;
      history.note({ kind: 'sent', session: this.#session, message, to: attributeOf(text, 'to') ?? '' });
      this.#send(text, message);
    }
  }

  #answer(id: string): Promise<string> {
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  async #ask(payload: string, type: 'get' | 'set'): Promise<string> {
    const id = `q${++this.#asks}`;
    const answer = this.#answer(id);
    this.#send(`<iq type='${type}' id='${id}'>${payload}</iq>`);
    return within(8000, answer);
  }

  #send(text: string, message?: number): void {
    if (this.#counting) {
      this.#sent++;
      this.#out.push({ text, message });
    }
    this.#client?.send(text);
  }

  /** A numbered message. */
  say(to: string): void {
    const { history } = this.parts;
    const message = history.message();
    history.note({ kind: 'sent', session: this.#session, message, to });
    this.#send(`<message to='${to}' type='chat' id='m${message}'><body>M${message}.</body></message>`, message);
  }

  /** Presence that others see. */
  show(): void {
    this.#status++;
    this.#send(`<presence><status>${this.status}</status></presence>`);
  }

  /** Gives a contact another name. */
  rename(contact: string): void {
    const { domain } = this.parts;
    const name = `n${++this.#asks}`;
    const known = this.named.get(contact) ?? { sure: '', maybe: [] };
    known.maybe.push(name);
    this.named.set(contact, known);
    this.parts.history.note({ kind: 'note', what: `${this.jid} sets ${contact} ${name}` });
    this.#ask(`<query xmlns='jabber:iq:roster'><item jid='${contact}@${domain}' name='${name}'/></query>`, 'set').then(
      (said) => {
        if (!/^<iq[^>]* type='result'/.test(said)) return;
        known.maybe.splice(0, known.maybe.indexOf(name) + 1);
        known.sure = name;
        this.parts.history.note({ kind: 'note', what: `${this.jid} has set ${contact} ${name}` });
      },
      () => {},
    );
  }

  ask(): void {
    if (this.#counting) this.#client?.send(`<r xmlns='${SM}'/>`);
  }

  confirm(): void {
    if (!this.#counting || this.#told === this.#received) return;
    this.#told = this.#received;
    this.#client?.send(`<a xmlns='${SM}' h='${this.#received}'/>`);
  }

  /** As when the network goes. */
  break(): void {
    this.#client?.destroy();
    this.noticed();
  }

  /** The connection is gone, and it knows. */
  noticed(): void {
    if (this.#client === undefined) return;
    this.#client = undefined;
    this.online = false;
    this.#lost(false);
    if (this.#id === '') this.#forget();
  }

  /** Says goodbye. */
  async leave(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.confirm();
    client.send('</stream:stream>');
    await within(
      1500,
      client.until(() => client.closed),
    ).catch(() => {});
    client.destroy();
    if (this.#client !== client) return;
    this.#client = undefined;
    this.online = false;
    this.#lost(true);
    this.#forget();
  }

  #lost(farewell: boolean): void {
    if (this.#there) this.parts.history.note({ kind: 'lost', session: this.#session, farewell });
    this.#there = false;
  }

  get gone(): boolean {
    return this.#client?.closed === true;
  }

  #acknowledged(h: number): void {
    const done = this.#out.splice(0, Math.max(0, h - (this.#sent - this.#out.length)));
    const messages = done.flatMap(({ message }) => message ?? []);
    if (messages.length > 0) this.parts.history.note({ kind: 'acked', session: this.#session, messages });
  }

  #take(stanza: string): void {
    const name = /^<([^\s>/]+)/.exec(stanza)?.[1];
    switch (name) {
      case 'r':
        this.#told = this.#received;
        this.#client?.send(`<a xmlns='${SM}' h='${this.#received}'/>`);
        return;
      case 'a':
        this.#acknowledged(Number(attributeOf(stanza, 'h')));
        return;
      case 'enabled':
        this.#counting = true;
        this.#received = this.#told = this.#sent = 0;
        this.parts.history.note({ kind: 'enabled', session: this.#session });
        this.#answers.get('enable')?.(stanza);
        return;
      case 'resumed':
        this.#resumed(stanza);
        this.#answers.get('resume')?.(stanza);
        return;
      case 'failed':
        this.#answers.get('resume')?.(stanza);
        return;
      case 'message':
        this.#received++;
        this.#message(stanza);
        return;
      case 'presence':
        this.#received++;
        this.#presence(stanza);
        return;
      case 'iq':
        this.#received++;
        this.#iq(stanza);
        return;
      case 'stream:error':
        this.parts.history.note({ kind: 'note', what: `${this.jid}: ${/<([a-z-]+) /.exec(stanza.slice(13))?.[1]}` });
        return;
      default:
    }
  }

  #message(stanza: string): void {
    const { history } = this.parts;
    const message = Number(/<body>M(\d+)\.<\/body>/.exec(stanza)?.[1] ?? attributeOf(stanza, 'id')?.slice(1));
    if (attributeOf(stanza, 'type') === 'error') {
      const condition = /<error[^>]*>\s*<([a-z-]+)/.exec(stanza)?.[1] ?? '';
      history.note({ kind: 'error', session: this.#session, message, condition });
      return;
    }
    const copy = stanza.includes("'urn:xmpp:carbons:2'");
    const inner = copy ? stanza.slice(stanza.indexOf('<message', 1)) : stanza;
    history.note({
      kind: 'got',
      session: this.#session,
      message,
      from: attributeOf(inner, 'from') ?? '',
      as: copy ? 'copy' : 'message',
      delayed: stanza.includes("'urn:xmpp:delay'"),
    });
  }

  #presence(stanza: string): void {
    const from = attributeOf(stanza, 'from') ?? '';
    const type = attributeOf(stanza, 'type');
    if (type === undefined) this.#seen.set(from, /<status>([^<]*)/.exec(stanza)?.[1] ?? '');
    else if (type === 'unavailable' && from.includes('/')) this.#seen.delete(from);
    else if (type === 'unavailable') {
      for (const jid of this.#seen.keys()) if (jid.startsWith(`${from}/`)) this.#seen.delete(jid);
    } else if (type === 'subscribe') this.#send(`<presence to='${from}' type='subscribed'/>`);
  }

  #iq(stanza: string): void {
    const [type, id] = [attributeOf(stanza, 'type'), attributeOf(stanza, 'id') ?? ''];
    if (type === 'result' || type === 'error') {
      this.#answers.get(id)?.(stanza);
      this.#answers.delete(id);
      return;
    }
    const from = attributeOf(stanza, 'from');
    const item = /<item [^>]*\/?>/.exec(stanza)?.[0];
    if (stanza.includes('jabber:iq:roster') && item !== undefined) this.#item(item);
    this.#send(`<iq type='result' id='${id}'${from === undefined ? '' : ` to='${from}'`}/>`);
  }

  #item(item: string): void {
    const jid = attributeOf(item, 'jid') ?? '';
    this.parts.history.note({ kind: 'note', what: `${this.jid} is told ${item}` });
    if (attributeOf(item, 'subscription') === 'remove') this.roster.delete(jid);
    else this.roster.set(jid, item);
  }

  /** The roster as a node says it is, for a comparison. */
  static async rosterAt(door: Door, domain: string, account: string): Promise<string[]> {
    const client = await RawClient.login(door.port, domain, account, 'pencil');
    try {
      const said = await client.must("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", /id='r'.*<\/iq>/s);
      return [...said.matchAll(/<item [^>]*\/?>/g)].map(([item]) => item).sort();
    } finally {
      client.destroy();
    }
  }

  static readonly sleep = sleep;
}
