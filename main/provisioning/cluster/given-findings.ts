import type { Finding } from '../../../shared/console-api/hosts.ts';
import type { ClusterSpec } from '../../../shared/console-api/provisioning.ts';
import type { Host } from '../../ssh/host.ts';
import { line, text } from './given-files.ts';
import { type NatsAt, seeNats } from './nats-probe.ts';
import { type PostgresAt, type PostgresSeen, seePostgres } from './postgres-probe.ts';
import { Refused } from './talk.ts';
import { CONNECTIONS_A_NODE } from './texts.ts';

/** The oldest that parleyd takes. */
const POSTGRES = { number: 130_000, words: 'PostgreSQL 13' };
const NATS = [2, 9] as const;
/** what parleyd would split its datagrams to; less than that is slow, bytes */
const NATS_PAYLOAD = 65_536;

/** How a host would find the PostgreSQL and NATS that were given: it connects to them and logs in. Nothing is changed there. */
export async function givenFindings(
  { postgres, nats, hosts }: ClusterSpec,
  domain: string,
  host: Host,
): Promise<Finding[]> {
  const [database, bus] = await Promise.all([
    postgres.kind === 'given' ? postgresFindings(postgres, domain, host, hosts.length) : [],
    nats.kind === 'given' ? natsFindings(nats, domain, host) : [],
  ]);
  return [...database, ...bus];
}

type Given<K extends 'postgres' | 'nats'> = Extract<ClusterSpec[K], { kind: 'given' }>;

const finding = (stops: boolean, code: string, what: string, why: string, todo: string): Finding => ({
  ...{ code, what, why, todo, stops },
});

async function postgresFindings(
  { url, passwordFile, caFile }: Given<'postgres'>,
  domain: string,
  host: Host,
  nodes: number,
): Promise<Finding[]> {
  const [, user = '', name = '', port = '5432', database = ''] =
    /^postgres(?:ql)?:\/\/([^:@/?#]+)@(\[[^\]]+\]|[^:/?#@]+)(?::(\d{1,5}))?\/([^/?#]+)$/.exec(url) ?? [];
  const at: PostgresAt = {
    ...{ user: decodeURIComponent(user), host: plain(decodeURIComponent(name)), port: Number(port) },
    ...{ database: decodeURIComponent(database), password: await line(passwordFile), ca: await text(caFile) },
  };
  const where = `PostgreSQL at ${name}:${port}`;
  try {
    const seen = await seePostgres(at, domain, () => host.openTcp(at.host, at.port));
    return [...postgresWanting(seen, where, at, nodes)];
  } catch (error) {
    return [refused('postgres', where, at, refusedOf(error))];
  }
}

function* postgresWanting(
  { version, number, mayCreate, standby, most, now }: PostgresSeen,
  where: string,
  { user, database }: PostgresAt,
  nodes: number,
): Generator<Finding> {
  if (number < POSTGRES.number)
    yield finding(
      ...([true, 'postgres-too-old', `${where} is too old: ${version}.`] as const),
      ...([`parleyd needs ${POSTGRES.words} or newer.`, 'Upgrade it, or give another.'] as const),
    );
  if (standby)
    yield finding(
      ...([true, 'postgres-standby', `${where} only follows another server.`] as const),
      ...(['A standby takes no writes.', 'Give the address of the primary, or one that leads to it.'] as const),
    );
  else if (!mayCreate)
    yield finding(
      ...([true, 'postgres-rights', `${user} may not make tables in the database ${database}.`] as const),
      'Each domain has a schema of its own there, and the first node makes it.',
      `Give the right: GRANT CREATE ON DATABASE ${database} TO ${user}.`,
    );
  const wanted = nodes * CONNECTIONS_A_NODE;
  if (most - now < wanted)
    yield finding(
      ...([
        false,
        'postgres-connections',
        `${where} has room for ${Math.max(0, most - now)} more connections.`,
      ] as const),
      `It takes ${most} and has ${now} now; ${nodes} nodes use up to ${wanted}.`,
      'Raise max_connections there, or lower storage.pool on the nodes.',
    );
}

async function natsFindings({ servers, passwordFile, caFile }: Given<'nats'>, domain: string, host: Host) {
  const [password, ca] = await Promise.all([line(passwordFile), text(caFile)]);
  // parleyd logs in everywhere as the first user that is named
  const user = servers.map((it) => new URL(it).username).find((it) => it !== '');
  const all = await Promise.all(
    servers.map(async (server): Promise<Finding[]> => {
      const { protocol, hostname, port } = new URL(server);
      const at: NatsAt = {
        ...{ host: plain(hostname), port: port === '' ? 4222 : Number(port), password, ca },
        ...{ user: user === undefined ? null : decodeURIComponent(user) },
        tls: ca !== null || servers.some((it) => it.startsWith('tls:')) || protocol === 'tls:',
      };
      const where = `NATS at ${hostname}:${at.port}`;
      try {
        const { version, mostBytes } = await seeNats(at, domain, () => host.openTcp(at.host, at.port));
        return [...natsWanting(version, mostBytes, where)];
      } catch (error) {
        return [refused('nats', where, { user: at.user ?? '' }, refusedOf(error))];
      }
    }),
  );
  const findings = all.flat();
  // of several servers one may be away: the others carry on
  const someWell = all.some((it) => it.every(({ stops }) => !stops));
  return findings.map((it) => (someWell && it.code === 'nats-unreachable' ? { ...it, stops: false } : it));
}

function* natsWanting(version: string, mostBytes: number, where: string): Generator<Finding> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < NATS[0] || (major === NATS[0] && minor < NATS[1]))
    yield finding(
      ...([true, 'nats-too-old', `${where} is too old: ${version}.`] as const),
      ...([`parleyd needs NATS ${NATS.join('.')} or newer.`, 'Upgrade it, or give another.'] as const),
    );
  if (mostBytes > 0 && mostBytes < NATS_PAYLOAD)
    yield finding(
      ...([false, 'nats-payload', `${where} takes messages of at most ${mostBytes} bytes.`] as const),
      ...(['What nodes say is cut to that, and costs the more.', 'Leave max_payload at 1MB there.'] as const),
    );
}

