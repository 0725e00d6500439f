import { createHash } from 'node:crypto';
import { External, namesOf } from './external.ts';
import type { Admit, Channel, Credentials, Mechanism } from './mechanism.ts';
import { Plain } from './plain.ts';
import { Scram } from './scram.ts';
import { SCRAM_HASHES, type ScramMechanism } from './scram-keys.ts';

export interface OfferOptions {
  readonly domain: string;
  readonly channel: Channel;
  readonly credentials: Credentials;
  readonly admit: Admit;
  /** the SCRAM mechanisms that every account has keys for, strongest first */
  readonly scram: readonly ScramMechanism[];
  /** a client that says it was offered no binding is refused although it tried one that we don't know (ADR 0013) */
  readonly strictBinding: boolean;
  /** passwords in the clear within TLS, for clients that know nothing else */
  readonly plain: boolean;
}

const TLS_NUMBERS: Readonly<Record<string, string>> = { 'TLSv1.3': '0304', 'TLSv1.2': '0303' };

/** What one connection may log in with; it stands while the connection's security does not change. */
export class Offer {
  readonly #options: OfferOptions;
  /** strongest first: clients that take the first they know take that */
  readonly names: readonly string[];

  constructor(options: OfferOptions) {
    this.#options = options;
    const { channel, domain, credentials } = options;
    const external = namesOf(channel, domain, credentials).length > 0 ? ['EXTERNAL'] : [];
    const bound = channel.bindings.length > 0 ? options.scram.map((name) => `${name}-PLUS`) : [];
    const plain = options.plain && channel.tls !== null ? ['PLAIN'] : [];
    this.names = [...external, ...bound, ...options.scram, ...plain];
  }

  /** the client has tried a channel binding type that was not offered: it has seen the offer, and can't use it */
  triedUnknownBinding = false;

  get bindings(): readonly string[] {
    return this.#options.channel.bindings;
  }

  /** Begins an exchange, or undefined when it was not offered. */
  begin(name: string): Mechanism | undefined {
    if (!this.names.includes(name)) return undefined;
    const { channel, credentials, admit, domain } = this.#options;
    if (name === 'PLAIN') return new Plain(credentials, admit);
    if (name === 'EXTERNAL') return new External(channel, domain, credentials);
    const plus = name.endsWith('-PLUS');
    const mechanism = (plus ? name.slice(0, -5) : name) as ScramMechanism;
    const forgiven = this.triedUnknownBinding && !this.#options.strictBinding;
    const plusOffered = channel.bindings.length > 0 && !forgiven;
    const protection = this.#protection(mechanism);
    return new Scram({ mechanism, plus, plusOffered, channel, credentials, admit, protection });
  }

  /** XEP-0474 §5.1 (`h`: what was offered, hashed) and XEP-0515 §4.1 (`t`: the TLS version), signed with the rest. */
  #protection(mechanism: ScramMechanism): string {
    const sorted = (list: readonly string[]) => [...list].sort().join('\x1e');
    const offered = sorted(this.names) + (this.bindings.length > 0 ? `\x1f${sorted(this.bindings)}` : '');
    const hash = createHash(SCRAM_HASHES[mechanism]).update(offered).digest('base64');
    const version = TLS_NUMBERS[this.#options.channel.tls ?? ''];
    return `,h=${hash}${version === undefined ? '' : `,t=${version}`}`;
  }
}
