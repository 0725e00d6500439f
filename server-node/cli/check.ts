import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { type AdminClient, connectAdmin } from '../admin/admin-client.ts';
import { openStores } from '../storage/open.ts';
import { listenOptions } from '../transport/address.ts';
import { isUnixPath } from '../transport/link-socket.ts';
import { capacity, machineOf } from './capacity.ts';
import { edgeDoor, edgesNow } from './check-edges.ts';
import type { Command } from './command.ts';
import { certificateFinding, type Finding, tellFindings, words } from './findings.ts';
import { probeLogin } from './login-probe.ts';
import { type NodeFolder, openFolder, readOptions, required } from './options.ts';

const help = `parleyd check --data DIR [--json]

Looks at configuration, certificate, storage, ports and what the machine lets it carry; when the node runs, logs in to it as a client does, with an
account made for that and removed again; tells which edges are connected, and which can't be reached. Exit code 0: all is well, 1: something is not.
`;

export const check: Command = {
  help,
  async run(args) {
    const { values } = readOptions(args, { data: { type: 'string' }, json: { type: 'boolean' } }, help);
    const node = openFolder(required(values.data, '--data', help));
    const findings: Finding[] = [
      { what: 'configuration', ok: true, detail: `serves ${node.config.domain}` },
      certificateFinding(
        'certificate',
        node.path(node.config['tls.certificate']),
        node.path(node.config['tls.key']),
        node.config.domain,
      ),
      ...edgeDoor(node.config, node.path),
      await storage(node),
    ];
    const client = await connectAdmin(node.path(node.config['admin.socket']));
    if (client === undefined)
      findings.push(...(await ports(node)), { what: 'capacity', ...capacity(machineOf(undefined)) });
    else {
      findings.push(...(await logins(node, client)));
      client.close();
    }
    return tellFindings(findings, values.json === true);
  },
};

async function storage({ config, path }: NodeFolder): Promise<Finding> {
  const what = 'storage';
  try {
    const stores = await openStores(config, path);
    const damage = await stores.check();
    const people = await stores.accounts.count();
    await stores.close();
    if (damage.length > 0) return { what, ok: false, detail: `damaged: ${damage.join('; ')}` };
    return { what, ok: true, detail: `sound, ${people} ${people === 1 ? 'person' : 'people'}` };
  } catch (error) {
    return { what, ok: false, detail: words(error) };
  }
}

/** While the node is stopped: whether it could have its ports. */
async function ports({ config }: NodeFolder): Promise<Finding[]> {
  const findings: Finding[] = [{ what: 'node', ok: true, detail: 'it does not run' }];
  for (const name of ['listen.c2s', 'listen.c2s_tls', 'listen.https', 'listen.http', 'listen.edges'] as const) {
    if (config[name] === 'off' || (name === 'listen.edges' && isUnixPath(config[name]))) continue;
    const problem = await new Promise<string | undefined>((resolve) => {
      const server = createServer();
      server.once('error', (error) => resolve(error.message));
      server.listen(listenOptions(config[name]), () => server.close(() => resolve(undefined)));
    });
    findings.push({ what: name, ok: problem === undefined, detail: problem ?? `${config[name]} is free` });
  }
  return findings;
}

/** While it runs: a login through each of its doors. */
async function logins(node: NodeFolder, client: AdminClient): Promise<Finding[]> {
  const status = await client.call('status', {});
  const name = `parley-check-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  const findings: Finding[] = [
    { what: 'node', ok: true, detail: `runs as process ${status.pid}, ${status.sessions} sessions` },
    { what: 'capacity', ...capacity(machineOf(status.pid)) },
    ...edgesNow(node.config, status.edges, Date.now()),
  ];
  await client.call('users.add', { name, password });
  try {
    for (const listener of status.listeners) {
      if (listener.name === 'http' || listener.name === 'edges') continue;
      const at = listener.address.lastIndexOf(':');
      const bound = listener.address.slice(0, at).replace(/^\[|\]$/g, '');
      const host = bound === '::' || bound === '0.0.0.0' ? '127.0.0.1' : bound;
      const tls = listener.name === 'c2s' ? 'starttls' : 'direct';
      const target = {
        host,
        port: Number(listener.address.slice(at + 1)),
        domain: node.config.domain,
        tls,
        fingerprint: status.certificate.fingerprint,
        name,
        password,
      } as const;
      const what = `login by ${tls === 'direct' ? 'direct TLS' : 'STARTTLS'}`;
      findings.push(
        await probeLogin(target).then(
          (jid) => ({ what, ok: true, detail: `as ${jid.split('/')[0]} on ${listener.address}` }),
          (error: unknown) => ({ what, ok: false, detail: words(error) }),
        ),
      );
    }
  } finally {
    await client.call('users.remove', { name });
  }
  return findings;
}
