import type { Log } from '../observe/log.ts';
import { Lifelines } from '../stream/lifelines.ts';
import type { StreamCore } from '../stream/ports.ts';
import type { Jid } from '../xmpp/jid.ts';
import { Connection, type ConnectionInfo, type Transport } from './connection.ts';
import type { EdgeLimits } from './limits.ts';

/** All connections of a node: who may come, how long one may take, and their end. */
export class Edge<S extends { readonly jid: Jid }> {
  readonly #core: StreamCore<S>;
  readonly limits: EdgeLimits;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #connections = new Set<Connection<S>>();
  readonly #strangers = new Set<Connection<S>>();
  /** the sessions under stream management, connected or waiting for their client */
  readonly lines: Lifelines<S>;
  readonly #byAddress = new Map<string, number>();
  readonly #sweep: ReturnType<typeof setInterval>;
  refused = 0;

  constructor(core: StreamCore<S>, limits: EdgeLimits, log: Log, now: () => number = Date.now) {
    this.#core = core;
    this.limits = limits;
    this.#log = log;
    this.#now = now;
    this.lines = new Lifelines(limits.lines);
    this.#sweep = setInterval(() => this.sweep(), 1000);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Whether one more connection from that host is welcome. */
  admits(host: string, loopback: boolean): boolean {
    const room = this.#connections.size < this.limits.connections;
    if (room && (loopback || (this.#byAddress.get(host) ?? 0) < this.limits.perAddress)) return true;
    this.refused++;
    return false;
  }

  /** Takes a socket; the answer is called when it is gone. */
  accept(host: string, socket: Transport, info: ConnectionInfo): { readonly connection: Connection<S>; lost(): void } {
    const connection = new Connection(socket, info, this.#core, this.lines, this.limits, this.#log, this.#now);
    this.#connections.add(connection);
    this.#strangers.add(connection);
    this.#byAddress.set(host, (this.#byAddress.get(host) ?? 0) + 1);
    const lost = () => {
      if (!this.#connections.delete(connection)) return;
      this.#strangers.delete(connection);
      const left = (this.#byAddress.get(host) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(host);
      else this.#byAddress.set(host, left);
      connection.lost();
    };
    return { connection, lost };
  }

  /** Ends connections that have not logged in in time, and sessions nobody came back to; called every second. */
  sweep(): void {
    this.lines.sweep();
    const oldest = this.#now() - this.limits.loginMs;
    for (const connection of this.#strangers) {
      if (connection.bound) this.#strangers.delete(connection);
      else if (connection.startedAt < oldest) {
        this.#strangers.delete(connection);
        connection.end('connection-timeout', 'the login took too long');
      }
    }
  }

  /** Tells every client that the server stops. */
  shutdown(): void {
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.end('system-shutdown');
  }
}
