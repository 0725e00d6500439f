import { readFileSync } from 'node:fs';
import { type Authenticator, connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { Log } from '../observe/log.ts';
import type { Bus } from './bus.ts';

export interface NatsOptions {
  /** nats://host:4222 or tls://host:4222, one or several of one NATS cluster; a user may stand before the host */
  readonly urls: readonly string[];
  /** files: the user's password, or NATS credentials (.creds) */
  readonly passwordFile?: string | undefined;
  readonly credentialsFile?: string | undefined;
  /** files, PEM: who may sign the server's certificate; our own certificate and key, when the server asks for one */
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly name: string;
}

/** a datagram is no larger, whatever the server allows: one that is lost is sent again whole */
const MOST_DATAGRAM = 262_144;
const RECONNECT_MS = 500;
// A server whose machine lost its power says nothing: it is missed before links to other nodes run out of patience, and another is
// asked (three pings, then a connection that may take two seconds).
const PING_MS = 1000;
const CONNECT_MS = 2000;

/** NATS (core, without JetStream) as the bus of a cluster. */
export class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  #connected = true;
  #closed = false;
  readonly counters = { published: 0, bytes: 0, dropped: 0, reconnects: 0 };

  private constructor(connection: NatsConnection, log: Log) {
    this.#connection = connection;
    void this.#watch(log);
  }

  /** @throws Error in words when no server can be reached or all refuse us */
  static async connect(options: NatsOptions, log: Log): Promise<NatsBus> {
    const user = options.urls.map((url) => new URL(url).username).find((name) => name !== '');
    const tls = options.ca !== undefined || options.urls.some((url) => url.startsWith('tls:'));
    const read = (file: string) => readFileSync(file, 'utf8');
    const login: { user?: string; pass?: string; authenticator?: Authenticator } = {};
    if (options.credentialsFile !== undefined)
      login.authenticator = credsAuthenticator(() => readFileSync(options.credentialsFile as string));
    else if (user !== undefined) {
      login.user = decodeURIComponent(user);
      login.pass = options.passwordFile === undefined ? '' : read(options.passwordFile).replace(/\r?\n$/, '');
    }
    const connection = await connect({
      servers: options.urls.map((url) => new URL(url).host),
      name: options.name,
      ...login,
      ...(tls
        ? {
            tls: {
              ...(options.ca === undefined ? {} : { ca: read(options.ca) }),
              ...(options.certificate === undefined ? {} : { cert: read(options.certificate) }),
              ...(options.key === undefined ? {} : { key: read(options.key) }),
            },
          }
        : {}),
      noEcho: true, // what one says oneself is no news
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
      timeout: CONNECT_MS,
    });
    return new NatsBus(connection, log);
  }

  get most(): number {
    return Math.min(this.#connection.info?.max_payload ?? MOST_DATAGRAM, MOST_DATAGRAM);
  }

  get connected(): boolean {
    return this.#connected && !this.#closed;
  }

  /** the server we are connected to: address and version */
  get server(): { readonly address: string; readonly version: string } {
    return { address: this.#connection.getServer(), version: this.#connection.info?.version ?? '' };
  }

  publish(subject: string, data: Uint8Array): void {
    // what waits for a server that is away would come too late, beside its own repetition; and what a link has on its way is
    // bounded, so that a server that does not read fills no memory
    if (!this.connected) {
      this.counters.dropped++;
      return;
    }
    this.counters.published++;
    this.counters.bytes += data.length;
    try {
      this.#connection.publish(subject, data);
    } catch {
      this.counters.dropped++;
    }
  }

  subscribe(subject: string, take: (data: Uint8Array) => void): void {
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) take(message.data);
      },
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    // what was published before has left when this resolves, unless the server is away
    await Promise.race([this.#connection.drain(), new Promise((resolve) => setTimeout(resolve, 500))]).catch(
      () => undefined,
    );
    await this.#connection.close().catch(() => undefined);
  }

  async #watch(log: Log): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect') {
        this.#connected = false;
        log.warn('NATS is out of reach: other nodes are not heard until it is back');
      } else if (status.type === 'reconnect') {
        this.counters.reconnects++;
        this.#connected = true;
        log.info(`NATS is there again (${this.#connection.getServer()})`);
      } else if (status.type === 'error' || status.type === 'slowConsumer') {
        log.warn(
          `NATS: ${status.type === 'error' ? status.error.message : 'we read too slowly, and lose what it sends'}`,
        );
      }
    }
  }
}
