import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from './secret.ts';
import { writeSecretFile } from './secret-file.ts';
import type { SecretStore } from './secret-store.ts';

/**
 * The operating system's way to lock a text for this user, as Electron's safeStorage offers it. The engine has no
 * Electron: the window's process lends it over plain messages. Both take and give base64.
 */
export interface Lockbox {
  encrypt(text: string): Promise<string>;
  decrypt(locked: string): Promise<string>;
}

const KeychainFile = v.record(v.string(), v.string());

/** Secrets in one file, each locked by the operating system. */
export function openKeychain(path: string, lockbox: Lockbox): SecretStore {
  const read = async (): Promise<Record<string, string>> => {
    const text = await readFile(path, 'utf8').catch(() => '{}');
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), KeychainFile), text);
    if (!parsed.success) throw failed(`${path} is not what Parley wrote.`);
    return parsed.output;
  };
  const change = async (edit: (all: Record<string, string>) => void) => {
    const all = await read();
    edit(all);
    await writeSecretFile(path, JSON.stringify(all));
  };
  return {
    kind: 'keychain',
    locked: () => false,
    async get(subject) {
      const locked = (await read())[subject];
      // What the keychain can't open any more is asked for anew, as if it had never been saved.
      return locked === undefined
        ? undefined
        : lockbox.decrypt(locked).then(
            (text) => new Secret(text),
            () => undefined,
          );
    },
    async set(subject, secret) {
      const locked = await lockbox.encrypt(secret.reveal()).catch((error: Error) => {
        throw failed(`The keychain said: ${error.message}`);
      });
      await change((all) => {
        all[subject] = locked;
      });
    },
    remove: (subject) =>
      change((all) => {
        delete all[subject];
      }),
  };
}

const failed = (why: string) =>
  new ParleyError({
    code: 'keychain-failed',
    what: 'The password was not saved.',
    why,
    todo: "Unlock the system's keychain, or go on without saving it.",
  });
