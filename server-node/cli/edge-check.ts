import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { byName } from '../config/edge-config.ts';
import type { EdgeConfig } from '../config/edge-keys.ts';
import type { Pipe } from '../link/link.ts';
import { listenOptions } from '../transport/address.ts';
import { dialCore, isUnixPath, type LinkIdentity } from '../transport/link-socket.ts';
import { authoritiesFinding, certificateFinding, type Finding, words } from './findings.ts';

/** a core that does not let an edge in says so after the handshake, within this, milliseconds */
const REFUSAL_MS = 1000;

/** What an edge that runs says of one of its cores. */
export interface CoreNow {
  readonly domain: string;
  readonly address: string;
  readonly connected: boolean;
  readonly sessions: number;
}

/** Looks at the certificates of an edge, at its doors while it is stopped, and at each of its cores. `running`: undefined: it does not. */
export async function edgeFindings(
  config: EdgeConfig,
  path: (name: string) => string,
  running: readonly CoreNow[] | undefined,
): Promise<Finding[]> {
  const cores = [...byName(config.cores)].flatMap(([domain, all]) => all.map((address) => ({ domain, address })));
  const named = byName(config['tls.certificates']);
  const certificates = [...byName(config.cores).keys()].map((domain) => {
    const [pair = `${domain}.cert.pem:${domain}.key.pem`] = named.get(domain) ?? [];
    const [certificate = '', key = ''] = pair.split(':');
    return certificateFinding(`certificate of ${domain}`, path(certificate), path(key), domain);
  });
  const remote = cores.some(({ address }) => !isUnixPath(address));
  return [
    { what: 'edge', ok: true, detail: running === undefined ? 'it does not run' : 'it runs' },
    ...certificates,
    ...(remote ? [authoritiesFinding('link.authorities', path(config['link.authorities']))] : []),
    ...(running === undefined ? await doors(config) : []),
    ...(await Promise.all(cores.map(({ domain, address }) => core(config, path, domain, address, running)))),
  ];
}

async function core(
  config: EdgeConfig,
  path: (name: string) => string,
  domain: string,
  address: string,
  running: readonly CoreNow[] | undefined,
): Promise<Finding> {
  const what = `core of ${domain} at ${address}`;
  const now = running?.find((it) => it.domain === domain && it.address === address);
  if (now?.connected) return { what, ok: true, detail: `connected, ${now.sessions} sessions` };
  try {
    const pipe = isUnixPath(address)
      ? await dialCore(path(address), domain, undefined)
      : await dialCore(address, domain, identityOf(config, path));
    const refused = await closed(pipe);
    if (refused)
      return {
        what,
        ok: false,
        detail: `it does not let this edge in: see that ${config['link.certificate']} is in its edge.authorities`,
      };
    return {
      what,
      ok: running === undefined,
      detail: running === undefined ? 'it can be reached' : 'it can be reached, and is not connected yet',
    };
  } catch (error) {
    return { what, ok: false, detail: `can't be reached: ${reason(error, path(address))}` };
  }
}

const identityOf = (config: EdgeConfig, path: (name: string) => string): LinkIdentity => ({
  cert: readFileSync(path(config['link.certificate']), 'utf8'),
  key: readFileSync(path(config['link.key']), 'utf8'),
  ca: readFileSync(path(config['link.authorities']), 'utf8'),
});

function reason(error: unknown, file: string): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && !existsSync(file)) return `there is no ${file}: the core does not run, or listens elsewhere`;
  if (code === 'EACCES') return `${words(error)}: core and edge must be the same account`;
  return words(error);
}

/** Whether the other side closes at once; we close otherwise. */
function closed(pipe: Pipe): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
      pipe.close();
    }, REFUSAL_MS);
    pipe.listen(
      () => {},
      () => {
        clearTimeout(timer);
        resolve(true);
      },
    );
  });
}

/** While it is stopped: whether it could have its ports. */
async function doors(config: EdgeConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of ['listen.c2s', 'listen.c2s_tls', 'listen.https', 'listen.http'] as const) {
    if (config[name] === 'off') continue;
    const problem = await new Promise<string | undefined>((resolve) => {
      const server = createServer();
      server.once('error', (error) => resolve(error.message));
      server.listen(listenOptions(config[name]), () => server.close(() => resolve(undefined)));
    });
    findings.push({ what: name, ok: problem === undefined, detail: problem ?? `${config[name]} is free` });
  }
  return findings;
}
