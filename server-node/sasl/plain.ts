import { type Admit, type Credentials, failure, type Mechanism, type SaslStep } from './mechanism.ts';

/** RFC 4616, for those who switched it on: the client's password itself, within TLS. */
export class Plain implements Mechanism {
  readonly name = 'PLAIN';
  readonly #credentials: Credentials;
  readonly #admit: Admit;

  constructor(credentials: Credentials, admit: Admit) {
    this.#credentials = credentials;
    this.#admit = admit;
  }

  async step(message: Buffer): Promise<SaslStep> {
    const [authzid, authcid, password, ...more] = message.toString('utf8').split('\0');
    if (authzid === undefined || !authcid || !password || more.length > 0) return failure('malformed-request');
    const name = this.#credentials.prepare(authcid);
    if (name === undefined) return failure('not-authorized');
    if (authzid !== '' && this.#credentials.prepare(authzid.split('@')[0] ?? '') !== name)
      return failure('invalid-authzid');
    if (!(await this.#admit(name, 'password'))) return failure('temporary-auth-failure');
    const proof = await this.#credentials.check(name, password);
    if (proof === undefined) return failure('not-authorized');
    const state = await this.#credentials.state(name);
    if (state === 'suspended') return failure('account-disabled');
    return state === 'active'
      ? { kind: 'success', data: undefined, login: { name, proof } }
      : failure('not-authorized');
  }
}
