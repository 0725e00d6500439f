import { Packer, Unpacker } from '../link/pack.ts';
import type { NodeRow } from '../storage/leases.ts';
import type { Estates } from './estates.ts';
import type { OtherNode } from './other-node.ts';
import { type ClusterParts, NameTaken, OtherWire, WIRE_VERSION } from './parts.ts';
import { type Beat, Standing } from './standing.ts';
import { type Succession, Successions } from './successions.ts';
import type { Works } from './works.ts';

/** renewals of the lease from one look for what others left to the next */
const SWEEP_EVERY = 2;

export interface MembershipParts {
  readonly cluster: ClusterParts;
  readonly works: Works;
  readonly estates: () => Estates;
  /** Says something to all nodes. */
  readonly publish: (datagram: Buffer) => void;
  /** Makes a link to a node that is heard for the first time. */
  readonly meet: (run: string, name: string) => OtherNode;
}

/** Who is a node of the domain: beats that are heard, leases that are renewed, and runs that are over. */
export class Membership {
  readonly #parts: MembershipParts;
  readonly #cluster: ClusterParts;
  readonly standing: Standing;
  readonly others = new Map<string, OtherNode>();
  readonly beats = new Map<string, Beat>();
  readonly rows = new Map<string, NodeRow>();
  readonly successions = new Successions();
  readonly #dead = new Set<string>();
  /** runs that this node was about to fence when the database went away */
  readonly #fencing = new Set<string>();
  #renewing = false;
  #renewals = 0;
  #joined = false;
  #lost = false;
  draining = false;
  /** nodes that this one took for dead */
  fenced = 0;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#cluster = parts.cluster;
    this.standing = new Standing(parts.cluster.run, parts.cluster.times, parts.cluster.clock());
  }

  /** This node says and does nothing more. */
  get lost(): boolean {
    return this.#lost;
  }

  /** It has left. */
  end(): void {
    this.#lost = true;
  }

  /**
   * Takes its place among the others; answers what is to be done with their past once they are linked. @throws NameTaken, OtherWire,
   * and when the database is away
   */
  async join(): Promise<() => Promise<void>> {
    const { leases, node, run, info, version, clock } = this.#cluster;
    const begun = clock();
    for (const row of await leases.rows()) this.rows.set(row.run, row);
    this.#refuseOtherWires();
    await this.#refuseNamesake();
    const before = [...this.rows.values()].filter((row) => row.state !== 'live' || row.node === node);
    const former = await leases.join(node, run, { ...info, version, wire: WIRE_VERSION });
    this.#renewed(await leases.renew(run, []), begun);
    this.#joined = true;
    return async () => {
      for (const row of before) {
        if (row.state === 'live') this.succeeded(row.run, row.node, 'restarted', node); // it is our last run
        await this.bury(row.run, true);
      }
      // those who were at our last run are known to the others alone: one of them withdraws them
      if (former !== undefined) await this.#withdrawnByOthers(former.run);
    };
  }

  /** Nodes that can't hear each other would both serve, and neither would know of the other's people. */
  #refuseOtherWires(): void {
    for (const { node, state, info } of this.rows.values()) {
      const { wire, version } = (info ?? {}) as { readonly wire?: number; readonly version?: string };
      if (state === 'live' && node !== this.#cluster.node && wire !== undefined && wire !== WIRE_VERSION)
        throw new OtherWire(node, version ?? '');
    }
  }

  /** A node of our name that still speaks is another one: of two that take each other's place neither could stay. */
  async #refuseNamesake(): Promise<void> {
    const { node, times, clock } = this.#cluster;
    const former = [...this.rows.values()].find((row) => row.node === node && row.state === 'live');
    if (former === undefined) return;
    const since = clock();
    await new Promise((resolve) => setTimeout(resolve, 2 * times.beatMs + 100));
    if (this.standing.heardAt(former.run) > since) throw new NameTaken(node);
  }

  /** Resolves when all nodes that were heard are linked; a node that stays silent is waited for no longer than its lease. */
  async linked(): Promise<void> {
    const { clock, times, run } = this.#cluster;
    const until = clock() + times.leaseMs * 2;
    const whole = () =>
      [...this.rows.values()].every(
        (row) => row.run === run || row.state !== 'live' || this.others.get(row.run)?.replica.whole === true,
      );
    while (clock() < until && !whole()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Says to all others that this node lives, and what it has heard of them. */
  beat(): void {
    if (!this.#joined) return;
    const works = this.#parts.works.told();
    const { node, run, version, clock, router } = this.#cluster;
    const beat: Beat = {
      run,
      node,
      ...this.standing.beat(clock()),
      database: this.standing.database,
      sessions: router().sessions.size,
      draining: this.draining,
      version,
      ...(works.length === 0 ? {} : { works }),
    };
    for (const other of this.others.values()) other.meter.sample(clock());
    this.#parts.publish(new Packer().byte(WIRE_VERSION).text(JSON.stringify(beat)).take());
  }

  /** A beat of another node has come. */
  heard(data: Uint8Array): void {
    const reader = new Unpacker(data);
    if (reader.byte() !== WIRE_VERSION) return;
    const beat = JSON.parse(reader.text()) as Beat;
    if (beat.run === this.#cluster.run || this.#dead.has(beat.run)) return;
    const { clock, times } = this.#cluster;
    const known = this.others.get(beat.run);
    if (clock() - this.standing.heardAt(beat.run) > 2 * times.beatMs) known?.link.heardAgain();
    this.standing.heard(beat, clock());
    const other = known ?? this.#meet(beat.run, beat.node);
    this.beats.set(beat.run, beat);
    if (known === undefined) this.beat(); // it learns of us at once
    if (other.begun || beat.heard[this.#cluster.run] === undefined) return;
    other.begin();
    void this.#parts.estates().recount(other);
  }

  #meet(run: string, name: string): OtherNode {
    const other = this.#parts.meet(run, name);
    other.metAt = this.#cluster.clock();
    this.others.set(run, other);
    this.#cluster.log.info(`node ${name} is there`);
    return other;
  }

  /** Called often: whether this node may still serve. */
  check(): void {
    const { bus, clock } = this.#cluster;
    if (!this.standing.mayServe(bus.connected, clock()))
      this.#lose('it can reach neither the database nor the other nodes');
  }

  /** Renews the lease, takes silent nodes for dead, and looks for what runs left that are over. */
  async renew(): Promise<void> {
    if (this.#renewing || this.#lost) return;
    this.#renewing = true;
    const { leases, run, clock, log } = this.#cluster;
    try {
      const begun = clock();
      this.#renewed(await leases.renew(run, this.standing.vouched(begun)), begun);
      for (const row of this.standing.silent(clock())) await this.#fence(row);
      if (++this.#renewals % SWEEP_EVERY === 0) await this.#parts.estates().sweep();
    } catch (error) {
      if (this.standing.database)
        log.warn(`the database is out of reach: ${error instanceof Error ? error.message : error}`);
      this.standing.failed();
    } finally {
      this.#renewing = false;
    }
  }

  async #fence(row: NodeRow): Promise<void> {
    const { leases, log, node } = this.#cluster;
    this.#fencing.add(row.run); // if no answer comes it may be done all the same, and then it is for us to go on
    const fenced = await leases.fence(row.run, row.renewals);
    this.#fencing.delete(row.run);
    if (!fenced) return;
    this.fenced++;
    log.warn(`node ${row.node} is silent: its sessions are withdrawn`);
    for (const other of this.others.values()) if (other.run !== row.run) other.tell('fenced', row.run);
    this.succeeded(row.run, row.node, 'silent', node);
    const unknown = !this.others.has(row.run);
    void this.bury(row.run, true); // renewing goes on meanwhile
    if (unknown) void this.#withdrawnByOthers(row.run);
  }

  #renewed(rows: readonly NodeRow[], begun: number): void {
    const { clock, times, node } = this.#cluster;
    if (!this.standing.renewed(rows, begun, clock())) {
      this.#lose('the others have taken it for dead');
      return;
    }
    const before = new Set(this.rows.keys());
    this.rows.clear();
    for (const row of rows) this.rows.set(row.run, row);
    // one that is over, or whose place a new run of it has taken: who withdrew it, or was started, sees to what it left.
    // One that was never in a row is about to join.
    for (const other of [...this.others.values()]) {
      const row = this.rows.get(other.run);
      // whom we met after we began to ask may have joined behind what we read
      const replaced = () => rows.some((one) => one.node === other.name) && other.metAt < begun;
      const silent = () => clock() - this.standing.heardAt(other.run) > 2 * times.leaseMs;
      if (row === undefined ? before.has(other.run) || replaced() || silent() : row.state !== 'live') {
        const ours = row?.state === 'fenced' && this.#fencing.delete(other.run);
        const how = row === undefined ? 'restarted' : row.state === 'left' ? 'left' : 'silent';
        this.succeeded(other.run, other.name, how, ours ? node : null);
        void this.bury(other.run, ours);
      }
    }
  }

  #lose(why: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#cluster.onLost(why);
  }

  async #withdrawnByOthers(run: string): Promise<void> {
    const { clock, times } = this.#cluster;
    const begun = () => [...this.others.values()].filter((other) => other.begun);
    const until = clock() + times.leaseMs;
    while (begun().length === 0 && this.others.size > 0 && clock() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    // only those who met that run know whom to withdraw, and one of them does
    for (const other of begun()) if ((await other.ask('withdraw', run).catch(() => false)) === true) return;
  }

  /** A run is over, and this is who saw to what it left. */
  succeeded(run: string, node: string, how: Succession['how'], by: string | null): void {
    const sessions = this.others.get(run)?.replica.size ?? 0;
    this.successions.add({ node, run, how, by, at: this.#cluster.now(), sessions });
  }

  /** A run is over. `ours`: it is for this node to withdraw its sessions and to take over what it left. */
  bury(run: string, ours: boolean): Promise<void> {
    const other = this.others.get(run);
    this.standing.forget(run);
    this.#dead.add(run);
    this.others.delete(run);
    this.beats.delete(run);
    return this.#parts.estates().settle(run, other, ours);
  }
}
