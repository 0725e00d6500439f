import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { freePort, PARLEYD } from './node-under-test.ts';

/** What `parleyd edge status` says. */
export interface EdgeStatus {
  readonly connections: number;
  readonly domains: readonly {
    readonly domain: string;
    readonly sessions: number;
    readonly withoutCore: number;
    readonly losses: number;
    readonly cores: readonly { readonly address: string; readonly connected: boolean; readonly sessions: number }[];
  }[];
}

/** An edge of the executable that ships, in a folder of its own, on ports of loopback. */
export class EdgeUnderTest {
  readonly program = PARLEYD;
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  #child: ChildProcess | undefined;
  log = '';

  private constructor(folder: string, port: number, tlsPort: number) {
    this.folder = folder;
    this.port = port;
    this.tlsPort = tlsPort;
  }

  static async make(folder: string, cores: readonly string[], settings: readonly string[]): Promise<EdgeUnderTest> {
    const edge = new EdgeUnderTest(folder, await freePort(), await freePort());
    const sets = [`listen.c2s=127.0.0.1:${edge.port}`, `listen.c2s_tls=127.0.0.1:${edge.tlsPort}`, ...settings];
    const args = [...cores.flatMap((core) => ['--core', core]), ...sets.flatMap((setting) => ['--set', setting])];
    const made = spawnSync(PARLEYD, ['edge', 'init', '--data', folder, ...args], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`no edge was made: ${made.stdout}${made.stderr}`);
    return edge;
  }

  /** Starts it, and waits for that many cores. */
  async start(cores: number): Promise<void> {
    const child = spawn(PARLEYD, ['edge', 'run', '--data', this.folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let heard = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (data: Buffer) => {
        this.log += data.toString();
        heard += data.toString();
        if (/ serves /.test(heard) && (heard.match(/is there/g)?.length ?? 0) >= cores) resolve();
      });
      child.once('exit', (code) => reject(new Error(`the edge ended with ${code}: ${this.log}`)));
    });
  }

  status(): EdgeStatus {
    return JSON.parse(
      execFileSync(PARLEYD, ['edge', 'status', '--data', this.folder], { encoding: 'utf8' }),
    ) as EdgeStatus;
  }

  /** Prometheus text. */
  metrics(): Promise<string> {
    const socketPath = join(this.folder, 'edge-admin.sock');
    return new Promise((resolve, reject) => {
      get({ socketPath, path: '/metrics' }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          text += data.toString();
        });
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
  }

  async until(done: () => boolean): Promise<void> {
    for (let i = 0; !done(); i++) {
      if (i > 100) throw new Error(`it does not come to that: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** What `parleyd edge check` says, well or not. */
  check(): string {
    return spawnSync(PARLEYD, ['edge', 'check', '--data', this.folder], { encoding: 'utf8' }).stdout;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}
