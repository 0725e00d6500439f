import { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { IqRoute } from './module.ts';
import type { Session } from './session.ts';

/** Who answers which IQ that is addressed to the server or to an account. */
export class IqTable {
  readonly #domain: Jid;
  readonly #handlers = new Map<string, IqRoute>();

  constructor(domain: Jid) {
    this.#domain = domain;
  }

  add(route: IqRoute): void {
    const key = `${route.scope} ${route.type} ${route.ns}`;
    if (this.#handlers.has(key)) throw new Error(`two modules answer '${key}'`);
    this.#handlers.set(key, route);
  }

  /** Whether a request to an account that does not exist is for a handler all the same. */
  forNobody(stanza: Stanza): boolean {
    const ns = stanza.element.elements[0]?.ns ?? '';
    return this.#handlers.get(`account ${stanza.type} ${ns}`)?.forNobody === true;
  }

  /** The answer to a request (RFC 6120 §8.2.3), or undefined when it wants none; `after` collects what follows it. */
  async answer(
    stanza: Stanza,
    self: Jid,
    session: Session | undefined,
    refusal: (error: unknown) => StanzaError,
    after: (work: () => unknown) => void,
  ): Promise<Stanza | undefined> {
    if (stanza.type === 'result' || stanza.type === 'error') return undefined;
    let route: IqRoute | undefined;
    try {
      const [payload, ...more] = stanza.element.elements;
      const known = stanza.type === 'get' || stanza.type === 'set';
      if (!known || stanza.id === undefined || payload === undefined || more.length > 0)
        throw new StanzaError('bad-request');
      route = this.#find(stanza.type, payload.ns, self, session);
      if (route === undefined) throw new StanzaError('service-unavailable');
      return stanza.result(self, ...(await route.handle({ stanza, payload, self, session, after })));
    } catch (error) {
      return stanza.error(self, refusal(error), route?.secret !== true);
    }
  }

  #find(type: string, ns: string, self: Jid, session: Session | undefined): IqRoute | undefined {
    if (self.equals(this.#domain)) return this.#handlers.get(`server ${type} ${ns}`);
    const own = session?.jid.bare.equals(self) === true ? this.#handlers.get(`own ${type} ${ns}`) : undefined;
    return own ?? this.#handlers.get(`account ${type} ${ns}`);
  }
}
