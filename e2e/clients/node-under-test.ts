import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
export const PARLEYD =
  process.env['PARLEYD'] ?? join(root, 'dist', 'node', `parleyd-linux-${process.arch === 'arm64' ? 'arm64' : 'x64'}`);

/** below the ports that Linux takes for connections going out (32768 and more): one of those could be taken before we listen */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/** A port of loopback that is free now, and that no connection going out will take. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Connections in a process of their own, as PARLEY_THROUGH=edge has it for every test, over a Unix socket. */
const THROUGH_EDGE = process.env['PARLEY_THROUGH'] === 'edge';
/** what a node knows of an edge's connections, it has to be told itself */
const OF_EDGES =
  /^(?:listen\.(?:c2s|c2s_tls|https|http)|web\.url|limits\.(?!offline_messages|roster_items|blocklist_items|sessions_per_account))/;

/** The executable that ships, in a folder of its own, on ports of loopback. */
export class NodeUnderTest {
  readonly folder: string;
  readonly domain: string;
  readonly port: number;
  readonly tlsPort: number;
  /** for browsers, with TLS */
  readonly webPort: number;
  #child: ChildProcess | undefined;
  #edge: ChildProcess | undefined;
  /** its connections are in a process of their own */
  readonly throughEdge: boolean;
  log = '';

  private constructor(
    folder: string,
    domain: string,
    port: number,
    tlsPort: number,
    webPort: number,
    throughEdge: boolean,
  ) {
    this.throughEdge = throughEdge;
    this.folder = folder;
    this.domain = domain;
    this.port = port;
    this.tlsPort = tlsPort;
    this.webPort = webPort;
  }

  static async make(
    domain = 'example.org',
    settings: readonly string[] = [],
    throughEdge = THROUGH_EDGE,
    more: readonly string[] = [],
  ): Promise<NodeUnderTest> {
    const folder = mkdtempSync(join(tmpdir(), 'parleyd-'));
    const node = new NodeUnderTest(folder, domain, await freePort(), await freePort(), await freePort(), throughEdge);
    const listen = [
      `listen.c2s=127.0.0.1:${node.port}`,
      `listen.c2s_tls=127.0.0.1:${node.tlsPort}`,
      `listen.https=127.0.0.1:${node.webPort}`,
      'auth.iterations=4096',
      ...settings,
    ];
    const sets = (list: readonly string[]) => list.flatMap((setting) => ['--set', setting]);
    if (!throughEdge) {
      node.parleyd(['init', '--domain', domain, ...sets(listen), ...more]);
      return node;
    }
    const own = listen.filter((setting) => !/^(?:listen\.(?!components)|web\.)/.test(setting));
    const off = ['c2s', 'c2s_tls', 'https', 'http'].map((name) => `listen.${name}=off`);
    node.parleyd(['init', '--domain', domain, ...sets([...own, ...off, 'listen.edges=edge.sock']), ...more]);
    const edges = listen.filter((setting) => OF_EDGES.test(setting));
    const certificate = `tls.certificates=${domain}=cert.pem:key.pem`;
    node.parleyd(['edge', 'init', '--core', `${domain}=edge.sock`, ...sets([...edges, certificate])]);
    return node;
  }

  get certificate(): string {
    return join(this.folder, 'cert.pem');
  }

  /** Runs a command of parleyd on this node; throws when it fails, unless told which code to expect. */
  parleyd(args: readonly string[], input = '', expected = 0): string {
    const done = spawnSync(PARLEYD, [...args, '--data', this.folder], { input, encoding: 'utf8', timeout: 60_000 });
    if (done.status !== expected)
      throw new Error(`parleyd ${args.join(' ')} ended with ${done.status}: ${done.stdout}${done.stderr}`);
    return done.stdout + done.stderr;
  }

  async start(): Promise<void> {
    await this.startCore();
    if (this.throughEdge) await this.startEdge();
  }

  async startCore(): Promise<void> {
    this.#child = await this.#spawn(['run'], / serves /);
  }

  async startEdge(): Promise<void> {
    this.#edge = await this.#spawn(['edge', 'run'], /is there/);
  }

  async #spawn(args: readonly string[], ready: RegExp): Promise<ChildProcess> {
    const child = spawn(PARLEYD, [...args, '--data', this.folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (data: Buffer) => {
        this.log += data.toString();
        if (heard.length < 10_000) heard += data.toString();
        if (ready.test(heard)) resolve();
      });
      child.once('exit', (code) => reject(new Error(`parleyd ended with ${code}: ${this.log}`)));
    });
    return child;
  }

  /** Stops the core alone: its edge stays. */
  killCore(signal: NodeJS.Signals): Promise<number | null> {
    return end(this.#child, signal);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Stops it, and its edge first when it has one. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    await end(this.#edge, signal);
    return end(this.#child, signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.#edge?.kill(signal);
    this.#child?.kill(signal);
  }

  /** Waits for a line of the log. */
  async logs(line: RegExp): Promise<void> {
    for (let i = 0; !line.test(this.log); i++) {
      if (i > 100) throw new Error(`the log has no ${line}: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async remove(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  child.kill(signal);
  return ended;
}
