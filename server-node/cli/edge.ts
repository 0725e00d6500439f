import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join, resolve } from 'node:path';
import { ParleyError } from '../../shared/errors.ts';
import { parseSetting } from '../config/config.ts';
import { byName, edgeConfigOf, parseEdgeConfig, writeEdgeConfig } from '../config/edge-config.ts';
import type { EdgeConfig } from '../config/edge-keys.ts';
import { startEdge } from '../edge-node.ts';
import { Log } from '../observe/log.ts';
import { isUnixPath } from '../transport/link-socket.ts';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { type CoreNow, edgeFindings } from './edge-check.ts';
import { edgeUnit } from './edge-unit.ts';
import { EXIT } from './exit.ts';
import { tellFindings } from './findings.ts';
import { notifySystemd } from './notify.ts';
import { howTo, readOptions, required, usage } from './options.ts';
import { startFailure } from './run.ts';
import { selfSigned } from './self-signed.ts';

const help = `parleyd edge init --data DIR --core DOMAIN=WHERE ... [--set KEY=VALUE ...]
parleyd edge run --data DIR
parleyd edge status --data DIR
parleyd edge check --data DIR [--json]
parleyd edge unit --data DIR [--user NAME]

The connections of one domain or several, in a process of their own: their cores may be restarted, or die, and clients stay
connected. docs/edges.md says how to set one up.

  init      makes DIR: edge.toml with every key explained, a certificate for each domain that has none there, and one that
            the edge shows to cores that it reaches over the network (link.cert.pem: give it to them as edge.authorities)
  run       runs it until SIGTERM or SIGINT; SIGHUP reads the certificates again
  status    what it is connected to, as JSON
  check     looks at its certificates, its ports while it is stopped, and whether each core lets it in. Exit code 0: all is well
  unit      prints the systemd unit that runs it, shut off from the rest of the system, as the account that owns DIR

  --core DOMAIN=WHERE   where a core of the domain listens for edges: a Unix socket's path, or HOST:PORT; more than one may be given
  --set KEY=VALUE       any key of edge.toml
`;

const FILE = 'edge.toml';

export const edge: Command = {
  help,
  async run(args) {
    const [what, ...rest] = args;
    if (what === 'init') return init(rest);
    if (what === 'run') return run(rest);
    if (what === 'status') return status(rest);
    if (what === 'check') return check(rest);
    if (what === 'unit') return unit(rest);
    throw usage(`There is no 'parleyd edge ${what ?? ''}'.`, howTo(help));
  },
};

function openEdge(data: string): { readonly folder: string; readonly config: EdgeConfig } {
  const folder = resolve(data);
  const file = join(folder, FILE);
  if (existsSync(file)) return { folder, config: parseEdgeConfig(readFileSync(file, 'utf8'), file) };
  throw new ParleyError({
    code: 'no-edge',
    what: `There is no edge in ${folder}.`,
    why: `It has no ${FILE}.`,
    todo: `Make one: parleyd edge init --core DOMAIN=WHERE --data ${data}`,
  });
}

