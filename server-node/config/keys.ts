import * as v from 'valibot';
import { DomainName } from '../../shared/domain/domain-name.ts';

/** One key of the configuration: what it may be, what it is when nobody says, and what to know of it. */
export interface Key<S extends v.GenericSchema> {
  readonly schema: S;
  readonly fallback: v.InferOutput<S> | undefined;
  readonly help: string;
}

export const key = <S extends v.GenericSchema>(
  schema: S,
  fallback: v.InferOutput<S> | undefined,
  help: string,
): Key<S> => ({
  schema,
  fallback,
  help,
});

const ADDRESS = /^(?:\*|localhost|\[[0-9a-fA-F:]+\]|(?:\d{1,3}\.){3}\d{1,3}):(\d{1,5})$/;

export const address = v.pipe(
  v.string('an address is a text such as "*:5222"'),
  v.check((text) => {
    const port = ADDRESS.exec(text)?.[1];
    return text === 'off' || (port !== undefined && Number(port) < 65536);
  }, 'an address is "*:5222" for every interface, "127.0.0.1:5222", "[::1]:5222", or "off"'),
);

const edgeAddress = v.pipe(
  v.string('a text such as "edge.sock" or "*:5270"'),
  v.check(
    (text) => text === 'off' || ADDRESS.test(text) || /^[^:*]+$/.test(text),
    'a Unix socket\'s path such as "edge.sock", an address such as "*:5270", or "off"',
  ),
);

