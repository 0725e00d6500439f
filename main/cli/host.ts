import { resolve } from 'node:path';
import type { Host, HostAuth } from '../../shared/console-api/hosts.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Engine } from '../engine.ts';
import type { Command, Session } from './command.ts';
import { EXIT } from './exit.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { hostLine, keyWords } from './print.ts';
import { confirm, isInteractive } from './tty.ts';

export const host: Command = {
  help: `parley host add USER@HOST[:PORT] [--key FILE | --agent | --password] [--trust FINGERPRINT]
parley host list
parley host trust HOST [FINGERPRINT]
parley host facts HOST
parley host remove HOST

HOST is an id of the list, or the address it was added with.
add shows the key of the host and asks whether to trust it; without a terminal, --trust or the command trust does it.
Without --key, --agent or --password: the agent, then the usual keys in ~/.ssh, then the password.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {
      key: { type: 'string' },
      agent: { type: 'boolean' },
      password: { type: 'boolean' },
      trust: { type: 'string' },
    });
    const [what = '', ...rest] = positionals;
    const session = open(values);
    if (what === 'add') return add(session, words(rest, 'USER@HOST')[0] ?? '', authOf(values), values.trust);
    if (what === 'list') return list(session);
    if (what === 'trust') return trust(session, rest[0] ?? '', rest[1]);
    if (what === 'facts') return facts(session, words(rest, 'HOST')[0] ?? '');
    if (what === 'remove') return remove(session, words(rest, 'HOST')[0] ?? '');
    throw usage(`'host' is followed by add, list, trust, facts or remove${what === '' ? '' : `, not '${what}'`}.`);
  },
};

function authOf(values: {
  key?: string | undefined;
  agent?: boolean | undefined;
  password?: boolean | undefined;
}): HostAuth {
  if (values.key !== undefined) return { kind: 'key', path: resolve(values.key) };
  return { kind: values.agent ? 'agent' : values.password ? 'password' : 'auto' };
}

/** @throws ParleyError `no-host` */
export async function findHost(engine: Engine, text: string): Promise<Host> {
  const { hosts } = await engine.call('hosts.list', {});
  const byId = hosts.find((it) => it.id === text);
  if (byId !== undefined) return byId;
  const wanted = await engine.call('hosts.parse', { text });
  const found = hosts.filter((it) => it.address === wanted.address && it.port === wanted.port);
  const exact = found.find((it) => it.user === wanted.user) ?? (text.includes('@') ? undefined : found[0]);
  if (exact !== undefined) return exact;
  throw new ParleyError({
    code: 'no-host',
    what: `There is no host '${text}'.`,
    why: 'The fleet does not know it.',
    todo: `Add it first: parley host add ${text}`,
  });
}

async function add(
  { engine, out }: Session,
  text: string,
  auth: HostAuth,
  fingerprint: string | undefined,
): Promise<number> {
  const { host, added } = await engine.call('hosts.add', { text, auth });
  out.say(added ? `Added ${hostLine(host)}` : `Already there: ${hostLine(host)}`);
  const final =
    host.trustedFingerprint === null || fingerprint !== undefined
      ? await offer({ engine, out }, host, fingerprint)
      : host;
  out.result(
    final,
    final.trustedFingerprint === null
      ? `Not trusted yet: parley host trust ${host.id}`
      : `Trusted: ${final.trustedFingerprint}`,
  );
  return final.trustedFingerprint === null ? EXIT.host : EXIT.ok;
}

/** Shows the key; trusts it when the fingerprint was given, or when the operator says so. */
async function offer(
  { engine, out }: Pick<Session, 'engine' | 'out'>,
  host: Host,
  fingerprint: string | undefined,
): Promise<Host> {
  const key = await engine.call('hosts.key', { hostId: host.id });
  out.say(keyWords(key));
  const agreed =
    fingerprint ??
    (isInteractive() && !out.json && (await confirm('Is this the key of the host?')) ? key.fingerprint : undefined);
  if (agreed === undefined) return host;
  return (await engine.call('hosts.trust', { hostId: host.id, fingerprint: agreed })).host;
}

async function list({ engine, out }: Session): Promise<number> {
  const { hosts } = await engine.call('hosts.list', {});
  out.result(hosts, hosts.length === 0 ? 'No hosts yet: parley host add USER@HOST' : hosts.map(hostLine).join('\n'));
  return EXIT.ok;
}

async function trust({ engine, out }: Session, text: string, fingerprint: string | undefined): Promise<number> {
  const host = await findHost(engine, text);
  if (fingerprint !== undefined || isInteractive()) {
    const now = await offer({ engine, out }, host, fingerprint);
    // The same object comes back when nobody agreed.
    out.result(now, now === host ? 'Nothing was trusted.' : `Trusted: ${now.trustedFingerprint}`);
    return now === host ? EXIT.host : EXIT.ok;
  }
  const key = await engine.call('hosts.key', { hostId: host.id });
  out.result(key, `${keyWords(key)}\nIf that is its key: parley host trust ${host.id} ${key.fingerprint}`);
  return key.verdict === 'trusted' ? EXIT.ok : EXIT.host;
}

async function facts({ engine, out }: Session, text: string): Promise<number> {
  const { id } = await findHost(engine, text);
  const { facts: found } = await engine.call('hosts.facts', { hostId: id });
  out.result(
    found,
    Object.entries(found)
      .map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`)
      .join('\n'),
  );
  return EXIT.ok;
}

async function remove({ engine, out }: Session, text: string): Promise<number> {
  const { id } = await findHost(engine, text);
  await engine.call('hosts.remove', { hostId: id });
  out.result({ removed: id }, 'The host is forgotten. Nothing was changed on it.');
  return EXIT.ok;
}
