import type { Secret } from './secret.ts';

/** Where answers that the operator lets Parley remember are kept, under a subject such as `login root@192.0.2.7`. */
export interface SecretStore {
  readonly kind: 'keychain' | 'vault' | 'none';
  locked(): boolean;
  get(subject: string): Promise<Secret | undefined>;
  /** @throws ParleyError `vault-locked`, `keychain-failed` */
  set(subject: string, secret: Secret): Promise<void>;
  remove(subject: string): Promise<void>;
}