const plain = (host: string): string => host.replace(/^\[|\]$/g, '');

function refusedOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  return new Refused('other', error instanceof Error ? error.message : String(error));
}

/** What a server said no to: what, why, and what to do. */
function refused(
  kind: 'postgres' | 'nats',
  where: string,
  { user, database = '' }: { readonly user: string; readonly database?: string },
  { code, message }: Refused,
): Finding {
  const said = `It said: ${message}.`.replace(/\.\.$/, '.');
  const of = (what: string, why: string, todo: string) => finding(true, `${kind}-${code}`, what, why, todo);
  const option = kind === 'postgres' ? '--postgres' : '--nats';
  switch (code) {
    case 'unreachable':
      return of(
        `${where} can't be reached.`,
        `A connection to it came to this: ${message}.`,
        'See that it runs, that the address is right, and that this host is let through to it.',
      );
    case 'no-tls':
      return of(
        `${where} offers no TLS.`,
        'Passwords and messages would travel for all to read.',
        kind === 'postgres'
          ? 'Turn it on there: ssl = on.'
          : 'Give it a certificate, or write nats:// where the network is your own.',
      );
    case 'certificate':
      return of(
        `The certificate of ${where} was refused.`,
        `TLS said: ${message}.`,
        `Give the authority that signed it (${option}-ca), and the name or address that it is for.`,
      );
    case 'login':
      return of(
        `${where} does not let ${user === '' ? 'anybody in without a user' : `${user} in`}.`,
        said,
        `See that user and password are right: the password is the first line of the file (${option}-password-file).`,
      );
    case 'not-let-in':
      return of(
        `${where} does not let this host in${user === '' ? '' : ` as ${user}`}.`,
        said,
        kind === 'postgres'
          ? `Add a line to its pg_hba.conf that lets ${user} in from here: hostssl ${database} ${user} ADDRESS scram-sha-256.`
          : `Allow ${user === '' ? 'it' : user} to publish and subscribe to parley.> there.`,
      );
    default:
      return of(`${where} is of no use as it is.`, said, 'Mend that there, then look again.');
  }
}
