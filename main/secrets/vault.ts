import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from './secret.ts';
import { writeSecretFile } from './secret-file.ts';
import type { SecretStore } from './secret-store.ts';

const Hex = v.pipe(v.string(), v.regex(/^[0-9a-f]*$/));
const VaultFile = v.object({
  format: v.literal('parley-vault-1'),
  scrypt: v.object({ N: v.number(), r: v.number(), p: v.number(), salt: Hex }),
  iv: Hex,
  tag: Hex,
  sealed: Hex,
});
type VaultFile = v.InferOutput<typeof VaultFile>;
type Cost = Omit<VaultFile['scrypt'], 'salt'>;

// 64 MiB and some 200 ms a guess (OWASP's advice for scrypt).
const COST: Cost = { N: 2 ** 16, r: 8, p: 1 };

export interface Vault extends SecretStore {
  exists(): boolean;
  /** @throws ParleyError `vault-exists` */
  create(passphrase: Secret): Promise<void>;
  /** @throws ParleyError `no-vault`, `bad-vault`, `wrong-passphrase` */
  unlock(passphrase: Secret): Promise<void>;
  lock(): void;
}

/** Secrets in one file, sealed with AES-256-GCM under a key that scrypt makes from a passphrase. */
export function openVault(path: string): Vault {
  let open: { key: Buffer; salt: Buffer; secrets: Map<string, string> } | undefined;

  const save = async () => {
    if (open !== undefined) await writeSecretFile(path, JSON.stringify(seal(open.key, open.salt, open.secrets)));
  };
  const unlocked = () => {
    if (open === undefined) throw lockedFault();
    return open;
  };

  return {
    kind: 'vault',
    exists: () => existsSync(path),
    locked: () => open === undefined,
    lock: () => {
      open = undefined;
    },
    async create(passphrase) {
      if (existsSync(path)) throw existsFault(path);
      const salt = randomBytes(16);
      open = { key: await keyFrom(passphrase, salt, COST), salt, secrets: new Map() };
      await save();
    },
    async unlock(passphrase) {
      const file = await readVault(path);
      const salt = Buffer.from(file.scrypt.salt, 'hex');
      const key = await keyFrom(passphrase, salt, file.scrypt);
      open = { key, salt, secrets: unseal(key, file) };
    },
    async get(subject) {
      const text = open?.secrets.get(subject);
      return text === undefined ? undefined : new Secret(text);
    },
    async set(subject, secret) {
      unlocked().secrets.set(subject, secret.reveal());
      await save();
    },
    async remove(subject) {
      if (open?.secrets.delete(subject)) await save();
    },
  };
}

function keyFrom(passphrase: Secret, salt: Buffer, { N, r, p }: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(passphrase.reveal().normalize('NFKC'), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );
}

function seal(key: Buffer, salt: Buffer, secrets: Map<string, string>): VaultFile {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(JSON.stringify([...secrets]), 'utf8'), cipher.final()]);
  return {
    format: 'parley-vault-1',
    scrypt: { ...COST, salt: salt.toString('hex') },
    iv: iv.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
    sealed: sealed.toString('hex'),
  };
}

function unseal(key: Buffer, file: VaultFile): Map<string, string> {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(file.iv, 'hex'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(file.tag, 'hex'));
  try {
    const text = Buffer.concat([decipher.update(Buffer.from(file.sealed, 'hex')), decipher.final()]).toString();
    return new Map(v.parse(v.array(v.tuple([v.string(), v.string()])), JSON.parse(text)));
  } catch {
    throw new ParleyError({
      code: 'wrong-passphrase',
      what: 'The vault stays locked.',
      why: 'The passphrase does not open it.',
      todo: 'Type it again. Without it the saved passwords are lost; Parley will then ask for each.',
    });
  }
}

async function readVault(path: string): Promise<VaultFile> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new ParleyError({
      code: 'no-vault',
      what: 'There is no vault yet.',
      why: `${path} does not exist or can't be read.`,
      todo: 'Choose a passphrase to make one.',
    });
  });
  try {
    return v.parse(VaultFile, JSON.parse(text));
  } catch {
    throw new ParleyError({
      code: 'bad-vault',
      what: 'The vault is damaged.',
      why: `${path} is not what Parley wrote.`,
      todo: 'Restore that file from a backup, or move it away to begin a new vault.',
    });
  }
}

const lockedFault = () =>
  new ParleyError({
    code: 'vault-locked',
    what: 'The vault is locked.',
    why: 'A password can only be saved in an open vault.',
    todo: 'Unlock it with its passphrase first.',
  });

const existsFault = (path: string) =>
  new ParleyError({
    code: 'vault-exists',
    what: 'There is a vault already.',
    why: `${path} holds saved passwords.`,
    todo: 'Unlock it with its passphrase.',
  });
