import { join } from 'node:path';
import type { SecretsState } from '../../shared/console-api/secrets.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { VaultDoor } from '../hosts/prompts.ts';
import { type Lockbox, openKeychain } from '../secrets/keychain.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { openVault, type Vault } from '../secrets/vault.ts';

export interface Secrets {
  readonly store: SecretStore;
  readonly door: VaultDoor;
  state(): SecretsState;
  /** @throws ParleyError `keychain-instead` where the operating system keeps the secrets */
  vault(): Vault;
}

/** The operating system's keychain where there is one, else a vault file. */
export function openSecrets(dataDir: string, lockbox: Lockbox | undefined): Secrets {
  if (lockbox !== undefined) {
    const store = openKeychain(join(dataDir, 'keychain.json'), lockbox);
    return {
      store,
      door: {
        closed: () => false,
        missing: () => false,
        open: async () => undefined,
        create: async () => undefined,
      },
      state: () => ({ store: 'keychain', locked: false }),
      vault: () => {
        throw keychainInstead();
      },
    };
  }
  const vault = openVault(join(dataDir, 'vault.json'));
  return {
    store: vault,
    door: {
      closed: () => vault.exists() && vault.locked(),
      missing: () => !vault.exists(),
      open: (passphrase) => vault.unlock(passphrase),
      create: (passphrase) => vault.create(passphrase),
    },
    state: () => ({ store: vault.exists() ? 'vault' : 'none', locked: vault.locked() }),
    vault: () => vault,
  };
}

const keychainInstead = () =>
  new ParleyError({
    code: 'keychain-instead',
    what: 'There is no vault here.',
    why: "The operating system's keychain keeps the passwords.",
    todo: 'Nothing needs to be unlocked.',
  });
