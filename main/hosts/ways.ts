import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostAuth } from '../../shared/console-api/hosts.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Ask } from '../ssh/ask.ts';
import { readKeyFile } from '../ssh/key-file.ts';
import type { LoginWay } from '../ssh/login.ts';
import { parseKey } from '../ssh/ssh2-host.ts';

/** Where this user's own SSH things are. */
export interface SshHome {
  /** such as ~/.ssh */
  readonly folder: string;
  /** the agent's socket; undefined: none runs */
  readonly agent: string | undefined;
}

// The order of OpenSSH.
const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** How to log in, as the operator chose it. @throws ParleyError `no-agent`, and those of the key file */
export async function waysFor(auth: HostAuth, home: SshHome, ask: Ask, signal?: AbortSignal): Promise<LoginWay[]> {
  if (auth.kind === 'password') return [{ kind: 'password' }];
  if (auth.kind === 'key') return [{ kind: 'key', path: auth.path, key: await readKeyFile(auth.path, ask, signal) }];
  const agent: LoginWay[] = home.agent === undefined ? [] : [{ kind: 'agent', socket: home.agent }];
  if (auth.kind === 'auto') return [...agent, ...(await usualKeys(home.folder)), { kind: 'password' }];
  if (agent.length === 0) throw noAgent();
  return agent;
}

/** Keys that open without a passphrase: for the others there is the agent, or naming the key. */
async function usualKeys(folder: string): Promise<LoginWay[]> {
  const found = USUAL_KEYS.map(async (name): Promise<LoginWay[]> => {
    const path = join(folder, name);
    const text = await readFile(path).catch(() => undefined);
    const key = text && parseKey(text);
    return key === undefined || key instanceof Error ? [] : [{ kind: 'key', path, key }];
  });
  return (await Promise.all(found)).flat();
}

const noAgent = () =>
  new ParleyError({
    code: 'no-agent',
    what: 'There is no SSH agent to log in with.',
    why: 'SSH_AUTH_SOCK is not set for this Parley.',
    todo: 'Start one (ssh-agent, then ssh-add), or choose a key file or a password for this host.',
  });
