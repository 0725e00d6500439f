import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { StorageError } from '../stores.ts';

/** Where a domain's PostgreSQL is and how it is reached. */
export interface PostgresOptions {
  /** postgres://user@host:port/database; a Unix socket's folder stands percent-encoded in the host's place */
  readonly url: string;
  /** the tables of one domain are in one schema, so that domains can share a database */
  readonly domain: string;
  readonly passwordFile?: string | undefined;
  /** who may sign the server's certificate: a PEM file, `public`, or `off` for no TLS */
  readonly ca?: string | undefined;
  readonly clientCert?: string | undefined;
  readonly clientKey?: string | undefined;
  /** connections at most */
  readonly pool?: number;
  /** when a server that does not answer is given up, and a statement that takes too long; milliseconds */
  readonly connectMs?: number;
  readonly statementMs?: number;
}

/** A database that does not answer is unavailable after this, milliseconds. */
const CONNECT_MS = 3000;
/** What the server may take for one statement; what we wait for its answer is a second more. */
const STATEMENT_MS = 5000;

export interface Timeouts {
  readonly statementMs?: number;
  readonly lockMs?: number;
}

/** `postgres://user@host:port/database`, taken apart. @throws StorageError */
export function readUrl(url: string): { user: string; host: string; port: number; database: string } {
  const found = /^postgres(?:ql)?:\/\/([^:@/?#]+)@(\[[^\]]+\]|[^:/?#@]+)(?::(\d{1,5}))?\/([^/?#]+)$/.exec(url);
  if (found === null) throw new StorageError(`${url} is no address such as postgres://user@host:5432/database`, false);
  const [, user = '', host = '', port = '5432', database = ''] = found;
  return {
    user: decodeURIComponent(user),
    host: decodeURIComponent(host).replace(/^\[|\]$/g, ''),
    port: Number(port),
    database: decodeURIComponent(database),
  };
}

/** The schema of a domain: readable, and of 63 bytes at most; the end tells apart what reads alike. */
export function schemaOf(domain: string): string {
  const end = createHash('sha256').update(domain).digest('hex').slice(0, 8);
  return `parley_${domain
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '_')
    .slice(0, 40)}_${end}`;
}

const onThisMachine = (host: string): boolean =>
  host.startsWith('/') || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StorageError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`, false);
  }
};

function tlsOf({ ca, clientCert, clientKey }: PostgresOptions, host: string) {
  if (ca === 'off' || ((ca === undefined || ca === 'public') && onThisMachine(host))) return false;
  return {
    ...(ca === undefined || ca === 'public' ? {} : { ca: read(ca) }),
    ...(clientCert === undefined ? {} : { cert: read(clientCert) }),
    ...(clientKey === undefined ? {} : { key: read(clientKey) }),
    rejectUnauthorized: true,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  };
}

const INT8 = 20;

/** How every connection is made. @throws StorageError when a file is not there */
export function clientConfig(
  options: PostgresOptions,
  { statementMs = options.statementMs ?? STATEMENT_MS, lockMs = 0 }: Timeouts = {},
): pg.PoolConfig {
  const { user, host, port, database } = readUrl(options.url);
  // a server that lost us must let go of our locks soon: its own keepalive waits for two hours
  const settings = {
    search_path: schemaOf(options.domain),
    tcp_keepalives_idle: 5,
    tcp_keepalives_interval: 2,
    tcp_keepalives_count: 3,
    idle_in_transaction_session_timeout: 10_000,
  };
  return {
    user,
    host,
    port,
    database,
    ...(options.passwordFile === undefined ? {} : { password: read(options.passwordFile).split(/[\r\n]/)[0] ?? '' }),
    ssl: tlsOf(options, host),
    max: options.pool ?? 4,
    connectionTimeoutMillis: options.connectMs ?? CONNECT_MS,
    idleTimeoutMillis: 60_000,
    statement_timeout: statementMs,
    lock_timeout: lockMs,
    query_timeout: Math.max(statementMs, lockMs) + 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    application_name: 'parleyd',
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    types: {
      // identifiers and times are below 2^53
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
    // what one transaction is made of leaves at once, and its answers come together
    pipeline: true,
  } as pg.PoolConfig;
}

/** SQLSTATE classes and codes (PostgreSQL, appendix A) that say: not now. */
const NOT_NOW = /^(08|57P|57014|53200|53300|53400|55P03|25006|40001|40P01)/;

/** What to do about a refusal that no waiting mends. */
const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'put the right password into the file of storage.password_file',
  '28000': "let this machine in: a line in the server's pg_hba.conf",
  '3D000': 'make the database first: createdb --owner USER NAME',
  '42501': 'give the user the right: GRANT CREATE ON DATABASE name TO user',
  '42P01': 'restore the last backup, or see whether storage.url names the right database',
};

export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const { code } = error as { code?: string };
  const state = code !== undefined && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
  const bug = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
  const words =
    error instanceof AggregateError
      ? String(error.errors[0]?.message)
      : error instanceof Error
        ? error.message
        : String(error);
  const untrusted = /certificate|self.signed|altname|CERT_|UNABLE_TO_/i.test(`${code} ${words}`) && state === undefined;
  const unavailable = state === undefined ? !bug && !untrusted : NOT_NOW.test(state);
  const todo = untrusted
    ? ': give the authority that signed it as storage.ca'
    : state !== undefined && ADVICE[state] !== undefined
      ? `: ${ADVICE[state]}`
      : '';
  const where =
    state === undefined
      ? unavailable
        ? 'PostgreSQL does not answer'
        : untrusted
          ? "PostgreSQL's certificate was refused"
          : 'PostgreSQL'
      : 'PostgreSQL said';
  return new StorageError(`${where}: ${words}${todo}`, state === '53100', { cause: error, unavailable });
}

/** Whether a transaction was undone for another's sake and may simply be tried again (deadlock, serialization). */
export const mayTryAgain = (error: unknown): boolean => /^(40001|40P01)$/.test((error as { code?: string }).code ?? '');
