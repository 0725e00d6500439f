import { type Credentials, type SaslFailure, type SaslStep, Scram } from '../sasl/scram.ts';
import { SCRAM_MECHANISMS, type ScramMechanism } from '../sasl/scram-keys.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** in characters of base64; a SCRAM message is far shorter */
const LONGEST = 4096;

/** RFC 6120 §6.4.4: a text in base64, `=` for an empty one. Undefined when it is none. */
function readText(encoded: string): string | undefined {
  if (encoded === '=') return '';
  if (encoded.length > LONGEST || !BASE64.test(encoded)) return undefined;
  return Buffer.from(encoded, 'base64').toString('utf8');
}

const failed = (condition: SaslFailure): SaslStep => ({ kind: 'failure', condition });

/** One attempt to log in, on top of a mechanism. */
export class SaslSession {
  readonly mechanism: ScramMechanism;
  readonly #scram: Scram;

  private constructor(mechanism: ScramMechanism, credentials: Credentials) {
    this.mechanism = mechanism;
    this.#scram = new Scram(mechanism, credentials);
  }

  static start(mechanism: string, credentials: Credentials): SaslSession | undefined {
    const known = SCRAM_MECHANISMS.find((one) => one === mechanism);
    return known === undefined ? undefined : new SaslSession(known, credentials);
  }

  /** Takes the content of an auth or a response. */
  async step(encoded: string): Promise<SaslStep> {
    const text = readText(encoded);
    if (text === undefined) return failed('incorrect-encoding');
    return this.#scram.step(text);
  }
}
