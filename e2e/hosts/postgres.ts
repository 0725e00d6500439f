import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DEBIAN = '/usr/lib/postgresql';

/** Where the server's programs are, the newest first. */
function programs(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(DEBIAN, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb')));
}

/** What a command begins with so that it runs as the user that the server runs as. */
const asPostgres = (): readonly string[] =>
  process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];

/** Why tests can't have a PostgreSQL; false when they can. */
export const skipPostgres: string | false =
  programs() === undefined
    ? 'PostgreSQL is not installed: apt-get install postgresql'
    : process.getuid?.() === 0 && spawnSync('id', ['postgres']).status !== 0
      ? 'there is no user postgres, and PostgreSQL refuses to run as root'
      : false;

/** What a server shows to who connects, PEM. */
export interface Tls {
  readonly certificate: string;
  readonly key: string;
  /** the authority whose certificates let in a user `certified` without a password */
  readonly clients: string;
}

/** A PostgreSQL of one's own in a temporary folder, on a Unix socket and, when a port is given, on loopback. */
export class PrivatePostgres {
  readonly folder: string;
  readonly #bin: string;
  readonly #port: number;

  private constructor(folder: string, bin: string, port: number) {
    this.folder = folder;
    this.#bin = bin;
    this.#port = port;
  }

  /** `sync: false`: for tests that pull no plug. */
  static start({
    port = 0,
    sync = true,
    tls = undefined as Tls | undefined,
    within = undefined as string | undefined,
  } = {}): PrivatePostgres {
    const folder = mkdtempSync(join(within ?? tmpdir(), 'parley-pg-'));
    const server = new PrivatePostgres(folder, programs() ?? '', port);
    if (process.getuid?.() === 0) spawnSync('chown', ['postgres', folder]);
    chmodSync(folder, 0o755);
    server.#run('initdb', [
      '-D',
      server.data,
      '-U',
      'parley',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ]);
    const lines = [
      `unix_socket_directories = '${folder}'`,
      `listen_addresses = '${port === 0 ? '' : '127.0.0.1'}'`,
      `port = ${port || 5432}`,
      `fsync = ${sync ? 'on' : 'off'}`,
      'shared_buffers = 16MB',
      'max_connections = 40',
      'lc_messages = C',
      ...(tls === undefined
        ? []
        : ['ssl = on', "ssl_cert_file = 'tls.crt'", "ssl_key_file = 'tls.key'", "ssl_ca_file = 'clients.crt'"]),
    ];
    writeFileSync(join(server.data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
    if (tls !== undefined) {
      writeFileSync(join(server.data, 'tls.crt'), tls.certificate);
      writeFileSync(join(server.data, 'clients.crt'), tls.clients);
      server.#secret('tls.key', tls.key);
      // who comes by the network needs TLS and a password
      writeFileSync(
        join(server.data, 'pg_hba.conf'),
        'local all all trust\nhostssl all certified 127.0.0.1/32 cert\nhostssl all all 127.0.0.1/32 scram-sha-256\n',
      );
    }
    server.up();
    return server;
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  /** by the Unix socket */
  get url(): string {
    const at = this.#port === 0 ? '' : `:${this.#port}`;
    return `postgres://parley@${encodeURIComponent(this.folder)}${at}/postgres`;
  }

  /** by loopback */
  get tcpUrl(): string {
    return `postgres://parley@127.0.0.1:${this.#port}/postgres`;
  }

  /** of the process that all others descend from */
  get pid(): number {
    return Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }

  up(): void {
    this.#run('pg_ctl', ['-D', this.data, '-w', '-l', join(this.folder, 'log'), 'start']);
  }

  /** Starts it again after its first process was killed, once the others have noticed. */
  revive(): void {
    for (let tries = 0; ; tries++) {
      try {
        this.up();
        return;
      } catch (error) {
        if (tries === 20) throw error;
      }
    }
  }

  /** Starts it unless it runs, while others go on; whether it takes connections then. */
  async started(): Promise<boolean> {
    const ready = () => this.#aside('pg_isready', ['-q', '-h', this.folder, '-p', String(this.#port || 5432)]);
    if (await ready()) return true;
    await this.#aside('pg_ctl', ['-D', this.data, '-w', '-t', '5', '-l', join(this.folder, 'log'), 'start']);
    return ready();
  }

  /** As when its machine loses power, while others go on. */
  async fallen(): Promise<void> {
    await this.#aside('pg_ctl', ['-D', this.data, '-w', '-m', 'immediate', 'stop']);
  }

  /** Runs a program of the server while others go on; whether it succeeds. */
  #aside(program: string, args: readonly string[]): Promise<boolean> {
    const [file = '', ...all] = [...asPostgres(), join(this.#bin, program), ...args];
    return new Promise((resolve) => {
      const child = spawn(file, all, { cwd: '/', stdio: 'ignore' });
      child.once('exit', (code) => resolve(code === 0));
      child.once('error', () => resolve(false));
    });
  }

  /** Lets all of its processes stand still, until what it answers with is called. */
  freeze(): () => void {
    const pids = [this.pid, ...this.sql('SELECT pid FROM pg_stat_activity').split('\n').map(Number)];
    const signal = (name: NodeJS.Signals) => {
      for (const pid of pids) {
        try {
          process.kill(pid, name);
        } catch {
          // the session that told us is over
        }
      }
    };
    signal('SIGSTOP');
    return () => signal('SIGCONT');
  }

  /** As when its machine loses power. */
  down(): void {
    this.#run('pg_ctl', ['-D', this.data, '-w', '-m', 'immediate', 'stop']);
  }

  #secret(name: string, text: string): void {
    const file = join(this.data, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (process.getuid?.() === 0) spawnSync('chown', ['postgres', file]);
  }

  /** Runs a program of the server, as the user that it runs as. */
  #run(program: string, args: readonly string[]): string {
    const [file = '', ...all] = [...asPostgres(), join(this.#bin, program), ...args];
    const done = spawnSync(file, all, {
      encoding: 'utf8',
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    if (done.status !== 0) throw new Error(`${program} ended with ${done.status}: ${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  /** Runs SQL as the server's administrator; answers with the rows, a line each. */
  sql(text: string): string {
    const at = ['-h', this.folder, '-p', String(this.#port || 5432), '-U', 'parley', '-d', 'postgres'];
    return this.#run('psql', [...at, '-v', 'ON_ERROR_STOP=1', '-Atqc', text]).trim();
  }

  remove(): void {
    try {
      this.down();
    } catch {
      // it is down already
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
