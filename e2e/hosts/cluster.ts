import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { PrivateNats } from './nats.ts';
import { PrivatePostgres } from './postgres.ts';

/** Several nodes of one domain on this machine, with a PostgreSQL and a NATS server of their own. */
export class ClusterUnderTest {
  readonly domain: string;
  readonly postgres: PrivatePostgres;
  readonly nats: PrivateNats;
  readonly nodes: NodeUnderTest[] = [];
  readonly #settings: readonly string[];

  private constructor(domain: string, postgres: PrivatePostgres, nats: PrivateNats, settings: readonly string[]) {
    this.domain = domain;
    this.postgres = postgres;
    this.nats = nats;
    this.#settings = settings;
  }

  /** `sync: false`: for tests that pull no plug. */
  static async make(
    domain: string,
    names: readonly string[],
    settings: readonly string[] = [],
    { sync = true } = {},
  ): Promise<ClusterUnderTest> {
    const nats = new PrivateNats(await freePort());
    await nats.start();
    const cluster = new ClusterUnderTest(domain, PrivatePostgres.start({ sync }), nats, settings);
    for (const name of names) await cluster.add(name);
    return cluster;
  }

  /** A node that is not started yet. */
  async add(name: string): Promise<NodeUnderTest> {
    const node = await NodeUnderTest.make(this.domain, [
      `storage.url=${this.postgres.url}`,
      `cluster.nats=${this.nats.url}`,
      `cluster.node=${name}`,
      ...this.#settings,
    ]);
    this.nodes.push(node);
    return node;
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.start();
  }

  async remove(): Promise<void> {
    for (const node of this.nodes) await node.remove();
    await this.nats.stop();
    this.postgres.remove();
  }
}
