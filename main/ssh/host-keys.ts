import { createHash } from 'node:crypto';
import { ParleyError } from '../../shared/errors.ts';

/** The public key a host shows, before anything is sent to it. */
export interface OfferedKey {
  readonly algorithm: string;
  /** as OpenSSH prints it: `SHA256:` and 43 characters */
  readonly fingerprint: string;
  readonly blob: Buffer;
}

export interface TrustedKey {
  readonly algorithm: string;
  readonly fingerprint: string;
  /** milliseconds since 1970 */
  readonly since: number;
}

/** RFC 4253 §6.6: a key blob begins with its algorithm, as a string with its length in front. */
export function offeredKey(blob: Buffer): OfferedKey {
  const length = blob.readUInt32BE(0);
  return {
    algorithm: blob.subarray(4, 4 + length).toString('latin1'),
    fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
    blob,
  };
}

export function verdictOn(offered: OfferedKey, trusted: TrustedKey | null): 'new' | 'trusted' | 'changed' {
  if (trusted === null) return 'new';
  return trusted.fingerprint === offered.fingerprint ? 'trusted' : 'changed';
}

/** @throws ParleyError `host-key-unknown` or `host-key-changed`; nothing has been sent to the host then */
export function requireTrusted(name: string, offered: OfferedKey, trusted: TrustedKey | null): void {
  const verdict = verdictOn(offered, trusted);
  if (verdict === 'new')
    throw new ParleyError({
      code: 'host-key-unknown',
      what: `${name} has shown a key that nobody has confirmed: ${offered.fingerprint} (${offered.algorithm}).`,
      why: 'Without that check Parley might talk to another machine and hand it your password.',
      todo: "Compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub at its console), then trust it.",
    });
  if (verdict === 'changed' && trusted !== null)
    throw new ParleyError({
      code: 'host-key-changed',
      what: `${name} now shows another key: ${offered.fingerprint} (${offered.algorithm}).`,
      why: `Since ${new Date(trusted.since).toISOString().slice(0, 10)} it was known by ${trusted.fingerprint} (${trusted.algorithm}). Either it was installed anew, or another machine answers in its place. Nothing was sent to it.`,
      todo: 'Ask who runs the host whether its key was changed. Only if it was: compare the new fingerprint at its console and trust it anew.',
    });
}
