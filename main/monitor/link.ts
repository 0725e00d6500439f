import type { Duplex } from 'node:stream';
import type { Health } from '../../shared/console-api/domains.ts';
import { type Fault, faultOf, ParleyError } from '../../shared/errors.ts';
import type { Host } from '../ssh/host.ts';
import { type Command, sh } from '../ssh/shell.ts';
import { healthOf, stateOf, waitsForOperator } from './health.ts';
import { type NodeClient, type NodeEvent, openNodeClient } from './node-client.ts';
import { Snapshot } from './snapshot.ts';

/** How a node is reached from its host. */
export interface Reach {
  readonly adminSocket: string;
  /** `parleyd pipe`, for a user who can't open the socket */
  readonly pipe: Command;
}

export interface LinkDeps {
  readonly connect: (signal: AbortSignal) => Promise<Host>;
  readonly reach: () => Reach;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onReset: (snapshot: Snapshot) => void;
  readonly onHealth: (health: Health) => void;
}

const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/** The one connection to a domain's node: made anew when it is lost, for as long as the domain is watched. */
export class Link {
  readonly snapshot = new Snapshot();
  readonly #deps: LinkDeps;
  readonly #stop = new AbortController();
  #health: Health = { state: 'unknown', since: Date.now(), asOf: null, problem: null };
  #client: Promise<NodeClient> | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  get health(): Health {
    return { ...this.#health, asOf: this.snapshot.asOf };
  }

  get live(): boolean {
    return this.#health.state === 'well' || this.#health.state === 'warning';
  }

  /** The open link, or a new attempt. @throws ParleyError: why there is none */
  client(): Promise<NodeClient> {
    clearTimeout(this.#timer);
    this.#client ??= this.#open();
    return this.#client;
  }

  /** Keeps it open from now on. */
  watch(): void {
    this.client().catch(() => undefined);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#client?.then(
      (it) => it.close(),
      () => undefined,
    );
  }

  async #open(): Promise<NodeClient> {
    if (this.#health.state === 'unknown') this.#become('connecting', null);
    try {
      const host = await this.#deps.connect(this.#stop.signal);
      const client = await openNodeClient(await this.#stream(host), (event) => this.#take(event));
      client.closed.then((reason) => this.#lost(reason));
      await client.call('subscribe', { to: ['sessions', 'log', 'status'] });
      await this.#refill(client);
      this.#failures = 0;
      return client;
    } catch (error) {
      this.#lost(faultOf(error));
      throw error;
    }
  }

  /** Root opens the socket through the SSH connection itself; anybody else, and where that is forbidden, asks parleyd. */
  async #stream(host: Host): Promise<Duplex> {
    const { adminSocket, pipe } = this.#deps.reach();
    const signal = this.#stop.signal;
    if (host.kind === 'local') return host.openSocket(adminSocket, signal).catch(notThere);
    const rights = await host.rights(signal);
    const there = await host.exec(sh`[ -S ${adminSocket} ]`, { root: true, signal });
    if (there.code !== 0) throw nodeDown(`There is no ${adminSocket}.`);
    if (rights === 'root') {
      const direct = await host.openSocket(adminSocket, signal).catch(() => undefined);
      if (direct !== undefined) return direct;
    }
    return host.openProgram(pipe, { root: true, signal });
  }

  async #refill(client: NodeClient): Promise<void> {
    const sessions = [];
    for (let after = ''; ; ) {
      const page = await client.call('sessions.list', { limit: 1000, after });
      sessions.push(...page.sessions);
      after = page.sessions.at(-1)?.jid ?? '';
      if (page.sessions.length < 1000) break;
    }
    const { lines } = await client.call('log.tail', { lines: 200 });
    const status = await client.call('status', {});
    this.snapshot.reset(status, sessions, lines);
    this.#become(healthOf(status, Date.now()).state, healthOf(status, Date.now()).problem);
    this.#deps.onReset(this.snapshot);
  }

  #take(event: NodeEvent): void {
    this.snapshot.take(event);
    if (event.name === 'status') {
      const { state, problem } = healthOf(event.data, Date.now());
      if (this.live) this.#become(state, problem);
    }
    this.#deps.onEvent(event);
  }

  #lost(fault: Fault): void {
    if (this.#stop.signal.aborted) return;
    this.#client = undefined;
    this.#become(stateOf(fault), { code: fault.code, what: fault.what, why: fault.why, todo: fault.todo });
    if (waitsForOperator(fault)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.watch(), BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)]);
  }

  #become(state: Health['state'], problem: Health['problem']): void {
    const same = this.#health.state === state && this.#health.problem?.what === problem?.what;
    if (same) return;
    this.#health = {
      state,
      problem,
      since: this.#health.state === state ? this.#health.since : Date.now(),
      asOf: null,
    };
    this.#deps.onHealth(this.health);
  }
}

function notThere(error: unknown): never {
  throw nodeDown(faultOf(error).why);
}

const nodeDown = (why: string) =>
  new ParleyError({
    code: 'node-down',
    what: 'The host answers, but parleyd does not.',
    why,
    todo: 'See why on the host (journalctl -u "parleyd-*"), or provision again: it starts what is stopped.',
  });
