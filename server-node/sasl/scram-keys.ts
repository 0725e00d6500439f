import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** The SCRAM mechanisms we keep keys for, strongest first (RFC 5802, RFC 7677, draft-melnikov-scram-sha-512). */
export const SCRAM_HASHES = { 'SCRAM-SHA-512': 'sha512', 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-1': 'sha1' } as const;
export type ScramMechanism = keyof typeof SCRAM_HASHES;
export const SCRAM_MECHANISMS = Object.keys(SCRAM_HASHES) as ScramMechanism[];

/** What a server keeps instead of a password (RFC 5802 §3): base64 throughout. */
export interface ScramKeys {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

export type KeyRing = Readonly<Record<ScramMechanism, ScramKeys>>;

const LENGTHS: Readonly<Record<ScramMechanism, number>> = {
  'SCRAM-SHA-512': 64,
  'SCRAM-SHA-256': 32,
  'SCRAM-SHA-1': 20,
};
/** of a mechanism's digest, bytes */
export const digestLength = (mechanism: ScramMechanism): number => LENGTHS[mechanism];

/** RFC 5802 §3: SaltedPassword, in the pool of threads that Node keeps for it. */
export const saltedPassword = (
  mechanism: ScramMechanism,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Buffer> => derive(password, salt, iterations, digestLength(mechanism), SCRAM_HASHES[mechanism]);

export const freshSalt = (): Buffer => randomBytes(16);

/** What is kept of a SaltedPassword. */
export function keysOf(mechanism: ScramMechanism, salted: Uint8Array, salt: Uint8Array, iterations: number): ScramKeys {
  const hash = SCRAM_HASHES[mechanism];
  const clientKey = createHmac(hash, salted).update('Client Key').digest();
  return {
    salt: Buffer.from(salt).toString('base64'),
    iterations,
    storedKey: createHash(hash).update(clientKey).digest('base64'),
    serverKey: createHmac(hash, salted).update('Server Key').digest('base64'),
  };
}

async function freshKeys(mechanism: ScramMechanism, password: string, iterations: number): Promise<ScramKeys> {
  const salt = freshSalt();
  return keysOf(mechanism, await saltedPassword(mechanism, password, salt, iterations), salt, iterations);
}

/** Keys of every mechanism for a prepared password. `iterations`: PBKDF2 rounds, 4096 at least (RFC 7677 §4). */
export async function keyRing(password: string, iterations: number): Promise<KeyRing> {
  const fresh = (mechanism: ScramMechanism) => freshKeys(mechanism, password, iterations);
  const [strongest, strong, weak] = await Promise.all([
    fresh('SCRAM-SHA-512'),
    fresh('SCRAM-SHA-256'),
    fresh('SCRAM-SHA-1'),
  ]);
  return { 'SCRAM-SHA-512': strongest, 'SCRAM-SHA-256': strong, 'SCRAM-SHA-1': weak };
}

/**
 * Keys nobody has the password of, the same for a name each time, so that a login of a name that does not exist looks
 * and costs like one with a wrong password. With other iterations they are others, as after a new password.
 */
export function decoyKeys(mechanism: ScramMechanism, name: string, secret: Uint8Array, iterations: number): ScramKeys {
  const part = (use: string) =>
    createHmac('sha512', secret).update(`${use}\0${mechanism}\0${name}\0${iterations}`).digest();
  const length = digestLength(mechanism);
  return {
    salt: part('salt').subarray(0, 16).toString('base64'),
    iterations,
    storedKey: part('stored').subarray(0, length).toString('base64'),
    serverKey: part('server').subarray(0, length).toString('base64'),
  };
}