const databaseUrl = v.pipe(
  v.string('an address is a text such as "postgres://user@host:5432/database"'),
  v.check(
    (text) => !/^postgres(ql)?:\/\/[^/@]*:[^/@]*@/i.test(text),
    'a password has no place here, where many can read it: write it into a file of its own, and name that as storage.password_file',
  ),
  v.regex(
    /^(?:off|postgres(?:ql)?:\/\/[^:@/?#\s]+@(?:\[[0-9a-fA-F:]+\]|[^:/?#@\s]+)(?::\d{1,5})?\/[^/?#\s]+)$/,
    'an address is "postgres://user@host:5432/database", with a Unix socket "postgres://user@%2Frun%2Fpostgresql/database", or "off"',
  ),
);

export const path = v.pipe(v.string('a path is a text'), v.nonEmpty('a path is missing'));

export const count = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number(`a whole number from ${least} on`),
    v.integer('a whole number'),
    v.minValue(least, `at least ${least}`),
    v.maxValue(most, `at most ${most}`),
  );

const uri = v.pipe(
  v.string('an address is a text such as "mailto:abuse@example.org"'),
  v.regex(
    /^[a-z][a-z0-9+.-]*:[^\s<>"]+$/i,
    'an address is a URI, such as "mailto:abuse@example.org" or "xmpp:abuse@example.org"',
  ),
);

const bareJid = v.pipe(v.string(), v.regex(/^[^\s@/]+@[^\s@/]+$/, 'an address is a text such as "anna@example.org"'));

const flag = v.boolean('true or false');

/** A list of texts; a single text with spaces between is one too, as `--set` writes it. */
export const list = <S extends v.GenericSchema<string, string>>(item: S) =>
  v.pipe(
    v.union([v.string(), v.array(v.string())], 'a list such as ["a", "b"]'),
    v.transform((given) => (typeof given === 'string' ? given.split(/[\s,]+/).filter((one) => one !== '') : given)),
    v.array(item),
  );

/** Every key of parleyd.toml, in the order of its file. example.toml and `--set` are made of this list. */
export const KEYS = {
  domain: key(DomainName, undefined, 'The domain this node serves: what stands behind the @.'),

  admins: key(
    list(bareJid),
    [],
    'Who may run the commands of XEP-0133 from their client: addresses such as "anna@example.org".',
  ),

  'listen.c2s': key(address, '*:5222', 'Clients, TLS by STARTTLS. "*" is every interface, "off" is none.'),
  'listen.c2s_tls': key(address, '*:5223', 'Clients, TLS from the first byte (XEP-0368).'),
  'listen.https': key(
    address,
    'off',
    'Browsers, with TLS: XMPP over WebSocket (RFC 7395) and BOSH, host-meta; and XMPP itself for who asks for it by ALPN.',
  ),
  'listen.http': key(
    address,
    'off',
    'The same without TLS, for a proxy on this machine; and /metrics in Prometheus text, for this machine alone.',
  ),

  'listen.components': key(
    address,
    'off',
    'Components such as gateways (XEP-0114), which bring no TLS: "127.0.0.1:5347".',
  ),

  'listen.edges': key(
    edgeAddress,
    'off',
    'Edges of other processes (docs/edges.md): a Unix socket in this folder such as "edge.sock", or "*:5270" with TLS.',
  ),

  'edge.authorities': key(
    path,
    'off',
    'Who may sign the certificates of edges, PEM: over TLS nobody else is let in. Needed with an address.',
  ),
  'edge.grace_seconds': key(
    count(1, 3600),
    30,
    'How long an edge that was cut off may take to come back before its sessions end.',
  ),
  'edge.dead_seconds': key(count(1, 600), 10, 'How long an edge may say nothing before its link is held for dead.'),

  'components.secrets': key(
    list(
      v.pipe(
        v.string(),
        v.regex(/^[a-z0-9.-]+=\S{8,}$/i, 'a component is "irc.example.org=SECRET", 8 characters or more'),
      ),
    ),
    [],
    'The components that may connect: domain=secret.',
  ),

  'web.url': key(
    v.union([
      v.literal('auto'),
      v.pipe(
        v.string('a URL is a text'),
        v.regex(/^https:\/\/[^\s'"<>&/]+\/?$/, 'a URL is "https://chat.example.org"'),
      ),
    ]),
    'auto',
    'Where browsers find this node, for host-meta (XEP-0156); "auto" is the domain at the port of listen.https.',
  ),

  'admin.socket': key(
    path,
    'admin.sock',
    'The Unix socket that operators speak to; relative to this folder. Nobody but its owner can.',
  ),

  'tls.certificate': key(path, 'cert.pem', 'The certificate with its chain, PEM. Read again on SIGHUP.'),
  'tls.key': key(path, 'key.pem', 'Its private key, PEM.'),

  'tls.client_authorities': key(
    path,
    'off',
    'Who may sign client certificates, PEM: people log in with one by SASL EXTERNAL (XEP-0178). "off": none are asked for.',
  ),

  'storage.path': key(path, 'parley.db', 'The database, SQLite, unless storage.url names another.'),
  'storage.url': key(
    databaseUrl,
    'off',
    'PostgreSQL (13 or newer) instead, which several nodes of the domain may share: "postgres://user@host:5432/database"; "off": SQLite.',
  ),
  'storage.password_file': key(
    path,
    'off',
    'The file whose first line is the password for PostgreSQL; relative to this folder. "off": none is needed.',
  ),
  'storage.ca': key(
    path,
    'public',
    'Who may sign the certificate of PostgreSQL: a PEM file; "public": any authority that browsers know, and no TLS to this machine itself; "off": no TLS.',
  ),
  'storage.certificate': key(path, 'off', 'The certificate that PostgreSQL wants of this node, PEM. "off": none.'),
  'storage.key': key(path, 'off', 'Its private key, PEM.'),
  'storage.pool': key(
    count(2, 500),
    8,
    'Connections to PostgreSQL at most; four more for exclusive work, one for the lease.',
  ),

  'cluster.nats': key(
    list(
      v.pipe(
        v.string(),
        v.regex(
          /^(nats|tls):\/\/([^\s:@/]+@)?[^\s:@/]+(:\d{1,5})?$/,
          'a NATS server is "nats://host:4222" or "tls://user@host:4222"; its password goes into a file',
        ),
      ),
    ),
    [],
    'Makes this node one of several of its domain: the NATS servers between them, such as "tls://parley@nats.example.net:4222". Needs storage.url.',
  ),
  'cluster.node': key(
    v.pipe(
      v.string(),
      v.regex(/^([A-Za-z0-9][A-Za-z0-9.-]{0,62}|auto)$/, 'a name has letters, digits, dots and hyphens'),
    ),
    'auto',
    'The name of this node among the others of its domain, which stays; "auto" is the name of the host.',
  ),
  'cluster.address': key(
    v.pipe(
      v.string(),
      v.regex(/^(auto|[^\s:]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?)$/, 'an address is "host" or "host:5222"'),
    ),
    'auto',
    'Where clients reach this node by itself, for those that another node sends here (see-other-host); "auto": none are sent.',
  ),
  'cluster.password_file': key(path, 'off', 'The password of the user in cluster.nats: a file. "off": none.'),
  'cluster.credentials': key(path, 'off', 'NATS credentials (.creds) instead of user and password: a file.'),
  'cluster.ca': key(path, 'off', 'Who may sign the NATS servers\' certificates, PEM. "off": the system\'s list.'),
  'cluster.certificate': key(path, 'off', 'Our certificate for NATS servers that ask for one, PEM; and its key.'),
  'cluster.key': key(path, 'off', 'The key of cluster.certificate, PEM.'),
  'cluster.lease_seconds': key(
    v.pipe(v.number('a number of seconds'), v.minValue(2), v.maxValue(60)),
    4,
    'A node that nobody has heard for so long is taken for dead; it stops serving itself after three quarters of that.',
  ),

  'auth.iterations': key(
    count(4096, 10_000_000),
    10_000,
    'PBKDF2 rounds for new passwords. More cost an attacker more, and a client at its first login.',
  ),

  'auth.plain': key(
    flag,
    false,
    'Whether PLAIN is offered within TLS: the password itself crosses the wire, for clients that know nothing else.',
  ),
  'auth.strict_binding': key(
    flag,
    false,
    'Whether clients are refused that know only channel bindings which TLS 1.3 does not have (docs/adr/0013).',
  ),
  'auth.token_days': key(count(1, 365), 30, 'How long the token of a device (FAST, XEP-0484) is good for, unused.'),

  'auth.guesses_per_account': key(
    count(0),
    10,
    'Wrong passwords for one account from one network; then the account waits there, not elsewhere. 0 is no limit.',
  ),
  'auth.guesses_per_network': key(
    count(0),
    100,
    'Wrong passwords from one network (an IPv4 address, an IPv6 /64) for all accounts. 0 is no limit.',
  ),
  'auth.guess_window_seconds': key(count(1), 600, 'The time in which such a budget is whole again.'),
  'auth.guess_delay_ms': key(
    count(0, 10_000),
    250,
    'How long the answer to a wrong password takes; doubles with each, up to 4 s.',
  ),

  'contact.abuse': key(
    list(uri),
    [],
    'Where to write about abuse that comes from here: URIs that everybody can read (XEP-0157).',
  ),
  'contact.admin': key(
    list(uri),
    [],
    'Where to write to the people who run the service: URIs that everybody can read (XEP-0157).',
  ),
  'contact.feedback': key(
    list(uri),
    [],
    'Where to write with praise and complaints: URIs that everybody can read (XEP-0157).',
  ),
  'contact.sales': key(list(uri), [], 'Where to write about buying: URIs that everybody can read (XEP-0157).'),
  'contact.security': key(
    list(uri),
    [],
    'Where to write about security holes: URIs that everybody can read (XEP-0157).',
  ),
  'contact.status': key(
    list(uri),
    [],
    'Where to see whether the service is well: URIs that everybody can read (XEP-0157).',
  ),
  'contact.support': key(list(uri), [], 'Where to write for help: URIs that everybody can read (XEP-0157).'),

  'log.level': key(
    v.picklist(['debug', 'info', 'warn', 'error'], 'one of "debug", "info", "warn", "error"'),
    'info',
    'debug, info, warn or error.',
  ),

  'limits.stanza_bytes': key(count(10_000), 262_144, 'The longest stanza. RFC 6120 asks for 10000 at least.'),
  'limits.stanza_bytes_before_login': key(count(4096), 10_000, 'The same, from who has not logged in.'),
  'limits.depth': key(count(8), 64, 'How deep elements may be nested in a stanza.'),
  'limits.attributes': key(count(8), 64, 'How many attributes an element may have.'),
  'limits.elements': key(count(64), 8192, 'How many elements a stanza may have.'),
  'limits.login_seconds': key(count(1), 30, 'How long a connection may take to log in.'),
  'limits.connections_per_address': key(
    count(1),
    5000,
    'Connections from one network (an IPv4 address, an IPv6 /64) at a time; a whole office may share one.',
  ),
  'limits.strangers_per_address': key(count(1), 1000, 'Those of them that may be without a login at a time.'),
  'limits.connections_per_second': key(
    count(0),
    100,
    'New connections from one network in a second on average; 0 is no limit.',
  ),
  'limits.connections_burst': key(count(1), 2000, 'How many may come at once, such as after a restart.'),
  'limits.trust_loopback': key(
    flag,
    true,
    'Whether this machine has no limits by network: a proxy of the operator may stand there.',
  ),
  'limits.bytes_per_second': key(
    count(0),
    65_536,
    'What a client may send on average; 0 is no limit. It is slowed down, never cut off.',
  ),
  'limits.burst_bytes': key(count(4096), 524_288, 'What it may send at once.'),
  'limits.stanzas_per_second': key(
    count(0),
    250,
    'Stanzas a client may send on average; 0 is no limit. A presence counts one more for every ten who get it.',
  ),
  'limits.burst_stanzas': key(count(10), 2500, 'How many it may send at once. It is slowed down, never cut off.'),
  'limits.send_buffer_bytes': key(
    count(65_536),
    4_194_304,
    'What may wait for a client that does not read; more ends its connection.',
  ),
  'limits.unacknowledged_stanzas': key(
    count(10),
    5000,
    'Stanzas a client with stream management (XEP-0198) may leave unacknowledged; more ends its session.',
  ),
  'limits.resume_seconds': key(
    count(0, 86_400),
    600,
    'How long a session waits for its client to come back; 0: not at all.',
  ),
  'limits.ack_seconds': key(
    count(5),
    90,
    'How long an acknowledgement may take before the connection is held for dead.',
  ),
  'limits.offline_messages': key(count(0), 1000, 'Messages that may wait for a person who is away.'),
  'limits.roster_items': key(count(1), 5000, 'Contacts of one person.'),
  'limits.blocklist_items': key(count(1), 1000, 'Addresses that one person may block.'),
  'limits.sessions_per_account': key(count(1), 20, 'Sessions of one person at a time.'),
} as const;

/** Any table of keys. */
export type KeyTable = Readonly<Record<string, Key<v.GenericSchema>>>;
export type KeyName = keyof typeof KEYS;
export type Config = { readonly [K in KeyName]: v.InferOutput<(typeof KEYS)[K]['schema']> };
export const KEY_NAMES = Object.keys(KEYS) as KeyName[];
