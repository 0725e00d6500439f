import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort, NodeUnderTest } from '../clients/node-under-test.ts';
import { RawClient } from '../clients/raw-client.ts';

export const DOMAIN = 'example.org';
export const HEADER = `<stream:stream to='${DOMAIN}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
export const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
export const PASSWORD = 'secret';
/** who sees the attacker's presence */
export const AUDIENCE = 60;
/** where attackers come from; bystanders come from 127.0.0.1 */
export const BAD = '127.0.66.1';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const count = (text: string, what: RegExp): number => (text.match(what) ?? []).length;

/** A node with its limits as they are when nobody says, held to them on this machine as well; logins have 4 s, not 30. */
export class Target {
  readonly node: NodeUnderTest;
  readonly httpPort: number;

  private constructor(node: NodeUnderTest, httpPort: number) {
    this.node = node;
    this.httpPort = httpPort;
  }

  static async make(more: readonly string[] = []): Promise<Target> {
    const http = await freePort();
    const node = await NodeUnderTest.make(DOMAIN, [
      'limits.trust_loopback=false',
      'limits.login_seconds=4',
      `listen.http=127.0.0.1:${http}`,
      ...more,
    ]);
    const names = ['anna', 'bert', 'carla', 'mallory', 'sleeper'];
    for (let i = 0; i < AUDIENCE; i++) names.push(`fan${i}`);
    const list = join(node.folder, 'people.csv');
    writeFileSync(list, names.map((name) => `${name},${PASSWORD}`).join('\n'));
    node.parleyd(['user', 'import', list]);
    await node.start();
    return new Target(node, http);
  }

  login(name: string, from = '127.0.0.1'): Promise<RawClient> {
    return RawClient.login(this.node.port, DOMAIN, name, PASSWORD, from);
  }

  open(from = BAD): RawClient {
    return RawClient.connect(this.node.port, from);
  }

  socket(port: number, from = BAD): Socket {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    socket.on('error', () => {});
    return socket;
  }

  /** A number of /metrics; several with one name and reasons as `name{why="…"}`. */
  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.httpPort}/metrics`, { headers: { connection: 'close' } });
    const line = (await answer.text()).split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1) ?? Number.NaN);
  }

  refused(why: string): Promise<number> {
    return this.metric(`parleyd_refused_total{why="${why}"}`);
  }

  slowed(why: string): Promise<number> {
    return this.metric(`parleyd_slowed_total{why="${why}"}`);
  }

  /** what the server has used of the processor, seconds */
  get cpu(): number {
    const fields = readFileSync(`/proc/${this.node.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** its resident memory, bytes */
  get memory(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.node.pid}/status`, 'utf8'))?.[1]) * 1024;
  }
}

/** What came of an attack. */
export interface Outcome {
  /** what the attacker got */
  readonly got: string;
  /** that is no more than it may */
  readonly held: boolean;
}

export interface Attack {
  readonly name: string;
  /** Attacks for so long, seconds. */
  run(target: Target, seconds: number): Promise<Outcome>;
}
