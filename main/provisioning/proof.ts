import { randomBytes, X509Certificate } from 'node:crypto';
import type { Connection } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from '../secrets/secret.ts';
import { type ExecOptions, type Host, throwIfCancelled } from '../ssh/host.ts';
import { type Command, sh } from '../ssh/shell.ts';
import { logIn } from './login.ts';
import { binaryPath, type Work } from './step.ts';
import { parleyd } from './steps/as-user.ts';

const PREFIX = 'parley-check-';

/** Reads on the host what clients will see: its certificate. */
export async function connectionOf(host: Host, work: Work, signal?: AbortSignal): Promise<Connection> {
  const pem = await told(host, work, sh`cat ${work.layout.data}/cert.pem`, { ...(signal && { signal }) });
  const certificate = new X509Certificate(pem);
  return {
    domain: work.domain,
    address: work.address,
    c2sPort: work.ports.c2s,
    c2sTlsPort: work.ports.c2sTls,
    certificateFingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    selfSigned: certificate.issuer === certificate.subject,
  };
}

/**
 * Logs in as a client would, with an account that is made for it and removed again, whatever comes of it.
 * @throws ParleyError of the login; `firewall` when the node answers on its own host and not from here
 */
export async function proveLogin(host: Host, work: Work, signal: AbortSignal): Promise<void> {
  const { certificateFingerprint } = await connectionOf(host, work, signal);
  const name = `${PREFIX}${randomBytes(4).toString('hex')}`;
  const password = new Secret(randomBytes(18).toString('base64url'));
  const user = (words: string[]) => parleyd(work, binaryPath(work), ['user', ...words, '--data', work.layout.data]);
  // Nodes of one domain share its accounts: one of them clears, or they would clear one another's.
  if (work.cluster === undefined || work.cluster.first) await clearLeftOvers(host, work, user, signal);
  await told(host, work, user(['add', name]), { stdin: `${password.reveal()}\n`, signal });
  try {
    const { address, domain, ports } = work;
    await logIn({ address, port: ports.c2s, domain, name, password, fingerprint: certificateFingerprint }, signal);
  } catch (error) {
    throw await behindFirewall(host, work, error);
  } finally {
    const removed = told(host, work, user(['remove', name]), {});
    // Who cancels does not wait; should it not get through, the next proof clears it away.
    if (signal.aborted) removed.catch(() => undefined);
    else await removed;
  }
}

/** A run that was cut off in the middle of its login may have left its account. */
async function clearLeftOvers(host: Host, work: Work, user: (words: string[]) => Command, signal: AbortSignal) {
  const list = await told(host, work, user(['list']), { signal });
  const names = list.match(new RegExp(`${PREFIX}[0-9a-f]{8}`, 'g')) ?? [];
  for (const name of new Set(names)) await told(host, work, user(['remove', name]), { signal });
}

async function told(host: Host, work: Work, command: Command, options: Omit<ExecOptions, 'root'>): Promise<string> {
  throwIfCancelled(options.signal);
  const result = await host.exec(command, { ...options, root: work.layout.user !== null });
  if (result.code === 0) return result.stdout;
  throw new ParleyError({
    code: 'node-refused',
    what: `parleyd did not do what was asked: ${command.text}`,
    why: `The host said: ${(result.stderr || result.stdout).trim()}`,
    todo: 'Correct what it names, then provision again.',
  });
}

/** The same login made on the host itself tells a firewall from a node that is ill. */
async function behindFirewall(host: Host, work: Work, error: unknown): Promise<unknown> {
  if (!(error instanceof ParleyError) || error.code !== 'unreachable') return error;
  const check = parleyd(work, binaryPath(work), ['check', '--data', work.layout.data]);
  const { code, stdout } = await host.exec(check, { root: work.layout.user !== null });
  if (code !== 0)
    return new ParleyError({ ...error.toJSON(), why: `On the host itself, parleyd check says: ${stdout.trim()}` });
  const { address, ports, domain } = work;
  const list = [ports.c2s, ports.c2sTls].filter((port) => port !== null).join(' and ');
  return new ParleyError({
    code: 'firewall',
    what: `${domain} runs, but port ${ports.c2s} of ${address} can't be reached from here.`,
    why: `On the host itself a login works, so a firewall stands between. ${error.why}`,
    todo: `Allow TCP ${list} to the host (nft, ufw, or your provider's firewall), then provision again: only this check will be left to do.`,
  });
}
