import type { Log } from '../observe/log.ts';
import { refusals, slowings } from '../observe/refusals.ts';
import { Lifelines, type StreamDomain } from '../stream/lifelines.ts';
import type { StreamCore } from '../stream/ports.ts';
import type { Jid } from '../xmpp/jid.ts';
import { Admission } from './admission.ts';
import { Connection, type ConnectionInfo, type Transport } from './connection.ts';
import type { EdgeLimits } from './limits.ts';
import { networkOf } from './network.ts';

/** All connections of a node: who may come, how long one may take, and their end. */
export class Edge<S extends { readonly jid: Jid }> {
  readonly #core: StreamCore<S>;
  readonly limits: EdgeLimits;
  readonly #log: Log;
  readonly #now: () => number;
  /** what is allowed in a time is counted by a clock that nobody sets */
  readonly #clock: () => number;
  readonly #connections = new Set<Connection<S>>();
  readonly #strangers = new Set<Connection<S>>();
  /** the sessions under stream management, connected or waiting for their client */
  readonly lines: Lifelines<S>;
  readonly domains: ReadonlyMap<string, StreamDomain<S>>;
  readonly #admission: Admission;
  readonly #sweep: ReturnType<typeof setInterval>;
  readonly refusals = refusals();
  readonly slowings = slowings();

  /** `core`: of the domain that streams are for which name none; `others`: of further domains behind the same doors */
  constructor(
    core: StreamCore<S>,
    limits: EdgeLimits,
    log: Log,
    now: () => number = Date.now,
    others: readonly StreamCore<S>[] = [],
  ) {
    this.#core = core;
    this.limits = limits;
    this.#log = log;
    this.#now = now;
    this.#clock = core.clock ?? now;
    this.lines = new Lifelines(limits.lines);
    this.domains = new Map([
      [core.domain, { core, lines: this.lines }],
      ...others.map((other) => [other.domain, { core: other, lines: new Lifelines<S>(limits.lines) }] as const),
    ]);
    this.#admission = new Admission(limits, this.refusals, this.#clock);
    this.#sweep = setInterval(() => this.sweep(), 1000);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Where a host is, as limits count; undefined when it is trusted. */
  networkOf(host: string, loopback: boolean): string | undefined {
    return loopback && this.limits.trustLoopback ? undefined : networkOf(host);
  }

  /** Whether one more connection from that host is welcome; `beside`: sockets of the caller's that are none yet. */
  admits(host: string, loopback: boolean, beside?: { readonly all: number; readonly same: number }): boolean {
    return this.#admission.admits(this.networkOf(host, loopback), beside);
  }

  /** Takes a socket; the answer is called when it is gone. */
  accept(host: string, socket: Transport, info: ConnectionInfo): { readonly connection: Connection<S>; lost(): void } {
    const network = this.networkOf(host, info.loopback);
    const connection = new Connection(socket, info, this.#core, this, this.#log, this.#now);
    this.#connections.add(connection);
    this.#strangers.add(connection);
    this.#admission.came(network);
    const lost = () => {
      if (!this.#connections.delete(connection)) return;
      this.#admission.left(network, this.#strangers.delete(connection));
      connection.lost();
    };
    return { connection, lost };
  }

  /** Ends connections that have not logged in in time, and sessions nobody came back to; called every second. */
  sweep(): void {
    for (const { lines } of this.domains.values()) lines.sweep();
    const oldest = this.#clock() - this.limits.loginMs;
    for (const connection of this.#strangers) {
      if (connection.bound) {
        this.#strangers.delete(connection);
        this.#admission.known(connection.network);
      } else if (connection.startedAt < oldest) {
        this.#strangers.delete(connection);
        this.#admission.known(connection.network);
        this.refusals.add('login_time');
        connection.end('connection-timeout', 'the login took too long');
      }
    }
  }

  /**
   * Sends everybody elsewhere, so many a second: to an address that `where` answers, or away without one. Sessions that
   * can be resumed wait for that. Resolves when all connections have been told, or it was called off.
   */
  async moveOut(perSecond: number, where: () => string | undefined, signal?: AbortSignal): Promise<void> {
    const each = Math.max(1, Math.round(perSecond / 10));
    const told = new WeakSet<Connection<S>>();
    for (;;) {
      const next = [...this.#connections].filter((connection) => !told.has(connection)).slice(0, each);
      if (next.length === 0 || signal?.aborted) return;
      for (const connection of next) {
        told.add(connection);
        const address = where();
        if (address === undefined) connection.end('system-shutdown', 'this server is about to stop');
        else connection.end('see-other-host', undefined, address);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Lets the clients of a domain go; sessions that can be resumed wait for them. */
  letGo(domain: string, text: string): void {
    for (const connection of this.#connections)
      if (connection.domain === domain) connection.end('connection-timeout', text);
  }

  /** Tells every client that the server stops. */
  shutdown(): void {
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.end('system-shutdown');
  }
}
