import { createHmac } from 'node:crypto';
import type { OfferedKey } from './host-keys.ts';

/**
 * What a user's known_hosts says about a key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). A hint for the operator who
 * compares fingerprints: Parley never trusts a key because of it.
 */
export function knownHostsSay(
  text: string,
  target: { readonly address: string; readonly port: number },
  offered: OfferedKey,
): 'same' | 'different' | 'silent' {
  const name = target.port === 22 ? target.address : `[${target.address}]:${target.port}`;
  const keys = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([names, algorithm]) => names !== undefined && algorithm === offered.algorithm && namesMatch(names, name))
    .map(([, , key]) => key);
  if (keys.length === 0) return 'silent';
  return keys.includes(offered.blob.toString('base64')) ? 'same' : 'different';
}

function namesMatch(names: string, name: string): boolean {
  return names.split(',').some((pattern) => {
    const [, , salt, hash] = pattern.startsWith('|1|') ? pattern.split('|') : [];
    if (salt === undefined || hash === undefined) return pattern === name;
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  });
}
