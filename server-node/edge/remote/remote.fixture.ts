import { EdgeDesk } from '../../desk/desk.ts';
import { deskCore } from '../../desk/desk-core.ts';
import { Handovers } from '../../desk/handovers.ts';
import type { EdgeHello } from '../../link/hello.ts';
import type { Pipe } from '../../link/link.ts';
import { Log } from '../../observe/log.ts';
import type { Session } from '../../router/session.ts';
import { Claims } from '../../sessions/claims.ts';
import { Continuity } from '../../sessions/continuity.ts';
import { type PackedSession, packSession, unpackSession } from '../../sessions/packed-session.ts';
import { Safekeeping } from '../../sessions/safekeeping.ts';
import { SecondTime } from '../../sessions/second-time.ts';
import { MemoryStores } from '../../storage/memory/memory-stores.ts';
import { Lifelines } from '../../stream/lifelines.ts';
import type { StreamCore } from '../../stream/ports.ts';
import { HEADER, House, LIMITS, Talk } from '../../stream/talk.fixture.ts';
import { World } from '../../world.fixture.ts';
import { LinkCore } from './link-core.ts';

/** One end of a connection in memory: what is written comes in a later turn, unless its process was killed. */
class MemoryPipe implements Pipe {
  other!: MemoryPipe;
  open = true;
  #data: (bytes: Buffer) => void = () => {};
  #closed: () => void = () => {};
  listen(onData: (bytes: Buffer) => void, onClose: () => void): void {
    this.#data = onData;
    this.#closed = onClose;
  }
  write(bytes: Buffer): void {
    const copy = Buffer.from(bytes);
    setImmediate(() => {
      if (!this.other.open) return;
      // in two pieces, wherever they are cut
      const middle = copy.length >> 1;
      this.other.#data(copy.subarray(0, middle));
      this.other.#data(copy.subarray(middle));
    });
  }
  close(): void {
    if (!this.open) return;
    this.open = false;
    setImmediate(() => {
      this.#closed();
      this.other.close();
    });
  }
}

export const turns = async (count = 30): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A core process: what is in its memory goes when it is killed, what is in its stores stays. */
class CoreProcess {
  readonly world: World;
  readonly desk: EdgeDesk;
  readonly second: SecondTime;
  readonly handovers: Handovers;
  /** what it did before it let go of sessions, and that it did */
  readonly done: string[] = [];
  readonly #continuity: Continuity;
  claims: Claims | undefined;
  alive = true;
  /** nothing that comes is acted on, and nothing leaves */
  readonly pipes = new Set<MemoryPipe>();

  constructor(stores: MemoryStores, house: House, name: string, log: Log, peers: () => CoreProcess[]) {
    this.world = new World(stores, { offlineMessages: 1000 });
    const { router } = this.world;
    const safe = new Safekeeping(stores, Date.now(), (error) => {
      throw error;
    });
    const core: StreamCore<Session> = {
      ...house.core,
      features: () => router.streamFeatures(),
      open: ({ name }, resource, peer, outlet) => router.open(name, resource, peer, outlet),
      receive: (session, tag, raw) => (this.alive ? router.receive(session, tag, raw) : new Promise(() => {})),
      moved: (session, peer) => {
        session.peer = peer;
      },
      carbons: (session) => {
        session.carbons = true;
      },
      close: (session) => router.close(session),
      undelivered: ({ jid }, stanzas) => router.undelivered(jid, stanzas),
      safe,
      pack: packSession,
      async unpack(packed, outlet) {
        const session = unpackSession(packed as PackedSession, outlet);
        if (session !== undefined) await router.restore(session);
        return session;
      },
    };
    const now = () => this.world.now;
    this.handovers = new Handovers({
      sessions: { of: (name) => [...router.sessions.of(name), ...peers().flatMap((peer) => peer.shown(name))] },
      elsewhere: async (holder, departure) => {
        const [peer] = peers().filter(({ world }) => world.router.sessions.of(holder.jid.local).length > 0);
        const handover = await peer?.handovers.release(JSON.parse(JSON.stringify(departure)));
        return handover && JSON.parse(JSON.stringify(handover));
      },
    });
    this.second = new SecondTime(stores, 'example.org', (name) => router.sessions.of(name).length > 0);
    this.#continuity = new Continuity({ stores, router, safe, core, limits: LIMITS.lines, now });
    this.desk = new EdgeDesk({
      core: deskCore(core, this.second, {
        id: name,
        now,
        claimSession: (departure, after) => this.handovers.claim(departure, after),
        informed: async () => void this.done.push('informed others'),
        moveAway: (session) => {
          this.done.push(`let ${session.jid.local} go`);
          return router.moveAway(session);
        },
        forget: () => {},
        arrived: ({ jid }) => void router.hooks.run('messages-waiting', { name: jid.local }),
      }),
      log,
      graceMs: 60_000,
      deadMs: 60_000,
    });
    this.#safe = safe;
  }
  readonly #safe: Safekeeping;