async function init(args: readonly string[]): Promise<number> {
  const { values } = readOptions(
    args,
    {
      data: { type: 'string' },
      core: { type: 'string', multiple: true },
      set: { type: 'string', multiple: true },
    },
    help,
  );
  const folder = resolve(required(values.data, '--data', help));
  const settings = (values.set ?? []).map(parseSetting);
  const given = new Map<string, unknown>([
    ...settings,
    ...(values.core === undefined ? [] : [['cores', values.core] as const]),
  ]);
  const config = edgeConfigOf(given, 'The command line');
  const file = join(folder, FILE);
  if (existsSync(file)) {
    throw new ParleyError({
      code: 'exists',
      what: `There is an edge in ${folder} already.`,
      why: `It has an ${FILE}.`,
      todo: 'Change that file, or choose another folder.',
    });
  }
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const named = byName(config['tls.certificates']);
  const domains = byName(config.cores);
  const made: string[] = [];
  const make = async (domain: string, certificate: string, key: string) => {
    if (existsSync(resolve(folder, certificate)) && existsSync(resolve(folder, key))) return;
    const pair = await selfSigned(domain);
    writeFileSync(resolve(folder, key), pair.key, { mode: 0o600 });
    writeFileSync(resolve(folder, certificate), pair.certificate, { mode: 0o644 });
    made.push(certificate);
  };
  for (const domain of domains.keys())
    if (!named.has(domain)) await make(domain, `${domain}.cert.pem`, `${domain}.key.pem`);
  const remote = [...domains.values()].flat().some((address) => !isUnixPath(address));
  if (remote) await make(config.name, config['link.certificate'], config['link.key']);
  writeFileSync(file, writeEdgeConfig(given), { mode: 0o640 }); // last: a folder that has it is whole
  const next = remote
    ? `Next: give ${config['link.certificate']} to the cores as edge.authorities, put their certificates here as ${config['link.authorities']}, then `
    : 'Next: ';
  process.stdout.write(
    `An edge for ${[...domains.keys()].join(', ')} is ready in ${folder}.\n${made.length === 0 ? '' : `Self-signed: ${made.join(', ')}\n`}${next}parleyd edge run --data ${folder}\nUnder systemd: parleyd edge unit --data ${folder} > /etc/systemd/system/parleyd-edge.service\n`,
  );
  return EXIT.ok;
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, { data: { type: 'string' } }, help);
  const { folder, config } = openEdge(required(values.data, '--data', help));
  const log = new Log(config['log.level']);
  process.on('uncaughtException', (error) => log.error('a bug was caught at the last moment', error));
  process.on('unhandledRejection', (error) => log.error('a bug was caught at the last moment', error));
  const node = await startEdge(config, folder, log).catch((error: unknown) => {
    throw startFailure(error);
  });
  const places = node.addresses.map(({ name, address }) => `${name} ${address}`).join(', ');
  log.info(`parleyd ${VERSION} serves as an edge of ${node.domains.join(', ')}: ${places}`);
  await notifySystemd('READY=1');
  process.on('SIGHUP', () => {
    try {
      node.reload();
      log.info('the certificates were read again');
    } catch (error) {
      log.error('a new certificate is unusable, the old one stays', error);
    }
  });
  await new Promise<void>((stop) => {
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
  log.info('stopping');
  await notifySystemd('STOPPING=1');
  await node.stop();
  log.info('stopped');
  process.exit(EXIT.ok);
}

async function status(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, { data: { type: 'string' } }, help);
  const { folder, config } = openEdge(required(values.data, '--data', help));
  const socketPath = resolve(folder, config['admin.socket']);
  const text = await ask(socketPath);
  if (text === undefined) {
    throw new ParleyError({
      code: 'not-running',
      what: `The edge in ${folder} does not run.`,
      why: `Nobody answers on ${socketPath}.`,
      todo: `Start it: parleyd edge run --data ${folder}`,
    });
  }
  process.stdout.write(text);
  return EXIT.ok;
}

async function check(args: readonly string[]): Promise<number> {
  const { values } = readOptions(args, { data: { type: 'string' }, json: { type: 'boolean' } }, help);
  const { folder, config } = openEdge(required(values.data, '--data', help));
  const path = (name: string) => resolve(folder, name);
  const text = await ask(path(config['admin.socket']));
  const now = text === undefined ? undefined : (JSON.parse(text) as EdgeNow);
  const running = now?.domains.flatMap(({ domain, cores }) => cores.map((core) => ({ domain, ...core })));
  return tellFindings(await edgeFindings(config, path, running), values.json === true);
}

/** Of what it says of itself, what check needs. */
interface EdgeNow {
  readonly domains: readonly {
    readonly domain: string;
    readonly cores: readonly Omit<CoreNow, 'domain'>[];
  }[];
}

function unit(args: readonly string[]): number {
  const { values } = readOptions(args, { data: { type: 'string' }, user: { type: 'string' } }, help);
  const { folder, config } = openEdge(required(values.data, '--data', help));
  process.stdout.write(edgeUnit(config, folder, process.execPath, values.user));
  return EXIT.ok;
}

/** What the edge says of itself; undefined when it does not run. */
function ask(socketPath: string): Promise<string | undefined> {
  return new Promise((answer) => {
    const request = get({ socketPath, path: '/status' }, (response) => {
      let heard = '';
      response.setEncoding('utf8');
      response.on('data', (data: string) => {
        heard += data;
      });
      response.on('end', () => answer(heard));
    });
    request.on('error', () => answer(undefined));
  });
}
