import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ParleyError } from '../shared/errors.ts';
import { clientsOf } from './accounts/clients.ts';
import { StoredCredentials } from './accounts/credentials.ts';
import { LastSeen } from './accounts/last-seen.ts';
import { PasswordGuard } from './accounts/login-guard.ts';
import { moduleAccounts } from './accounts/module-accounts.ts';
import { KeyUpgrades, surveyKeys } from './accounts/upgrades.ts';
import { Users } from './accounts/users.ts';
import { openAdminSocket } from './admin/admin-socket.ts';
import { nodeHandlers } from './admin/handlers.ts';
import { NodeReport } from './admin/report.ts';
import type { Config } from './config/keys.ts';
import { EdgeDesk } from './desk/desk.ts';
import { deskCore } from './desk/desk-core.ts';
import type { Departure } from './desk/handover.ts';
import { Handovers } from './desk/handovers.ts';
import { digest } from './digest.ts';
import { ComponentConnection } from './edge/component-connection.ts';
import { Edge } from './edge/edge.ts';
import { adminsOf, contactsOf, deskLimits, edgeLimits, guardLimits } from './limits.ts';
import type { Pipe } from './link/link.ts';
import { modules } from './modules/index.ts';
import { isClustered, NodeCluster, runOf } from './node-cluster.ts';
import type { Log } from './observe/log.ts';
import { Outages } from './observe/outages.ts';
import { Router } from './router/router.ts';
import type { Session, View } from './router/session.ts';
import { Claims } from './sessions/claims.ts';
import { componentCore, componentSecrets } from './sessions/components.ts';
import { Continuity } from './sessions/continuity.ts';
import { type PackedSession, packSession, unpackSession } from './sessions/packed-session.ts';
import { Safekeeping } from './sessions/safekeeping.ts';
import { SecondTime } from './sessions/second-time.ts';
import { kindOf, openStores, placeOf } from './storage/open.ts';
import { StorageError } from './storage/stores.ts';
import type { PackedLine } from './stream/lifeline.ts';
import type { StreamCore } from './stream/ports.ts';
import { Identity } from './transport/certificate.ts';
import { connectionsAllowed } from './transport/descriptors.ts';
import { type DoorName, Doors } from './transport/doors.ts';
import { isUnixPath, listenEdgesLocal, listenEdgesSecurely } from './transport/link-socket.ts';
import { type BoundListener, listenClients, listenComponents, listenHttp, listenHttps } from './transport/listener.ts';
import { WebDoor } from './transport/web/web-door.ts';
import { VERSION } from './version.ts';
import { StanzaError } from './xmpp/errors.ts';
import { Jid } from './xmpp/jid.ts';

export interface Node {
  readonly addresses: readonly { readonly name: DoorName; readonly address: string }[];
  /** Reads the certificate again; connections that are open keep the old one. */
  reload(): void;
  /** Tells every client, writes what is in memory, closes the storage. */
  stop(): Promise<void>;
}

/**
 * Starts a node: its lines are the boot order. `folder`: where the configuration's relative paths begin; `onLost`: the
 * others of its cluster take it for dead, or soon will: it must serve nobody any more.
 */