  /** Its sessions as other cores know them. */
  shown(name: string): Session[] {
    return this.world.router.sessions
      .of(name)
      .map((session) => Object.create(session, { here: { value: false } }) as Session);
  }

  async start(): Promise<void> {
    const { left } = await this.#continuity.restore();
    this.claims = new Claims(this.#safe, left);
    this.second.begin(this.claims);
  }

  /** Edges have had their time. */
  async giveBack(): Promise<void> {
    this.second.end();
    await this.#continuity.giveBack(this.claims?.rest() ?? []);
  }
}

/** A domain whose core is one process, and whose edge another. */
export class Remote {
  readonly stores = new MemoryStores();
  readonly house = new House();
  readonly lines: string[] = [];
  readonly log = new Log('info', (line) => this.lines.push(line));
  core: CoreProcess | undefined;
  /** another core of the same domain */
  other: CoreProcess | undefined;
  /** nothing gets through to that one */
  barred: CoreProcess | undefined;
  #cores = 0;
  impatient = 0;
  readonly edge: LinkCore;
  readonly #edgeHouse: House;

  constructor(patienceMs = 60_000) {
    this.edge = new LinkCore({
      domain: 'example.org',
      name: 'edge-1',
      cores: [
        { name: 'the core', dial: () => this.#dial(this.core) },
        { name: 'another core', dial: () => this.#dial(this.other) },
      ],
      log: this.log,
      now: Date.now,
      deadMs: 60_000,
      failoverMs: 20,
      loginMs: 5000,
      patienceMs,
      impatient: () => void this.impatient++,
    });
    const lines = new Lifelines(LIMITS.lines);
    this.#edgeHouse = { core: this.edge, lines, now: Date.now() } as unknown as House;
  }

  async #dial(core: CoreProcess | undefined): Promise<Pipe> {
    if (core === undefined || core === this.barred) throw new Error('nobody listens');
    const [here, there] = [new MemoryPipe(), new MemoryPipe()];
    here.other = there;
    there.other = here;
    core.pipes.add(there);
    core.desk.accept(there);
    return here;
  }

  async start(...people: string[]): Promise<CoreProcess> {
    const core = this.#process();
    if (people.length > 0) await core.world.people(...people);
    await core.start();
    this.core = core;
    await this.until(() => core.desk.size === 1 && this.edge.cores.lines.some(({ ready }) => ready));
    await turns();
    return core;
  }

  #process(): CoreProcess {
    const peers = (): CoreProcess[] => [this.core, this.other].flatMap((one) => (one && one !== core ? [one] : []));
    const core: CoreProcess = new CoreProcess(this.stores, this.house, `core-${++this.#cores}`, this.log, peers);
    return core;
  }

  /** One more core of the domain. */
  async startAnother(): Promise<CoreProcess> {
    const core = this.#process();
    await core.start();
    this.other = core;
    await this.until(() => core.desk.size === 1 && this.edge.cores.lines.every(({ ready }) => ready));
    await turns();
    return core;
  }

  /** The process dies: what it has written in turns that are over has left, and nothing else ever does. */
  kill(): void {
    const { core } = this;
    this.core = undefined;
    if (core === undefined) return;
    core.alive = false;
    for (const pipe of core.pipes) pipe.close();
  }

  /** The network breaks, and both processes live. */
  cut(): void {
    for (const pipe of this.core?.pipes ?? []) pipe.close();
  }

  async until(done: () => boolean): Promise<void> {
    for (let i = 0; !done(); i++) {
      if (i > 2000) throw new Error(`it does not come to that: ${this.lines.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async comes(name: string, resource = 'phone', enable = ''): Promise<Talk> {
    const talk = await this.stranger();
    const said = await talk.logsIn2(
      `<user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'/><bind xmlns='urn:xmpp:bind:0'><tag>${resource}</tag>${enable}</bind>`,
      'SCRAM-SHA-256',
      name,
    );
    if (!said.includes('<bound')) throw new Error(`no binding: ${said}`);
    return talk;
  }

  /** A client that has opened its stream. */
  async stranger(): Promise<Talk> {
    const talk = new Talk({ house: this.#edgeHouse, turns: 60 });
    await talk.says(HEADER);
    return talk;
  }

  /** What the core answers to an edge that says something else of itself. */
  hello(other: Partial<EdgeHello>): Promise<string> {
    const words = { parley: 'edge', from: 1, to: 1, id: 'x', name: 'x', domain: 'example.org', knows: '', acted: 0 };
    const text = Buffer.from(JSON.stringify({ ...words, ...other }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return this.words(Buffer.concat([length, text]));
  }

  async words(said: string | Buffer): Promise<string> {
    const pipe = await this.#dial(this.core);
    let heard = '';
    pipe.listen(
      (data) => {
        heard += data.toString();
      },
      () => {},
    );
    pipe.write(Buffer.from(said));
    await turns();
    return heard;
  }

  stop(): void {
    this.edge.stop();
    this.kill();
    this.other?.desk.stop();
  }
}
