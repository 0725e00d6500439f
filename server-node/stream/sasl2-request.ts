import { TOKEN_MECHANISM_NAMES, type TokenMechanism } from '../sasl/hashed-token.ts';
import type { Element } from '../xml/element.ts';
import { NS } from '../xmpp/namespaces.ts';
import type { Agent } from './ports.ts';

/** What a client wants beside its login (XEP-0388 §2.2). */
export interface Sasl2Request {
  readonly agent: Agent | undefined;
  /** XEP-0386 §4 */
  readonly bind: Element | undefined;
  /** XEP-0198 §8 */
  readonly resume: Element | undefined;
  /** XEP-0484 §3.2: a token is wanted */
  readonly token: TokenMechanism | undefined;
  /** XEP-0484 §3.3: it comes with a token, and §3.5: that is to be forgotten */
  readonly fast: boolean;
  readonly invalidate: boolean;
  /** XEP-0480: the names of tasks */
  readonly upgrades: readonly string[];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** what is kept of a client's description of itself, characters */
const LONGEST = 100;

/** Reads <authenticate/>; undefined when it is malformed. */
export function readRequest(element: Element): Sasl2Request | undefined {
  const told = element.child('user-agent');
  const id = told?.attributes['id'];
  if (id !== undefined && !UUID.test(id)) return undefined;
  const about = (name: string) => (told?.child(name)?.text ?? '').slice(0, LONGEST);
  const fast = element.child('fast', NS.fast);
  const wanted = element.child('request-token', NS.fast)?.attributes['mechanism'];
  const token = TOKEN_MECHANISM_NAMES.find((name) => name === wanted);
  if (wanted !== undefined && token === undefined) return undefined;
  return {
    agent:
      id === undefined ? undefined : { id: id.toLowerCase(), software: about('software'), device: about('device') },
    bind: element.child('bind', NS.bind2),
    resume: element.child('resume', NS.management),
    token,
    fast: fast !== undefined,
    invalidate: isTrue(fast?.attributes['invalidate']),
    upgrades: element.all('upgrade', NS.saslUpgrade).map((upgrade) => upgrade.text.trim()),
  };
}

/** xs:boolean */
export const isTrue = (text: string | undefined): boolean => text === 'true' || text === '1';
