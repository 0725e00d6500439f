import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { PrivateNats } from '../hosts/nats.ts';
import { PrivatePostgres } from '../hosts/postgres.ts';
import type { Door } from './chaos-client.ts';
import { ChaosNode, type NodeStatus } from './chaos-node.ts';
import { Relay } from './relay.ts';

export const DOMAIN = 'example.org';
export const LEASE_SECONDS = 3;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface SiteOptions {
  readonly people: readonly string[];
  /** nodes whose clocks may be moved */
  readonly skewed: boolean;
  /** the database is on a disk of its own, which may fill: root alone can have that */
  readonly smallDisk: boolean;
  /** another parleyd than ours, that some nodes run */
  readonly earlier?: string | undefined;
}

/** Three nodes with NATS and PostgreSQL, and all that lies between them, to be broken. */
export class Site {
  readonly nats: PrivateNats;
  readonly postgres: PrivatePostgres;
  readonly nodes: ChaosNode[] = [];
  readonly #disk: string | undefined;

  private constructor(nats: PrivateNats, postgres: PrivatePostgres, disk: string | undefined) {
    this.nats = nats;
    this.postgres = postgres;
    this.#disk = disk;
  }

  static async make({ people, skewed, smallDisk, earlier }: SiteOptions): Promise<Site> {
    const nats = new PrivateNats(await freePort());
    await nats.start();
    const disk = smallDisk ? smallDiskAt() : undefined;
    const port = await freePort();
    const postgres = PrivatePostgres.start({ port, within: disk });
    const site = new Site(nats, postgres, disk);
    for (const name of ['a', 'b', 'c']) {
      const [toNats, toPostgres] = [await Relay.open(nats.port), await Relay.open(port)];
      const base = await NodeUnderTest.make(
        DOMAIN,
        [
          `storage.url=${postgres.tcpUrl}`,
          `cluster.nats=${nats.url}`,
          `cluster.node=${name}`,
          `cluster.lease_seconds=${LEASE_SECONDS}`,
          'limits.resume_seconds=120',
        ],
        false,
      );
      if (name === 'a') for (const person of people) base.parleyd(['user', 'add', person], 'pencil\n');
      // what was asked of it blocked this process, and with it our relays: they come in between only now
      const file = join(base.folder, 'parleyd.toml');
      const relayed = readFileSync(file, 'utf8')
        .replaceAll(postgres.tcpUrl, `postgres://parley@127.0.0.1:${toPostgres.port}/postgres`)
        .replaceAll(nats.url, `nats://127.0.0.1:${toNats.port}`);
      writeFileSync(file, relayed);
      site.nodes.push(new ChaosNode(name, base, toNats, toPostgres, skewed));
    }
    for (const node of site.nodes) {
      if (earlier !== undefined && node.name !== 'b') node.program = earlier;
      node.start();
    }
    await site.healthy();
    return site;
  }

  node(i: number): ChaosNode {
    const node = this.nodes[i % this.nodes.length];
    if (node === undefined) throw new Error('there is no such node');
    return node;
  }

  get doors(): Door[] {
    return this.nodes.map(({ name, base }) => ({ name, port: base.port }));
  }

  /** Resolves when all nodes serve, and know each other. @throws when they don't come to that */
  async healthy(ms = 40_000): Promise<void> {
    const until = performance.now() + ms;
    for (;;) {
      const why = await this.unwell();
      if (why === undefined) return;
      if (performance.now() > until) throw new Error(`the cluster does not get well again: ${why}`);
      await sleep(100);
    }
  }

  async unwell(): Promise<string | undefined> {
    for (const node of this.nodes) {
      const status = await node
        .call<{ cluster?: NodeStatus } & NodeStatus>('status', {})
        .then((all) => all.cluster)
        .catch(() => undefined);
      if (status === undefined) return `${node.name} does not answer`;
      const states = status.nodes.map((one) => `${one.node} ${one.state}`).join(', ');
      const good = status.nodes.filter(({ state }) => state === 'linked' || state === 'here').length;
      if (good !== this.nodes.length || status.nodes.length !== good) return `${node.name} says: ${states}`;
    }
    return undefined;
  }

  /** Starts PostgreSQL again, after whatever happened to it. */
  async postgresUp(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      if (await this.postgres.started()) return;
      await sleep(300);
    }
    throw new Error('PostgreSQL does not start any more');
  }

  /** Leaves the database's disk no room. */
  fill(): void {
    if (this.#disk === undefined) return;
    spawnSync('dd', ['if=/dev/zero', `of=${join(this.#disk, 'ballast')}`, 'bs=64k', 'count=100000'], {
      stdio: 'ignore',
    });
  }

  unfill(): void {
    if (this.#disk !== undefined) rmSync(join(this.#disk, 'ballast'), { force: true });
  }

  /** Nothing is broken any more. */
  async heal(): Promise<void> {
    for (const node of this.nodes) {
      node.nats.heal();
      node.postgres.heal();
      if (node.skewable) node.skew(0);
      node.goOn();
    }
    this.unfill();
    if (!this.nats.running) await this.nats.start();
    await this.postgresUp();
    for (const node of this.nodes) node.start();
  }

  /** Lines of the nodes' logs that tell of a bug. */
  bugs(): string[] {
    return this.nodes.flatMap(({ name, log }) => {
      const lines = log.split('\n');
      return lines.flatMap((line, i) =>
        /^\S+Z error /.test(line) && (/ a bug was caught /.test(line) || (!EXPECTED.test(line) && !AWAY.test(line)))
          ? [`${name}: ${lines.slice(i, i + 6).join('\n')}`]
          : [],
      );
    });
  }

  async remove(): Promise<void> {
    for (const node of this.nodes) await node.remove();
    await this.nats.stop();
    this.postgres.remove();
    if (this.#disk !== undefined) {
      spawnSync('umount', ['-l', this.#disk]);
      rmSync(this.#disk, { recursive: true, force: true });
    }
  }

  /** for who looks into a run later */
  keepLogs(folder: string, prefix: string): void {
    for (const { name, log } of this.nodes) writeFileSync(join(folder, `${prefix}-${name}.log`), log);
  }
}

/** What a node says when a part of what it needs is away, or it was taken for dead. */
const EXPECTED =
  / error (this node stops at once|a stanza|an unacknowledged message was not kept|an offline message|a login could not be checked|a resource could not be bound|times of last visits|unacknowledged stanzas are lost|a presence|a directed presence|an IQ|what was in memory could not be written)/;

function smallDiskAt(): string {
  const disk = mkdtempSync(join(tmpdir(), 'parley-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=755', 'tmpfs', disk]);
  if (mounted.status !== 0) throw new Error('the small disk could not be mounted');
  return disk;
}

/** The database was away, or full: whatever failed by that was refused, or is tried again. */
const AWAY =
  /StorageError: (PostgreSQL does not answer|.*(No space left|disk|shut ?down|recovery|terminat|starting up))/i;
