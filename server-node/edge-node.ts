import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { openMetricsSocket } from './admin/admin-socket.ts';
import { byName } from './config/edge-config.ts';
import type { EdgeConfig } from './config/edge-keys.ts';
import { Edge } from './edge/edge.ts';
import { EdgeReport } from './edge/remote/edge-report.ts';
import { LinkCore } from './edge/remote/link-core.ts';
import type { RemoteSession } from './edge/remote/remote-session.ts';
import { edgeLimits } from './limits.ts';
import type { Log } from './observe/log.ts';
import { Balancers } from './transport/balancers.ts';
import { DomainIdentities, Identity } from './transport/certificate.ts';
import { connectionsAllowed } from './transport/descriptors.ts';
import { dialCore, isUnixPath, type LinkIdentity } from './transport/link-socket.ts';
import { type BoundListener, listenClients, listenHttp, listenHttps } from './transport/listener.ts';
import { WebDoor } from './transport/web/web-door.ts';
import { VERSION } from './version.ts';

/** what clients say within that time goes to a core together: at some hundred messages a second to wake it is what they cost, milliseconds */
const GATHER_MS = 5;

export type EdgeDoor = 'c2s' | 'c2s_tls' | 'http' | 'https';

export interface EdgeNode {
  readonly domains: readonly string[];
  readonly addresses: readonly { readonly name: EdgeDoor; readonly address: string }[];
  /** Reads the certificates again; connections that are open keep the old ones. */
  reload(): void;
  /** Tells every client. */
  stop(): Promise<void>;
}

/** Starts the connections of domains whose cores are elsewhere. `folder`: where the configuration's relative paths begin. */
export async function startEdge(config: EdgeConfig, folder: string, log: Log): Promise<EdgeNode> {
  const path = (name: string) => resolve(folder, name);
  const now = Date.now;
  const identities = identitiesOf(config, path);
  const cores = coresOf(config, path, log, (domain) =>
    edge.letGo(domain, 'the server behind has been away for too long: come back later'),
  );
  const [first, ...others] = cores;
  if (first === undefined) throw new Error('an edge without a core');
  const edge: Edge<RemoteSession> = new Edge(first, edgeLimits(config, connectionsAllowed()), log, now, others);
  const listeners: { name: EdgeDoor; listener: BoundListener }[] = [];
  const report = new EdgeReport({ edge, cores, version: VERSION, startedAt: now(), now });
  const web = new WebDoor({
    domain: first.domain,
    edge,
    metrics: () => report.metrics(),
    publicBase: (host) => publicBase(config, edge, listeners, host),
  });
  const balancers = new Balancers(config['proxy.trusted'], () => edge.refusals.add('proxy'));
  const admin = await openMetricsSocket(path(config['admin.socket']), {
    '/metrics': () => report.metrics(),
    '/status': () => report.status(),
  });
  const close = async () => {
    for (const { listener } of listeners) listener.close();
    edge.shutdown();
    await new Promise((done) => setTimeout(done, 100)); // the farewells leave
    web.close();
    for (const line of [...edge.domains.values()].flatMap(({ lines }) => [...lines.all()])) line.finish();
    await new Promise((done) => setTimeout(done, 100)); // and what nobody will come back for is told to the cores
    for (const core of cores) core.stop();
    admin.close();
  };
  const open = async (name: EdgeDoor, listen: (address: string) => Promise<BoundListener>) => {
    if (config[`listen.${name}`] !== 'off') listeners.push({ name, listener: await listen(config[`listen.${name}`]) });
  };
  try {
    await open('c2s', (address) => listenClients(address, edge, identities, false, balancers));
    await open('c2s_tls', (address) => listenClients(address, edge, identities, true, balancers));
    await open('http', (address) => listenHttp(address, web, balancers));
    await open('https', (address) => listenHttps(address, edge, web, identities, balancers));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    domains: cores.map(({ domain }) => domain),
    addresses: listeners.map(({ name, listener }) => ({ name, address: listener.address })),
    reload() {
      identities.reload();
    },
    stop: close,
  };
}

/** The certificates, by domain: as they are named, or DOMAIN.cert.pem and DOMAIN.key.pem. */
function identitiesOf(config: EdgeConfig, path: (name: string) => string): DomainIdentities {
  const authorities = config['tls.client_authorities'];
  const named = byName(config['tls.certificates']);
  const identities = new Map<string, Identity>();
  for (const domain of byName(config.cores).keys()) {
    const [pair = `${domain}.cert.pem:${domain}.key.pem`] = named.get(domain) ?? [];
    const [certificate = '', key = ''] = pair.split(':');
    const identity = new Identity(path(certificate), path(key), authorities === 'off' ? undefined : path(authorities));
    identities.set(domain, identity);
  }
  const [first] = identities.values();
  if (first === undefined) throw new Error('an edge without a domain');
  return new DomainIdentities(first, identities);
}

function coresOf(
  config: EdgeConfig,
  path: (name: string) => string,
  log: Log,
  impatient: (domain: string) => void,
): LinkCore[] {
  const identity = (): LinkIdentity => ({
    cert: readFileSync(path(config['link.certificate']), 'utf8'),
    key: readFileSync(path(config['link.key']), 'utf8'),
    ca: readFileSync(path(config['link.authorities']), 'utf8'),
  });
  return [...byName(config.cores)].map(
    ([domain, addresses]) =>
      new LinkCore({
        domain,
        name: config.name,
        cores: addresses.map((address) => ({
          name: address,
          dial: async () =>
            isUnixPath(address) ? dialCore(path(address), domain, undefined) : dialCore(address, domain, identity()),
        })),
        log,
        now: Date.now,
        clock: () => performance.now(),
        gatherMs: GATHER_MS,
        deadMs: config['link.dead_seconds'] * 1000,
        failoverMs: config['link.failover_ms'],
        loginMs: config['link.login_seconds'] * 1000,
        patienceMs: config['link.patience_seconds'] * 1000,
        impatient: () => impatient(domain),
      }),
  );
}

/** Where browsers find the domain that they ask for. */
function publicBase(
  config: EdgeConfig,
  edge: Edge<RemoteSession>,
  listeners: readonly { name: EdgeDoor; listener: BoundListener }[],
  host: string | undefined,
): string | undefined {
  if (config['web.url'] !== 'auto') return config['web.url'].replace(/\/$/, '');
  const port = listeners
    .find(({ name }) => name === 'https')
    ?.listener.address.split(':')
    .at(-1);
  const asked = host?.replace(/:\d+$/, '').toLowerCase() ?? '';
  const domain = edge.domains.has(asked) ? asked : [...edge.domains.keys()][0];
  return port === undefined ? undefined : `https://${domain}${port === '443' ? '' : `:${port}`}`;
}
