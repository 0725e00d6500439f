import assert from 'node:assert/strict';
import { AccountClients } from '../accounts/clients.ts';
import { Connection, type Secured, type Transport } from '../edge/connection.ts';
import type { EdgeLimits } from '../edge/limits.ts';
import { Log } from '../observe/log.ts';
import { refusals, slowings } from '../observe/refusals.ts';
import type { LoginGuard } from '../sasl/mechanism.ts';
import { ScramClient } from '../sasl/scram-client.ts';
import { type KeyRing, keyRing, type ScramMechanism } from '../sasl/scram-keys.ts';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import { encode } from '../xml/chars.ts';
import { StanzaError } from '../xmpp/errors.ts';
import { Jid } from '../xmpp/jid.ts';
import { Lifelines } from './lifelines.ts';
import type { PeerInfo, StreamCore, StreamOutlet, Unacknowledged, Upgrades } from './ports.ts';

const XML = { stanzaBytes: 10_000, depth: 20, attributes: 20, elements: 100 };
export const LIMITS: EdgeLimits = {
  before: { ...XML, stanzaBytes: 4096 },
  after: XML,
  loginMs: 1000,
  connections: 3,
  perAddress: 10,
  trustLoopback: true,
  strangersPerNetwork: 100,
  connectionsPerSecond: 0,
  connectionsBurst: 10,
  stanzasPerSecond: 0,
  burstStanzas: 10,
  bytesPerSecond: 0,
  burstBytes: 0,
  sendBytes: 50_000,
  lines: { unacknowledged: 20, unacknowledgedBytes: 50_000, resumeMs: 60_000, keepMs: 3000, ackMs: 10_000 },
};
export const KEYS = await keyRing('pencil', 4096);
export const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
export const SASL2 = 'urn:xmpp:sasl:2';
export const SM = 'urn:xmpp:sm:3';
export const header = (more = '', to = 'example.org') =>
  `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'${more}>`;
export const HEADER = header();

export class FakeTransport implements Transport {
  written = '';
  queued = 0;
  ended = false;
  destroyed = false;
  reading = true;
  finishTls: ((secured: Secured) => void) | undefined;
  write(bytes: string): void {
    this.written += bytes;
  }
  pause(): void {
    this.reading = false;
  }
  resume(): void {
    this.reading = true;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  startTls(done: (secured: Secured) => void): void {
    this.finishTls = done;
  }
}

/** A channel whose bindings are known to the test. */
export const secured = (version = 'TLSv1.3', certified: readonly string[] = []): Secured => ({
  version,
  bindings: version === 'TLSv1.3' ? ['tls-exporter', 'tls-server-end-point'] : ['tls-server-end-point'],
  binding: (type) => Buffer.from(`data of ${type}`),
  certified,
});

export interface FakeSession {
  readonly jid: Jid;
}

export interface HouseOptions {
  readonly state?: 'active' | 'suspended';
  readonly plain?: boolean;
  readonly guard?: LoginGuard;
  readonly strictBinding?: boolean;
  /** mechanisms that the account lacks the keys of */
  readonly missing?: readonly ScramMechanism[];
}

/** What a storage that is away throws. */
export const OUTAGE = new Error('the storage is away');

/** What streams lead to, without a router: sessions are counted, what comes is written down. */
export class House {
  now = Date.parse('2026-11-24T12:00:00Z');
  readonly stanzas: string[] = [];
  readonly opened: string[] = [];
  readonly outlets: StreamOutlet[] = [];
  readonly undelivered: Unacknowledged[] = [];
  readonly peers: PeerInfo[] = [];
  readonly carbons: string[] = [];
  readonly stored: string[] = [];
  readonly clients: AccountClients;
  readonly lines: Lifelines<FakeSession>;
  closed = 0;
  /** the account is as it was when the login began */
  stands = true;
  hold: Promise<unknown> | undefined;
  /** how often the accounts were asked, and which time (from 0) they give no answer */
  asked = 0;
  outageAt: number | undefined;
  readonly core: StreamCore<FakeSession>;
  /** what lies on disk */
  readonly safe = new Set<string>();
  keys: Partial<KeyRing> = KEYS;

  constructor(
    {
      state = 'active',
      plain = false,
      guard = { begin: () => ({ right() {}, undecided() {}, wrong: async () => {} }) },
      strictBinding = false,
      missing = [],
    }: HouseOptions = {},
    limits = LIMITS,
  ) {
    this.lines = new Lifelines(limits.lines);
    this.clients = new AccountClients({ stores: new MemoryStores(), tokenMs: 86_400_000, now: () => this.now });
    const upgrades: Upgrades = {
      offered: (['SCRAM-SHA-512', 'SCRAM-SHA-256', 'SCRAM-SHA-1'] as const).filter((name) => !missing.includes(name)),
      missing,
      iterations: 4096,
      lacks: async () => missing,
      store: async (name, mechanism, keys) => {
        this.stored.push(`${name} ${mechanism}`);
        this.keys = { ...this.keys, [mechanism]: keys };
      },
    };
    this.core = {
      domain: 'example.org',
      freshId: () => `fresh${this.opened.length}`,
      stableId: (name, agent) => `stable-${name}-${agent.slice(0, 4)}`,
      features: () => '<feature-from-above/>',
      plain,
      guard,
      strictBinding,
      clients: this.clients,
      upgrades,
      credentials: {
        prepare: (name) => name.toLowerCase(),
        keys: async (mechanism) => this.#ask(this.keys[mechanism] ?? KEYS[mechanism]),
        state: async () => this.#ask(state),
        check: async (_name, password) => (password === 'pencil' ? KEYS['SCRAM-SHA-256'].storedKey : undefined),
        proof: async () => KEYS['SCRAM-SHA-256'].storedKey,
      },
      outage: (error) => error === OUTAGE,
      stands: async () => this.#ask(this.stands),
      open: async ({ name, proof }, resource, peer, outlet) => {
        assert.ok(Object.values(KEYS).some(({ storedKey }) => storedKey === proof));
        if (resource === 'full') return new StanzaError('resource-constraint');
        this.opened.push(`${name}/${resource} ${peer.transport} ${peer.mechanism}`);
        this.outlets.push(outlet);
        return { jid: new Jid(name, 'example.org', resource) };
      },
      receive: (_session, tag, raw) => {
        this.stanzas.push(`${tag.name} ${raw}`);
        return this.hold === undefined ? undefined : this.hold.then(() => undefined);
      },
      moved: (_session, peer) => void this.peers.push(peer),
      carbons: (session) => void this.carbons.push(session.jid.toString()),
      close: async () => void this.closed++,
      safe: {
        put: (account, stanza) => this.#keep(`${account} ${stanza.bytes}`),
        known: (key) => this.#keep(key),
      },
      pack: (session) => session.jid.toString(),
      unpack: async (packed, outlet) => {
        this.outlets.push(outlet);
        const [local = '', resource = ''] = String(packed).split('@example.org/');
        return { jid: new Jid(local, 'example.org', resource) };
      },
      undelivered: async (_session, stanzas) => void this.undelivered.push(...stanzas),
    };
  }

