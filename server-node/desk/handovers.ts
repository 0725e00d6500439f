import type { Session } from '../router/session.ts';
import { parseJid } from '../xmpp/jid.ts';
import { Berth } from './berth.ts';
import type { Departure, Handover } from './handover.ts';

export interface HandoversParts {
  readonly sessions: { of(name: string): readonly Session[] };
  /** Asks the node that holds a session to let go of it; undefined: it does not, or nobody can say. */
  readonly elsewhere: ((holder: Session, departure: Departure) => Promise<unknown>) | undefined;
}

/** Sessions that edges take from cores that live: whoever holds one lets go of it before it goes on elsewhere. */
export class Handovers {
  readonly #parts: HandoversParts;

  constructor(parts: HandoversParts) {
    this.#parts = parts;
  }

  /** The session comes here: whoever holds it lets go of it. Undefined when nobody does. */
  claim(departure: Departure, after: Promise<unknown>): Promise<Handover | undefined> | undefined {
    const holder = this.#holder(departure);
    return holder === undefined ? undefined : this.#ask(holder, departure, after);
  }

  async #ask(holder: Session, departure: Departure, after: Promise<unknown>): Promise<Handover | undefined> {
    await Promise.allSettled([after]);
    if (holder.here) return this.release(departure);
    return ((await this.#parts.elsewhere?.(holder, departure)) ?? undefined) as Handover | undefined;
  }

  /** Lets go of a session whose client is at an edge: silently, and with all that did not come to that edge. */
  async release(departure: Departure): Promise<Handover | undefined> {
    const outlet = this.#holder(departure)?.outlet;
    return outlet instanceof Berth ? outlet.letGo(departure) : undefined;
  }

  #holder({ jid, connectedAt }: Departure): Session | undefined {
    const { local = '', resource } = parseJid(jid) ?? {};
    return this.#parts.sessions
      .of(local)
      .find((one) => one.connectedAt === connectedAt && one.jid.resource === resource);
  }
}
