import { type Channel, type Credentials, failure, type Mechanism, type SaslStep } from './mechanism.ts';

/** SASL EXTERNAL with a client certificate (RFC 6120 §13.9, XEP-0178 §2): the addresses in it are who one may be. */
export class External implements Mechanism {
  readonly name = 'EXTERNAL';
  readonly #channel: Channel;
  readonly #domain: string;
  readonly #credentials: Credentials;

  constructor(channel: Channel, domain: string, credentials: Credentials) {
    this.#channel = channel;
    this.#domain = domain;
    this.#credentials = credentials;
  }

  async step(message: Buffer): Promise<SaslStep> {
    const names = namesOf(this.#channel, this.#domain, this.#credentials);
    const wanted = message.toString('utf8');
    const [only, ...others] = names;
    let name = only;
    if (wanted !== '') {
      const [local = '', domain = ''] = wanted.split('@');
      const asked = domain.toLowerCase() === this.#domain ? this.#credentials.prepare(local) : undefined;
      name = asked !== undefined && names.includes(asked) ? asked : undefined;
      if (name === undefined) return failure('invalid-authzid');
    } else if (others.length > 0) return failure('invalid-authzid'); // several: the client has to say which
    if (name === undefined) return failure('not-authorized');
    const state = await this.#credentials.state(name);
    if (state === 'suspended') return failure('account-disabled');
    const proof = await this.#credentials.proof(name);
    if (state === 'unknown' || proof === undefined) return failure('not-authorized');
    return { kind: 'success', data: undefined, login: { name, proof } };
  }
}

/** The accounts of the domain that the client's certificate is for. */
export function namesOf(channel: Channel, domain: string, credentials: Credentials): string[] {
  return channel.certified.flatMap((address) => {
    const [local = '', host = ''] = address.split('@');
    const name = host.toLowerCase() === domain ? credentials.prepare(local) : undefined;
    return name === undefined ? [] : [name];
  });
}
