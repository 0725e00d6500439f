import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type NodeUnderTest, PARLEYD } from '../clients/node-under-test.ts';
import type { Relay } from './relay.ts';

/** Debian's libfaketime: it moves the wall clock of a process, and leaves the clock that only goes forward alone. */
export const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find(existsSync);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface NodeStatus {
  readonly nodes: readonly { readonly node: string; readonly state: string; readonly sessions: number }[];
}

/** A node with somebody who starts it again when it ends, as systemd does, unless it is to be down. */
export class ChaosNode {
  readonly name: string;
  readonly base: NodeUnderTest;
  readonly nats: Relay;
  readonly postgres: Relay;
  program = PARLEYD;
  #child: ChildProcess | undefined;
  #wanted = false;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** its wall clock is wrong by so much, seconds; undefined: it runs without what could move it */
  #skew: number | undefined;
  log = '';
  stopped = false;
  readonly exits: string[] = [];

  constructor(name: string, base: NodeUnderTest, nats: Relay, postgres: Relay, skewed: boolean) {
    this.name = name;
    this.base = base;
    this.nats = nats;
    this.postgres = postgres;
    if (skewed && FAKETIME !== undefined) this.skew(0);
  }

  get up(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Keeps it running from now on. */
  start(): void {
    this.#wanted = true;
    if (!this.up) this.#spawn();
  }

  #spawn(): void {
    clearTimeout(this.#again);
    const clock =
      this.#skew === undefined
        ? {}
        : {
            ...{ LD_PRELOAD: FAKETIME, FAKETIME_TIMESTAMP_FILE: join(this.base.folder, 'clock') },
            ...{ DONT_FAKE_MONOTONIC: '1', FAKETIME_CACHE_DURATION: '1' },
          };
    const child = spawn(this.program, ['run', '--data', this.base.folder], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...clock },
    });
    this.#child = child;
    child.stderr.on('data', (data: Buffer) => {
      this.log += data.toString();
    });
    child.once('exit', (code, signal) => {
      this.exits.push(`${signal ?? code}`);
      this.stopped = false;
      if (this.#wanted) this.#again = setTimeout(() => this.#wanted && !this.up && this.#spawn(), 700);
    });
  }

  /** Ends it; it stays down until it is started. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#again);
    const child = this.#child;
    if (child === undefined || !this.up) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    if (this.stopped) child.kill('SIGCONT');
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(killer);
  }

  pause(): void {
    this.stopped = true;
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.stopped = false;
    this.#child?.kill('SIGCONT');
  }

  skew(seconds: number): void {
    this.#skew = seconds;
    writeFileSync(join(this.base.folder, 'clock'), `${seconds < 0 ? '' : '+'}${seconds}s\n`);
  }

  get skewable(): boolean {
    return this.#skew !== undefined;
  }

  /** Asks its admin socket. @throws when nobody answers */
  async call<T>(method: string, params: unknown): Promise<T> {
    const socket = new WebSocket(`ws+unix://${join(this.base.folder, 'admin.sock')}:/`);
    try {
      return await new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${this.name} does not answer ${method}`)), 5000);
        socket.once('error', reject);
        socket.once('open', () => socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
        socket.once('message', (data) => {
          clearTimeout(timer);
          const reply = JSON.parse(String(data)) as { result?: T; error?: { message: string } };
          if (reply.result === undefined) reject(new Error(`${method}: ${reply.error?.message}`));
          else resolve(reply.result);
        });
      });
    } finally {
      socket.close();
    }
  }

  async drain(): Promise<void> {
    await this.call('cluster.drain', { perSecond: 200 });
  }

  async remove(): Promise<void> {
    await this.end('SIGKILL');
    this.nats.close();
    this.postgres.close();
    await sleep(10);
    await this.base.remove();
  }
}
