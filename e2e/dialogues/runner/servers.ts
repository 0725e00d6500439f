import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, NodeUnderTest } from '../../clients/node-under-test.ts';
import { ClusterUnderTest } from '../../hosts/cluster.ts';
import { PrivatePostgres } from '../../hosts/postgres.ts';
import { type Account, type Address, Connection } from './connection.ts';
import type { Stage } from './play.ts';

/** A server that was started for dialogues, with as many accounts as they need. */
export interface Host {
  readonly stage: Stage;
  /** which server, and which version of it */
  readonly name: string;
  stop(): Promise<void>;
}

const DOMAIN = 'dialogues.example';
const peer = join(import.meta.dirname, '..', 'peers');

/** Accounts that are handed out once. */
class Pool implements Stage {
  readonly host: string;
  readonly port: number;
  readonly domain: string;
  readonly #accounts: Account[];
  #ghosts = 0;

  constructor(address: Address, accounts: readonly Account[]) {
    this.host = address.host;
    this.port = address.port;
    this.domain = address.domain;
    this.#accounts = [...accounts];
  }

  account(): Account {
    const account = this.#accounts.shift();
    if (account === undefined) throw new Error('there are no accounts left: more are needed');
    return account;
  }

  ghost(): string {
    return `ghost${++this.#ghosts}`;
  }
}

const newAccounts = (count: number): Account[] =>
  Array.from({ length: count }, (_, i) => ({ name: `user${i + 1}`, password: `pencil-${i + 1}` }));

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function startParleyd(accounts: number): Promise<Host> {
  const contact = `contact.abuse=mailto:abuse@${DOMAIN}`;
  // PARLEYD_STORAGE=postgres: the same conversations over the other storage
  const database = process.env['PARLEYD_STORAGE'] === 'postgres' ? PrivatePostgres.start() : undefined;
  const storage = database === undefined ? [] : ['--storage', database.url];
  const node = await NodeUnderTest.make(DOMAIN, ['limits.bytes_per_second=0', contact], undefined, storage);
  await node.start();
  const people = newAccounts(accounts);
  const file = join(node.folder, 'people.csv');
  writeFileSync(file, people.map(({ name, password }) => `${name},${password}\n`).join(''));
  node.parleyd(['user', 'import', file]);
  const address = { host: '127.0.0.1', port: node.port, domain: DOMAIN };
  return {
    stage: new Pool(address, people),
    name: 'parleyd',
    stop: async () => {
      await node.remove();
      database?.remove();
    },
  };
}

/** The same over three nodes of one cluster: each connection goes to the next, so that who speak are at different ones. */
export async function startCluster(accounts: number): Promise<Host> {
  const cluster = await ClusterUnderTest.make(
    DOMAIN,
    ['a', 'b', 'c'],
    ['limits.bytes_per_second=0', `contact.abuse=mailto:abuse@${DOMAIN}`],
    { sync: false },
  );
  const people = newAccounts(accounts);
  const [first] = cluster.nodes;
  if (first === undefined) throw new Error('there is no node');
  const file = join(first.folder, 'people.csv');
  writeFileSync(file, people.map(({ name, password }) => `${name},${password}\n`).join(''));
  first.parleyd(['user', 'import', file]);
  await cluster.start();
  const stage = new Pool({ host: '127.0.0.1', port: first.port, domain: DOMAIN }, people);
  Object.defineProperty(stage, 'distanceMs', { value: 50 });
  let turn = 0;
  Object.defineProperty(stage, 'port', { get: () => cluster.nodes[turn++ % cluster.nodes.length]?.port });
  return { stage, name: 'parleyd, three nodes', stop: () => cluster.remove() };
}