export async function startNode(
  config: Config,
  folder: string,
  log: Log,
  onLost: (why: string) => void = () => {},
): Promise<Node> {
  const path = (name: string) => resolve(folder, name);
  const now = Date.now;
  /** one that only goes forward, and that nobody sets */
  const clock = () => performance.now();
  const authorities = config['tls.client_authorities'];
  const identity = new Identity(
    path(config['tls.certificate']),
    path(config['tls.key']),
    authorities === 'off' ? undefined : path(authorities),
  );
  const stores = await openStores(config, path, {
    onLost: (error) => log.warn(`a connection to the database was lost: ${error.message}`),
  });
  const outages = new Outages(log, clock);
  const fault = (what: string, error: unknown) =>
    error instanceof StorageError && error.unavailable ? outages.tell(what, error) : log.error(what, error);
  const secrets = componentSecrets(config['components.secrets']);
  const run = isClustered(config) ? runOf(config) : '';
  const unkept = (error: unknown) => fault('an unacknowledged message was not kept', error);
  const safe = new Safekeeping(stores, now(), unkept, run);
  const cluster: NodeCluster | undefined = isClustered(config)
    ? await NodeCluster.connect({
        config,
        path,
        log,
        stores,
        safe,
        run,
        router: () => router,
        continuity: () => ({
          adopt: (of) =>
            continuity.adopt(
              of,
              (id) => edge.lines.has(id),
              (line) => edge.lines.add(line),
            ),
          left: (of) => continuity.left(of),
          giveBack: (left, elsewhere) => continuity.giveBack(left, elsewhere),
          holds: (message) => second.holds(message.bytes) || cluster?.tookOver(message) === true,
          // edges of a core that died may hold what it had on disk, and need a while to come to another
          graceMs: desk === undefined ? 0 : config['edge.grace_seconds'] * 1000,
          release: (id, account) => release(id, account),
          letGo: (departure) => handovers.release(departure as Departure),
          takeIn: (packed) => edge.lines.takeIn(packed as PackedLine, core, now),
        }),
        onLost,
      })
    : undefined;
  const router: Router = new Router({
    others: cluster?.cluster,
    components: [...secrets.keys()],
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
    onFault: (error, what) => fault(`${what} failed`, error),
  });
  const iterations = config['auth.iterations'];
  const clients = clientsOf(config, stores, now);
  const users: Users = new Users({ domain: config.domain, stores, iterations, clients, router, now });
  const lastSeen = new LastSeen(router, stores, now);
  const survey = await surveyKeys(stores);
  const credentials = await StoredCredentials.open(stores, iterations, survey);
  const guard = new PasswordGuard({ ...guardLimits(config), now: clock, refused: () => edge.refusals.add('guessing') });
  const core: StreamCore<Session> = {
    domain: config.domain,
    credentials,
    guard,
    clients,
    upgrades: await KeyUpgrades.open(stores, iterations, survey),
    plain: config['auth.plain'],
    strictBinding: config['auth.strict_binding'],
    clock,
    freshId: () => randomBytes(12).toString('base64url'),
    stableId: (name, agent) => credentials.stableId(name, agent),
    features: () => router.streamFeatures(),
    stands: ({ name, proof }) => credentials.stands(name, proof),
    outage: (error) => {
      if (!(error instanceof StorageError)) return false;
      fault('a login could not be checked', error);
      return true;
    },
    open: async ({ name, proof }, resource, peer, outlet) => {
      try {
        // both are asked for at once: a database elsewhere answers them together
        const [stands] = await Promise.all([credentials.stands(name, proof), router.blocklists.of(name)]);
        if (!stands) return new StanzaError('not-allowed', 'the account was changed meanwhile');
        return await router.open(name, resource, peer, outlet);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        fault('a resource could not be bound', error);
        return new StanzaError('resource-constraint', 'the server can look up nothing now'); // RFC 6120 §7.7.2.1
      }
    },
    receive: (session, tag, raw) => router.receive(session, tag, raw),
    moved: (session, peer) => {
      session.peer = peer;
    },
    carbons: (session) => {
      session.carbons = true;
    },
    close: (session) => router.close(session),
    undelivered: ({ jid }, stanzas) =>
      router.undelivered(jid, stanzas).catch((error: unknown) => fault('unacknowledged stanzas are lost', error)),
    safe: cluster?.safe() ?? safe,
    ...(cluster === undefined
      ? {}
      : {
          fetch: (id, account) => cluster.cluster.fetch(id, account),
          fetched: (id) => cluster.cluster.fetched(id),
          takeIn: (line) => edge.lines.takeIn(line as PackedLine, core, now),
          parked: (id, line) => continuity.park(id, line as PackedLine),
          unparked: (id) => continuity.unpark(id),
        }),
    pack: packSession,
    view: (session) => (cluster === undefined ? undefined : router.view(session)),
    unpack: async (packed, outlet, view) => {
      const session = unpackSession(packed as PackedSession, outlet);
      if (session === undefined || (await credentials.state(session.jid.local)) !== 'active') return undefined;
      if (!(await router.restore(session))) return undefined;
      // when other nodes know that it is here: what they say from then on comes here
      if (cluster !== undefined)
        void cluster.cluster
          .informed()
          .then(() => router.hooks.run('session-arrived', { session, view: view as View | undefined }))
          .catch((error: unknown) => fault('who is there was not shown to a session that came', error));
      return session;
    },
    stray: (account, stanzas) =>
      router
        .undelivered(new Jid(account, config.domain), stanzas)
        .catch((error: unknown) => fault('unacknowledged stanzas are lost', error)),
  };
  const limits = edgeLimits(config, connectionsAllowed());
  const edge: Edge<Session> = new Edge(core, limits, log);
  const continuity = new Continuity({ stores, router, safe, core, limits: limits.lines, now, owner: run });
  /** Gives a session away to another node, with what it has not acknowledged. */
  const release = async (id: string, account: string): Promise<PackedLine | undefined> => {
    const line = edge.lines.find(id, account);
    if (line === undefined || typeof line === 'number') return undefined;
    await line.settle();
    await cluster?.cluster.informed(); // what it sent before goes before what it sends from there
    const { session } = line;
    let moved: Promise<void> | undefined;
    const packed = await line.release(
      ({ waiting }) => {
        cluster?.cluster.forget(waiting.flatMap(({ key }) => key ?? []));
        moved = router.moveAway(session);
        cluster?.cluster.went(session);
      },
      cluster && ((stanza, receipt) => cluster.cluster.transit.lend(session.jid, stanza, receipt)),
    );
    await moved;
    return packed;
  };
  const handovers = new Handovers({
    sessions: router.sessions,
    elsewhere: cluster && ((holder, departure) => cluster.cluster.letGo(holder, departure)),
  });
  const { lines, left } = cluster === undefined ? await continuity.restore() : { lines: [], left: [] };
  for (const line of lines) edge.lines.add(line);
  const second = new SecondTime(stores, config.domain, (name) => router.sessions.of(name).length > 0);
  const desk =
    config['listen.edges'] === 'off'
      ? undefined
      : new EdgeDesk({
          core: deskCore(core, second, {
            id: randomBytes(12).toString('base64url'),
            now,
            claimSession: (departure, after) => handovers.claim(departure, after),
            informed: async () => cluster?.cluster.informed(),
            moveAway: (session) => {
              const moved = router.moveAway(session);
              cluster?.cluster.went(session);
              return moved;
            },
            forget: (key) => cluster?.cluster.forget([key]),
            arrived: ({ jid }) => void router.hooks.run('messages-waiting', { name: jid.local }),
          }),
          log,
          ...deskLimits(config),
        });
  const claims = new Claims(safe, left);
  const giveBack = async () => {
    second.end();
    await continuity.giveBack(claims.rest());
  };
  if (desk === undefined) await giveBack();
  else second.begin(claims);
  const grace =
    desk === undefined
      ? undefined
      : setTimeout(
          () =>
            void giveBack().catch((error: unknown) => log.error('what a killed node left was not given back', error)),
          config['edge.grace_seconds'] * 1000,
        );
  await cluster?.start();
  const doors = new Doors();
  const report = new NodeReport({
    config,
    storage: { kind: kindOf(config), path: placeOf(config, path) },
    identity,
    stores,
    router,
    edge,
    guard,
    cluster,
    desk,
    version: VERSION,
    startedAt: now(),
    addresses: () => doors.addresses(),
  });

  const web = new WebDoor({
    domain: config.domain,
    edge,
    metrics: () => report.metrics(),
    publicBase: () => publicBase(config, doors.addresses()),
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
      drain: (perSecond) => drain(perSecond),
      undrain: () => undrain(),
    }),
    () => report.metrics(),
    (error) => log.error('an admin request failed', error),
  );
  report.publishTo(door.connections, log);
  let moving = new AbortController();
  let stopping = false;
  /** Lets nobody in any more, and sends all who are here to the other nodes. Answers how many are to go. */
  const drain = async (perSecond: number): Promise<number> => {
    if (cluster === undefined || cluster.alone) {
      throw new ParleyError({
        code: 'alone',
        what: 'This node can send its people nowhere.',
        why: 'No other node of its domain is there that takes them in.',
        todo: 'Start another node first, or stop this one: its people then come back to it.',
      });
    }
    doors.close();
    cluster.cluster.draining = true;
    moving.abort(); // asked for once more, it is done anew
    moving = new AbortController();
    const { size } = router.sessions;
    const { signal } = moving;
    log.info(`${size} sessions are sent to other nodes, ${perSecond} a second`);
    void edge
      .moveOut(perSecond, () => cluster.elsewhere(), signal)
      .then(() => signal.aborted || log.info('all have been sent elsewhere'));
    return size;
  };
  /** Takes people in again. Answers whether it did not before. */
  const undrain = async (): Promise<boolean> => {
    const drained = cluster?.cluster.draining === true;
    if (cluster === undefined || !drained) return false;
    if (stopping)
      throw new ParleyError({
        code: 'stopping',
        what: 'This node can not be taken back: it stops.',
        why: 'It was told to, after it was drained.',
        todo: 'Start it again; a node that starts takes people in.',
      });
    moving.abort();
    await doors.reopen().catch((error: unknown) => {
      throw new ParleyError({
        code: 'address',
        what: 'This node takes nobody in: it can not listen again where it did.',
        why: error instanceof Error ? error.message : String(error),
        todo: 'See which program has that port and stop it, then ask again; or restart this node.',
      });
    });
    cluster.cluster.draining = false;
    log.info('the node takes people in again');
    return true;
  };
  const close = async () => {
    stopping = true;
    report.stop();
    cluster?.cluster.leaving();
    doors.close();
    edge.shutdown();
    await new Promise((done) => setTimeout(done, 100)); // the farewells leave
    web.close();
    clearTimeout(grace);
    await desk?.stop();
    try {
      const kept = await continuity.keep(edge.lines.all());
      if (kept > 0) log.info(`${kept} sessions wait for their clients to come back`);
      await lastSeen.write();
    } catch (error) {
      log.error('what was in memory could not be written', error); // and it stops all the same
    }
    await cluster?.leave();
    door.close();
    await stores.close();
  };
  const open = async (name: DoorName, listen: (address: string) => Promise<BoundListener>) => {
    if (config[`listen.${name}`] !== 'off') await doors.open(name, config[`listen.${name}`], listen);
  };
  try {
    await open('c2s', (address) => listenClients(address, edge, identity, false));
    await open('c2s_tls', (address) => listenClients(address, edge, identity, true));
    await open('http', (address) => listenHttp(address, web));
    await open('components', (address) =>
      listenComponents(
        address,
        { edge, identity },
        (socket, peer) => new ComponentConnection(socket, peer, componentCore(secrets, router), limits, log),
      ),
    );
    if (desk !== undefined) await open('edges', (address) => listenEdges(address, config, path, desk));
    await open('https', (address) => listenHttps(address, edge, web, identity));
  } catch (error) {
    await close();
    throw error;
  }
  const keeping = setInterval(
    () => void lastSeen.write().catch((error: unknown) => log.error('times of last visits were not written', error)),
    30_000,
  );

  return {
    addresses: doors.addresses(),
    reload() {
      identity.reload();
      doors.reload();
    },
    async stop() {
      clearInterval(keeping);
      await close();
    },
  };
}

