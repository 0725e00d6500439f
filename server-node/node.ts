import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { StoredCredentials } from './accounts/credentials.ts';
import { LastSeen } from './accounts/last-seen.ts';
import { moduleAccounts } from './accounts/module-accounts.ts';
import { Users } from './accounts/users.ts';
import { openAdminSocket } from './admin/admin-socket.ts';
import { nodeHandlers } from './admin/handlers.ts';
import { NodeReport } from './admin/report.ts';
import type { Config } from './config/keys.ts';
import { digest } from './digest.ts';
import { Edge } from './edge/edge.ts';
import { adminsOf, contactsOf, edgeLimits } from './limits.ts';
import { modules } from './modules/index.ts';
import type { Log } from './observe/log.ts';
import { Router } from './router/router.ts';
import type { Session } from './router/session.ts';
import { openSqliteStores } from './storage/sqlite/sqlite-stores.ts';
import type { StreamCore } from './stream/ports.ts';
import { Identity } from './transport/certificate.ts';
import { connectionsAllowed } from './transport/descriptors.ts';
import { listenHttp } from './transport/http.ts';
import { type BoundListener, listenClients } from './transport/listener.ts';
import { VERSION } from './version.ts';
import { StanzaError } from './xmpp/errors.ts';

export interface Node {
  readonly addresses: readonly { readonly name: 'c2s' | 'c2s_tls' | 'http'; readonly address: string }[];
  /** Reads the certificate again; connections that are open keep the old one. */
  reload(): void;
  /** Tells every client, writes what is in memory, closes the storage. */
  stop(): Promise<void>;
}

/** Starts a node: its lines are the boot order. `folder`: where the configuration's relative paths begin. */
export async function startNode(config: Config, folder: string, log: Log): Promise<Node> {
  const path = (name: string) => resolve(folder, name);
  const now = Date.now;
  const identity = new Identity(path(config['tls.certificate']), path(config['tls.key']));
  const stores = await openSqliteStores(path(config['storage.path']));
  const router = new Router({
    domain: config.domain,
    stores,
    modules,
    version: VERSION,
    limits: {
      offlineMessages: config['limits.offline_messages'],
      rosterItems: config['limits.roster_items'],
      blocklistItems: config['limits.blocklist_items'],
      sessionsPerAccount: config['limits.sessions_per_account'],
    },
    contacts: contactsOf(config),
    admins: adminsOf(config),
    accounts: () => moduleAccounts(users),
    digest,
    now,
    onFault: (error, what) => log.error(`${what} failed`, error),
  });
  const users = new Users({ domain: config.domain, stores, iterations: config['auth.iterations'], router, now });
  const lastSeen = new LastSeen(router, stores, now);
  const credentials = await StoredCredentials.open(stores, config['auth.iterations']);
  const core: StreamCore<Session> = {
    domain: config.domain,
    credentials,
    freshId: () => randomBytes(12).toString('base64url'),
    open: async ({ name, key }, resource, peer, outlet) => {
      if (!(await credentials.stands(name, key)))
        return new StanzaError('not-allowed', 'the account was changed meanwhile');
      return router.open(name, resource, peer, outlet);
    },
    receive: (session, tag, raw) => router.receive(session, tag, raw),
    close: (session) => router.close(session),
  };
  const edge = new Edge(core, edgeLimits(config, connectionsAllowed()), log);
  const listeners: { name: 'c2s' | 'c2s_tls' | 'http'; listener: BoundListener }[] = [];
  const addresses = () => listeners.map(({ name, listener }) => ({ name, address: listener.address }));
  const report = new NodeReport({
    config,
    path,
    identity,
    stores,
    router,
    edge,
    version: VERSION,
    startedAt: now(),
    addresses,
  });

  const door = await openAdminSocket(
    path(config['admin.socket']),
    nodeHandlers({
      version: VERSION,
      users,
      router,
      log,
      status: () => report.status(),
      metricsText: () => report.metrics(),
      changed: () => report.changed(),
    }),
    () => report.metrics(),
    (error) => log.error('an admin request failed', error),
  );
  report.publishTo(door.connections, log);
  const close = async () => {
    report.stop();
    for (const { listener } of listeners) listener.close();
    edge.shutdown();
    await new Promise((done) => setTimeout(done, 100)); // the farewells leave
    await lastSeen.write();
    door.close();
    await stores.close();
  };
  const open = async (name: 'c2s' | 'c2s_tls' | 'http', listen: (address: string) => Promise<BoundListener>) => {
    if (config[`listen.${name}`] !== 'off') listeners.push({ name, listener: await listen(config[`listen.${name}`]) });
  };
  try {
    await open('c2s', (address) => listenClients(address, edge, identity, false));
    await open('c2s_tls', (address) => listenClients(address, edge, identity, true));
    await open('http', (address) => listenHttp(address, () => report.metrics()));
  } catch (error) {
    await close();
    throw error;
  }
  const keeping = setInterval(
    () => void lastSeen.write().catch((error: unknown) => log.error('times of last visits were not written', error)),
    30_000,
  );

  return {
    addresses: addresses(),
    reload() {
      identity.reload();
    },
    async stop() {
      clearInterval(keeping);
      await close();
    },
  };
}
