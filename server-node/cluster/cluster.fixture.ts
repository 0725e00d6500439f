import { Log } from '../observe/log.ts';
import { LeaseTable, MemoryLeases } from '../storage/memory/memory-leases.ts';
import { MemoryStores } from '../storage/memory/memory-stores.ts';
import type { Kept } from '../stream/ports.ts';
import { DOMAIN, World } from '../world.fixture.ts';
import { Cluster } from './cluster.ts';
import { type MemoryBus, MemoryMesh } from './memory-bus.ts';
import { CLUSTER_TIMES, type ClusterTimes, type LeftMessage } from './parts.ts';

/** Several nodes of one domain in one process: real routers and links, with memory for NATS and PostgreSQL. */
export class Cloud {
  readonly mesh = new MemoryMesh();
  readonly stores = new MemoryStores();
  readonly leases = new LeaseTable();
  readonly nodes: CloudNode[] = [];
  readonly times: ClusterTimes;

  constructor(times: Partial<ClusterTimes> = {}) {
    this.times = { ...CLUSTER_TIMES, beatMs: 20, renewMs: 40, leaseMs: 1000, stopMs: 800, resendMs: 20, ...times };
  }

  /**
   * A clock that all nodes share, and that stands still while this process does: a busy machine must not look like nodes
   * that died.
   */
  clock(): number {
    const now = performance.now();
    this.#time += Math.min(now - this.#lookedAt, 100);
    this.#lookedAt = now;
    return this.#time;
  }
  #time = 0;
  #lookedAt = performance.now();

  async start(...names: string[]): Promise<CloudNode[]> {
    const started: CloudNode[] = [];
    for (const name of names) {
      const node = new CloudNode(this, name);
      this.nodes.push(node);
      await node.cluster.start();
      started.push(node);
    }
    return started;
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.cluster.leave();
  }

  /** What a run has on disk. */
  left(run: string): LeftMessage[] {
    const node = this.nodes.find((one) => one.run === run);
    return [...(node?.safe ?? [])].map(([key, message]) => ({ key, ...message }));
  }

  /** What nodes complained of that a test did not cause. */
  get faults(): string[] {
    return this.nodes.flatMap(({ world }) => world.faults);
  }
}

export class CloudNode {
  readonly name: string;
  readonly run: string;
  readonly world: World;
  readonly cluster: Cluster;
  readonly bus: MemoryBus;
  readonly lost: string[] = [];
  readonly lines: string[] = [];
  /** what lies on disk for the case that this node dies */
  readonly safe = new Map<string, Omit<LeftMessage, 'key'>>();
  /** runs whose left-overs this node took over */
  readonly adopted: string[] = [];
  /** keys of messages that came here with sessions of other nodes */
  readonly tookOver = new Set<string>();
  /** what it found on disk of others, and gave back */
  readonly givenBack: string[] = [];
  /** until then what it reads of who is there is on its way */
  reading: Promise<void> | undefined;
  /** what it does to take them over */
  adopting: ((run: string) => Promise<void>) | undefined;
  /** what it does for a node that an edge has brought one of its sessions */
  letGo: ((departure: unknown) => Promise<unknown>) | undefined;
  /** sessions that other nodes may have, by their names */
  readonly parked = new Map<string, unknown>();
  #silent = false;

  constructor(cloud: Cloud, name: string) {
    this.name = name;
    this.run = `${name}-${cloud.nodes.length + 1}`;
    this.bus = cloud.mesh.bus(name, 4096);
    const leases = new MemoryLeases(cloud.leases);
    const alive = <T>(work: () => Promise<T>): Promise<T> =>
      this.#silent ? Promise.reject(new Error('out of reach')) : work();
    this.cluster = new Cluster({
      domain: DOMAIN,
      node: name,
      run: this.run,
      version: '1.2.3',
      info: {},
      bus: this.bus,
      leases: {
        join: (...args) => alive(() => leases.join(...args)),
        renew: (...args) =>
          alive(async () => {
            const rows = await leases.renew(...args);
            await this.reading;
            return rows;
          }),
        fence: (...args) => alive(() => leases.fence(...args)),
        leave: (...args) => alive(() => leases.leave(...args)),
        estates: () => alive(() => leases.estates()),
        settled: (...args) => alive(() => leases.settled(...args)),
        rows: () => alive(() => leases.rows()),
        close: () => leases.close(),
      },
      stores: cloud.stores,
      safe: {
        put: (account, { bytes, at }, key, also): Kept => {
          this.safe.set(key, { account, bytes, at, also });
          return { key, stored: Promise.resolve(), drop: () => void this.safe.delete(key) };
        },
        drop: (key) => {
          for (const node of cloud.nodes) node.safe.delete(key);
        },
      },
      times: cloud.times,
      clock: () => cloud.clock(),
      now: () => this.world.now,
      log: new Log('info', (line) => this.lines.push(line)),
      router: () => this.world.router,
      continuity: () => ({
        adopt: async (run) => {
          if (run === '') return 0; // what a node left that had the storage for itself
          await this.adopting?.(run);
          return this.adopted.push(run);
        },
        left: async (run) => cloud.left(run),
        giveBack: async (left, elsewhere) => {
          for (const one of left) {
            if (!elsewhere.has(one.key)) this.givenBack.push(one.key);
            for (const node of cloud.nodes) node.safe.delete(one.key);
          }
        },
        graceMs: 0,
        release: async (id) => {
          const line = this.parked.get(id);
          this.parked.delete(id);
          return line;
        },
        letGo: async (departure) => this.letGo?.(departure),
        takeIn: async (line) => void this.parked.set((line as { id: string }).id, line),
        holds: ({ key }) => this.tookOver.has(key),
      }),
      onLost: (why) => this.lost.push(why),
    });
    this.world = new World(cloud.stores, {}, {}, [], this.cluster);
  }

  /** The database can't be reached from here, or can again. */
  set database(reachable: boolean) {
    this.#silent = !reachable;
  }

  /** As a machine that loses its power. */
  die(): void {
    this.bus.connected = false;
    this.#silent = true;
  }
}

/** Waits until something holds; what it should be is told when it never does. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`it never was so: ${what}`);
}

/** Long enough for what is on its way to arrive. */
export const settled = async (turns = 10): Promise<void> => {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setTimeout(resolve, 1));
};