/** The door for edges: a Unix socket of this folder, or TLS for those whose certificate we know the signer of. */
function listenEdges(
  address: string,
  config: Config,
  path: (name: string) => string,
  desk: EdgeDesk,
): Promise<BoundListener> {
  const accept = (pipe: Pipe) => desk.accept(pipe);
  if (isUnixPath(address)) return listenEdgesLocal(path(address), accept);
  if (config['edge.authorities'] === 'off')
    throw new ParleyError({
      code: 'configuration',
      what: `listen.edges can't be ${address} without edge.authorities.`,
      why: 'Over the network a core lets nobody in but edges whose certificates it can check.',
      todo: 'Name the file with the certificate of who signs those of edges, or listen on a Unix socket.',
    });
  const read = (name: string) => readFileSync(path(name), 'utf8');
  return listenEdgesSecurely(
    address,
    () => ({
      cert: read(config['tls.certificate']),
      key: read(config['tls.key']),
      ca: read(config['edge.authorities']),
    }),
    accept,
  );
}

/** Where browsers find the node: as the operator says, or at its own door with TLS. */
function publicBase(config: Config, addresses: ReturnType<Doors['addresses']>): string | undefined {
  if (config['web.url'] !== 'auto') return config['web.url'].replace(/\/$/, '');
  const port = addresses
    .find(({ name }) => name === 'https')
    ?.address.split(':')
    .at(-1);
  return port === undefined ? undefined : `https://${config.domain}${port === '443' ? '' : `:${port}`}`;
}