/** A folder with a certificate and a filled-in configuration, which belongs to the server's user. */
async function folderFor(name: string, config: string, port: number): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `dialogues-${name}-`));
  const [key, crt] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN}`, '-keyout', key, '-out', crt],
  ]);
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
  writeFileSync(join(folder, 'both.pem'), readFileSync(crt, 'utf8') + readFileSync(key, 'utf8'));
  const text = readFileSync(join(peer, config), 'utf8');
  const filled = text.replaceAll('@DATA@', folder).replaceAll('@DOMAIN@', DOMAIN).replaceAll('@PORT@', String(port));
  writeFileSync(join(folder, config), filled);
  return folder;
}

const asUser = (user: string): string[] =>
  process.getuid?.() === 0 ? ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'] : ['env'];

/** Starts a program as a group of its own, and waits until its port answers. */
async function launch(
  user: string,
  command: readonly string[],
  folder: string,
  port: number,
  env = {},
): Promise<ChildProcess> {
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', `${user}:`, folder]);
  const [file = '', ...args] = [...asUser(user), ...command];
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, ...env },
    stdio: 'ignore',
    detached: true,
  });
  for (let i = 0; i < 300; i++) {
    if (child.exitCode !== null) break;
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      setTimeout(() => socket.destroy(), 200);
    });
    if (there) return child;
    await wait(100);
  }
  throw new Error(`${command[0]} does not answer on port ${port}; see ${folder}`);
}

/** Ends a server and drops its folder; also when the run itself is ended before it could ask. */
function stopper(child: ChildProcess, folder: string): () => Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name); // the group that was started for it, and nobody else
    } catch {}
  };
  const drop = () => {
    signal('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', drop);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => process.exit(1));
  return async () => {
    signal('SIGTERM');
    await Promise.race([ended, wait(5000)]);
    process.off('exit', drop);
    drop();
  };
}

const versionOf = (name: string): string =>
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query's own notation
  `${name} ${spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' }).stdout ?? ''}`.trim();

/** Debian's package, on loopback. Accounts are put where its internal storage looks for them. */
export async function startProsody(accounts: number): Promise<Host> {
  const port = await freePort();
  const folder = await folderFor('prosody', 'prosody.cfg.lua', port);
  const people = newAccounts(accounts);
  const place = join(folder, DOMAIN.replaceAll('.', '%2e'), 'accounts');
  mkdirSync(place, { recursive: true });
  for (const { name, password } of people)
    writeFileSync(join(place, `${name}.dat`), `return { ["password"] = "${password}"; };\n`);
  const command = ['prosody', '-F', '--config', join(folder, 'prosody.cfg.lua')];
  const child = await launch('prosody', command, folder, port);
  const address = { host: '127.0.0.1', port, domain: DOMAIN };
  return { stage: new Pool(address, people), name: versionOf('prosody'), stop: stopper(child, folder) };
}

/** Debian's package, on loopback. Accounts register in band (XEP-0077). */
export async function startEjabberd(accounts: number): Promise<Host> {
  const port = await freePort();
  const folder = await folderFor('ejabberd', 'ejabberd.yml', port);
  const libraries = spawnSync(
    'sh',
    ['-c', 'ls -d /usr/lib/*/ejabberd-*/ /usr/lib/ejabberd-*/ 2>/dev/null | head -n 1'],
    {
      encoding: 'utf8',
    },
  ).stdout.trim();
  const env = {
    ERL_LIBS: join(libraries, '..'),
    ERL_CRASH_DUMP: join(folder, 'crash'),
    EJABBERD_CONFIG_PATH: join(folder, 'ejabberd.yml'),
  };
  const command = ['erl', '-noinput', '-mnesia', 'dir', `"${folder}/mnesia"`, '-s', 'ejabberd'];
  const child = await launch('ejabberd', command, folder, port, env);
  const stop = stopper(child, folder);
  const address = { host: '127.0.0.1', port, domain: DOMAIN };
  try {
    return {
      stage: new Pool(address, await registered(address, newAccounts(accounts))),
      name: versionOf('ejabberd'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function registered(address: Address, people: readonly Account[]): Promise<readonly Account[]> {
  const connection = await Connection.to(address);
  await connection.open();
  for (const { name, password } of people) {
    connection.send(
      `<iq type='set' id='${name}'><query xmlns='jabber:iq:register'><username>${name}</username><password>${password}</password></query></iq>`,
    );
    const answer = await connection.next();
    if (answer?.kind !== 'element' || answer.node.attributes['type'] !== 'result')
      throw new Error(`${name} could not be registered: ${JSON.stringify(answer)}`);
  }
  await connection.close();
  return people;
}

/** A server that runs already, with accounts as lines of NAME,PASSWORD. They should be fresh. */
export function remote(server: string, domain: string, file: string, needed: number): Host {
  if (domain === '' || file === '') throw new Error('--server needs --domain and --accounts FILE');
  const at = server.lastIndexOf(':');
  const people = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => ({ name: line.slice(0, line.indexOf(',')), password: line.slice(line.indexOf(',') + 1).trim() }));
  if (people.length < needed) throw new Error(`${file} has ${people.length} accounts; these dialogues need ${needed}`);
  const address = { host: server.slice(0, at), port: Number(server.slice(at + 1)), domain };
  return { stage: new Pool(address, people), name: server, stop: async () => {} };
}
