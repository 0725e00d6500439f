import * as v from 'valibot';
import { address, count, KEYS, key, list, path } from './keys.ts';

const core = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9.-]+=(?:[^:*\s]+|[^:\s]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5})$/i,
    'a core is "example.org=/var/lib/parleyd/edge.sock" or "example.org=core1.example.net:5270"',
  ),
);

const certificate = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9.-]+=[^:\s]+:[^:\s]+$/i, 'a certificate is "example.org=cert.pem:key.pem"'),
);

const network = v.pipe(
  v.string(),
  v.regex(/^[0-9a-fA-F.:]+\/\d{1,3}$/, 'a network is "192.0.2.0/24", "192.0.2.7/32" or "2001:db8::/64"'),
);

const limits = Object.fromEntries(Object.entries(KEYS).filter(([name]) => name.startsWith('limits.')));
type LimitKeys = Pick<typeof KEYS, Extract<keyof typeof KEYS, `limits.${string}`>>;

/** What a node limits that an edge knows nothing of. */
const OF_CORES = [
  'limits.offline_messages',
  'limits.roster_items',
  'limits.blocklist_items',
  'limits.sessions_per_account',
] as const;
for (const name of OF_CORES) delete limits[name];

/** Every key of edge.toml, in the order of its file. edge.example.toml is made of this list. */
export const EDGE_KEYS = {
  cores: key(
    v.pipe(list(core), v.minLength(1, 'an edge needs a core')),
    undefined,
    'The cores of each domain: domain=where. Of several cores of a domain each gets its share of sessions, and takes over for the others. The first domain is for streams that name none.',
  ),
  name: key(
    v.pipe(v.string(), v.regex(/^[\w.-]{1,60}$/, 'a name is letters, digits, dots')),
    'edge',
    'What the cores call this edge.',
  ),

  'listen.c2s': key(address, '*:5222', KEYS['listen.c2s'].help),
  'listen.c2s_tls': key(address, '*:5223', KEYS['listen.c2s_tls'].help),
  'listen.https': key(address, 'off', KEYS['listen.https'].help),
  'listen.http': key(address, 'off', KEYS['listen.http'].help),

  'web.url': KEYS['web.url'],

  'proxy.trusted': key(
    list(network),
    [],
    'Balancers that say whom they connect, by the PROXY protocol, version 2. From these networks every connection must begin with it, from others none may.',
  ),

  'tls.certificates': key(
    list(certificate),
    [],
    'The certificate and key of each domain, PEM: domain=certificate:key. A domain that is not here has DOMAIN.cert.pem and DOMAIN.key.pem. Read again on SIGHUP.',
  ),
  'tls.client_authorities': KEYS['tls.client_authorities'],

  'link.certificate': key(
    path,
    'link.cert.pem',
    'What this edge shows to cores that it reaches over the network, PEM.',
  ),
  'link.key': key(path, 'link.key.pem', 'Its private key, PEM.'),
  'link.authorities': key(
    path,
    'cores.pem',
    'Who signs the certificates of such cores, PEM: a self-signed one stands for itself. It must be for the domain.',
  ),
  'link.patience_seconds': key(
    count(1, 3600),
    60,
    'How long clients are kept while no core is there; then they are told to come back later.',
  ),
  'link.login_seconds': key(count(1, 60), 8, 'How long a login waits for a core before it fails for now.'),
  'link.failover_ms': key(
    count(0, 60_000),
    1000,
    'How long a core that was cut off is waited for while another of the domain could take its sessions.',
  ),
  'link.dead_seconds': key(count(1, 600), 10, 'How long a core may say nothing before it is held for dead.'),

  'admin.socket': key(
    path,
    'edge-admin.sock',
    'A Unix socket with /metrics, for its owner alone; relative to this folder.',
  ),
  'log.level': KEYS['log.level'],

  ...(limits as unknown as Omit<LimitKeys, (typeof OF_CORES)[number]>),
} as const;

export type EdgeConfig = {
  readonly [K in keyof typeof EDGE_KEYS]: v.InferOutput<(typeof EDGE_KEYS)[K]['schema']>;
};