  /** What is asked for, unless the storage is away. */
  #ask<T>(answer: T): T {
    if (this.asked++ === this.outageAt) throw OUTAGE;
    return answer;
  }

  #keep(key: string) {
    this.safe.add(key);
    return { key, stored: Promise.resolve(), drop: () => void this.safe.delete(key) };
  }
}

export interface TalkOptions extends HouseOptions {
  readonly loopback?: boolean;
  readonly tls?: string | null;
  readonly certified?: readonly string[];
  readonly limits?: Partial<EdgeLimits>;
  /** turns of the event loop that an answer may take */
  readonly turns?: number;
  /** where others come too */
  readonly house?: House;
}

/** A client that speaks bytes to a connection without a socket. */
export class Talk {
  readonly socket = new FakeTransport();
  readonly house: House;
  readonly connection: Connection<FakeSession>;
  readonly #turns: number;

  constructor({
    loopback = false,
    tls = 'TLSv1.3',
    certified = [],
    limits = {},
    house,
    turns = 8,
    ...options
  }: TalkOptions = {}) {
    this.house = house ?? new House(options);
    this.#turns = turns;
    this.connection = new Connection(
      this.socket,
      { address: '192.0.2.1:5', loopback, direct: tls !== null },
      this.house.core,
      { lines: this.house.lines, limits: { ...LIMITS, ...limits }, refusals: refusals(), slowings: slowings() },
      new Log('error', () => {}),
      () => this.house.now,
    );
    if (tls !== null) {
      this.connection.handshake();
      this.socket.finishTls?.(secured(tls, certified));
    }
  }

  get outlet(): StreamOutlet {
    const outlet = this.house.outlets.at(-1);
    assert.ok(outlet);
    return outlet;
  }

  get stanzas(): string[] {
    return this.house.stanzas;
  }

  /** Says something, and answers with what came back. */
  async says(text: string): Promise<string> {
    this.socket.written = '';
    this.connection.received(encode(text));
    return this.hears();
  }

  async hears(): Promise<string> {
    for (let i = 0; i < this.#turns; i++) await new Promise((resolve) => setImmediate(resolve));
    return this.socket.written;
  }

  /** Logs in in the profile of RFC 6120. `gs2` and `binding`: with a channel. */
  async logsIn(
    mechanism: string = 'SCRAM-SHA-256',
    password = 'pencil',
    gs2 = 'n,,',
    binding = '',
    name = 'anna',
  ): Promise<string> {
    const client = new ScramClient(mechanism.replace('-PLUS', '') as ScramMechanism, name);
    const challenge = await this.says(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${client.first(gs2)}</auth>`);
    const final = client.final(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', password, Buffer.from(binding));
    return final === undefined ? challenge : this.says(`<response xmlns='${SASL}'>${final}</response>`);
  }

  /** Logs in in the profile of XEP-0388; `more`: what else is asked for. Answers with the outcome. */
  async logsIn2(more = '', mechanism: ScramMechanism = 'SCRAM-SHA-256', name = 'anna'): Promise<string> {
    const client = new ScramClient(mechanism, name);
    const challenge = await this.says(
      `<authenticate xmlns='${SASL2}' mechanism='${mechanism}'><initial-response>${client.first()}</initial-response>${more}</authenticate>`,
    );
    const final = client.final(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '', 'pencil');
    if (final === undefined) return challenge;
    const outcome = await this.says(`<response xmlns='${SASL2}'>${final}</response>`);
    const proof = /<additional-data>([^<]+)</.exec(outcome)?.[1];
    if (proof !== undefined) assert.ok(client.proven(proof), 'the server proves itself');
    return outcome;
  }

  opens(): Promise<string> {
    return this.says(HEADER);
  }

  async binds(resource = 'phone'): Promise<string> {
    await this.says(HEADER);
    return this.says(
      `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
  }

  /** A client that is bound, under stream management when it asks for it. */
  static async bound(options: TalkOptions = {}, enable = ''): Promise<Talk> {
    const talk = new Talk(options);
    await talk.says(HEADER);
    await talk.logsIn();
    await talk.binds();
    if (enable !== '') await talk.says(enable);
    return talk;
  }
}
