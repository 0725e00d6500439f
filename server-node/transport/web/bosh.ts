import { randomBytes } from 'node:crypto';
import type { Edge } from '../../edge/edge.ts';
import { bodyFraming, standingAlone } from '../../stream/framing.ts';
import type { Bytes } from '../../xml/chars.ts';
import { XmlError } from '../../xml/errors.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { type Body, body, readBody } from './body.ts';
import { BoshSession, type Reply } from './bosh-session.ts';
import type { Visitor } from './visitor.ts';

/** The sessions over BOSH (XEP-0124, XEP-0206), for clients that can do no better. */
export class Bosh<S extends { readonly jid: Jid }> {
  readonly #edge: Edge<S>;
  readonly #domain: string;
  readonly #sessions = new Map<string, BoshSession<S>>();

  constructor(edge: Edge<S>, domain: string) {
    this.#edge = edge;
    this.#domain = domain;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** bytes that a request may have: a stanza, and some for what is around it */
  get most(): number {
    return this.#edge.limits.after.stanzaBytes + 4096;
  }

  /** A request's content has come. */
  take(bytes: Bytes, visitor: Visitor, reply: Reply): void {
    const request = this.#read(bytes);
    if (request === undefined) {
      reply(body({ type: 'terminate', condition: 'bad-request' })); // §17.2
      return;
    }
    if (request.sid === undefined) {
      this.#begin(request, visitor, reply);
      return;
    }
    const session = this.#sessions.get(request.sid);
    if (session === undefined) reply(body({ type: 'terminate', condition: 'item-not-found' }));
    else session.take(request, reply);
  }

  #read(bytes: Bytes): Body | undefined {
    try {
      return readBody(bytes, this.#edge.limits.after);
    } catch (error) {
      if (error instanceof XmlError) return undefined;
      throw error;
    }
  }

  /** Several domains may share the door. */
  #domainOf(request: Body): string {
    const to = request.attribute('to')?.toLowerCase() ?? '';
    return this.#edge.domains.has(to) ? to : this.#domain;
  }

  #begin(request: Body, { host, address, loopback, secured }: Visitor, reply: Reply): void {
    if (!this.#edge.admits(host, loopback)) {
      reply(body({ type: 'terminate', condition: 'policy-violation' }));
      return;
    }
    const sid = randomBytes(18).toString('base64url');
    let lost = () => {};
    const session = new BoshSession<S>(sid, this.#domainOf(request), request, () => {
      this.#sessions.delete(sid);
      lost();
    });
    const messages = { transport: 'bosh' as const, framing: bodyFraming, seal: standingAlone };
    const accepted = this.#edge.accept(host, session, {
      address,
      loopback,
      direct: false,
      secured: unbound(secured),
      messages,
    });
    lost = accepted.lost;
    session.connection = accepted.connection;
    this.#sessions.set(sid, session);
    session.take(request, reply);
  }
}

/** A session over many requests is bound to no channel: each may come by another. */
const unbound = (secured: Visitor['secured']): Visitor['secured'] =>
  secured === undefined
    ? undefined
    : { version: secured.version, bindings: [], binding: () => undefined, certified: [] };
