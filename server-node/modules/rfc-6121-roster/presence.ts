import type { ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { mayComeBack, whenBack } from '../../storage/when-back.ts';
import { type Bytes, own } from '../../xml/chars.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import type { Roster } from './roster.ts';
import type { Rosters } from './rosters.ts';
import { seesThem, seesUs } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

/** so long two sessions may be on their way from one node to another, milliseconds */
const MOVING_MS = 2000;
/** so long a session has come lately, milliseconds: what is on its way somewhere else was not shown it */
const NEW_MS = 60_000;

/** XEP-less, RFC 6121 §4: who is told that somebody is there, away, or gone. */
export class Presence {
  readonly #ctx: ModuleContext;
  readonly #rosters: Rosters;
  readonly #subscriptions: Subscriptions;
  /** sessions that came here lately, and when; the oldest first */
  readonly #newcomers = new Map<Session, number>();

  constructor(ctx: ModuleContext, rosters: Rosters, subscriptions: Subscriptions) {
    this.#ctx = ctx;
    this.#rosters = rosters;
    this.#subscriptions = subscriptions;
  }

  /** A client's presence without `to`: the first (§4.2), a later one (§4.4), or the last (§4.5). */
  async sent(session: Session, stanza: Stanza): Promise<boolean> {
    if (stanza.type === 'unavailable') {
      if (session.available || session.directed !== undefined) await this.gone(session, stanza);
      return true;
    }
    if (stanza.type !== '') return true; // §4.7.1: anything else needs an addressee
    const first = !session.available;
    session.presence = kept(stanza);
    session.priority = priorityOf(stanza);
    const { presence } = session;
    await this.#shown(async () => {
      if (session.closed) return;
      if (session.presence === presence) await this.#broadcast(session, stanza); // else a later one is shown
      if (!first || !session.available) return;
      await this.#welcome(session);
      await this.#subscriptions.remind(session);
    });
    return true;
  }

  /** Withdraws what was shown of a session; `stanza` is the client's own farewell, if it sent one (§4.5.2). */
  async gone(session: Session, stanza?: Stanza): Promise<void> {
    const farewell = stanza ?? Stanza.made('presence', session.jid, undefined, { type: 'unavailable' }, []);
    const wasAvailable = session.available;
    const directed = session.directed;
    session.presence = undefined;
    session.directed = undefined;
    if (wasAvailable)
      await this.#shown(async () => {
        await this.#broadcast(session, farewell, () => this.#returned(session));
      });
    if (directed === undefined) return;
    const roster = await this.#rosters.of(session.jid.local);
    for (const to of directed.values()) {
      const told = wasAvailable && seesUs(roster.item(to.bare)); // by the broadcast
      if (!told) await this.#ctx.route(farewell.withTo(to)); // §4.6.3
    }
  }

  /** Remembers who got directed presence without being a subscriber (§4.6.2). */
  direct(session: Session, stanza: Stanza, to: Jid): void {
    if (stanza.type === 'unavailable') session.directed?.delete(to.wire);
    else if (stanza.type === '') {
      session.directed ??= new Map();
      if (session.directed.size < 1000) session.directed.set(to.wire, to);
    }
  }

  /** Somebody asks whether an account is there (§4.3.2). */
  async probed(name: string, from: Jid): Promise<void> {
    const own = from.bare.equals(this.#ctx.jidOf(name));
    const roster = await this.#rosters.of(name);
    if (!own && !seesUs(roster.item(from.bare))) {
      await this.#ctx.route(Stanza.made('presence', this.#ctx.jidOf(name), from.bare, { type: 'unsubscribed' }, []));
      return;
    }
    let here = false;
    for (const session of this.#ctx.sessions.of(name)) {
      if (session.presence === undefined) continue;
      here = true;
      await this.#ctx.route(session.presence.withTo(from));
    }
    if (!here) await this.#ctx.route(Stanza.made('presence', this.#ctx.jidOf(name), from, { type: 'unavailable' }, []));
  }

  /** To all who see the account, and to its own resources (§4.2.2, §4.4.2, §4.5.2): one body, written for each. */
  async #broadcast(session: Session, stanza: Stanza, outdated: () => boolean = () => false): Promise<void> {
    const roster = await this.#rosters.of(session.jid.local);
    if (outdated()) return;
    const head = `<presence from='${session.jid.wire}' to='`;
    const tail = `'${stanza.rest}`;
    for (const other of this.#ctx.sessions.of(session.jid.local)) {
      if (other.outlet.fan !== undefined) other.outlet.fan(head, tail);
      else if (other.available || other === session) other.outlet.send(`${head}${session.jid.bare.wire}${tail}`);
    }
    let told = 0;
    for (const { jid, item } of roster.contacts()) {
      if (!seesUs(item) || this.#apart(session.jid, jid)) continue;
      this.#tell(jid, head, tail);
      told++;
    }
    session.outlet.charge?.(told);
  }

  /**
   * This node's clients see what another node could not tell them in time: those of contacts, and the account's own. They are
   * shown what holds when the roster has been read, for something newer may have come to them meanwhile.
   */
  missed(session: Session, newcomers = false): Promise<void> {
    return this.#shown(async () => {
      if (newcomers && !this.#anyNew()) return;
      const roster = await this.#rosters.of(session.jid.local);
      const self = session.jid.bare;
      const now = this.#ctx.sessions.get(self.local, session.jid.resource) ?? (session.closed ? undefined : session);
      const tail = `'${now?.presence?.rest ?? " type='unavailable'/>"}`;
      const show = (jid: Jid) => {
        for (const one of this.#ctx.sessions.here(jid.local))
          if (one.available && one !== now && (!newcomers || this.#newcomers.has(one)))
            one.outlet.send(`<presence from='${session.jid.wire}' to='${jid.wire}${tail}`);
      };
      show(self);
      for (const { jid, item } of roster.contacts())
        if (jid.domain === self.domain && seesUs(item) && !this.#apart(session.jid, jid)) show(jid);
    });
  }

  /** Its address is in use again, and contacts see that. */
  #returned(session: Session): boolean {
    const now = this.#ctx.sessions.get(session.jid.local, session.jid.resource);
    return now !== undefined && now !== session && now.available;
  }

  /** Shows something; while the database is away, as soon as rosters can be read: what contacts see must not stay wrong. */
  async #shown(show: () => Promise<void>): Promise<void> {
    try {
      await show();
    } catch (error) {
      if (!mayComeBack(error)) throw error;
      this.#ctx.aside('presence that waited for the database', () => whenBack(show));
    }
  }

  /** One of them blocks the other (XEP-0191 §3.3): neither is shown. */
  #apart(self: Jid, contact: Jid): boolean {
    const { blocklists } = this.#ctx;
    return !blocklists.none && blocklists.between(self, contact);
  }

  #tell(contact: Jid, head: Bytes, tail: Bytes): void {
    if (contact.domain !== this.#ctx.domain.domain) {
      this.#ctx.externals.get(contact.domain)?.send(`${head}${contact.wire}${tail}`);
      return;
    }
    let wire: Bytes | undefined;
    for (const session of this.#ctx.sessions.of(contact.local)) {
      // whether somebody is available at another node is known there: who becomes so now was not shown us either
      if (session.outlet.fan !== undefined) {
        session.outlet.fan(head, tail);
        continue;
      }
      if (!session.available) continue;
      wire ??= `${head}${contact.wire}${tail}`;
      session.outlet.send(wire);
    }
  }

  /** A session is here, whether it is new or was somewhere else before. */
  came(session: Session): void {
    if (this.#ctx.others === undefined) return;
    this.#anyNew();
    this.#newcomers.set(session, this.#ctx.now());
  }

  /** Whether any session came lately; those that came before are forgotten. */
  #anyNew(): boolean {
    const old = this.#ctx.now() - NEW_MS;
    for (const [session, at] of this.#newcomers) {
      if (at > old && !session.closed) break;
      this.#newcomers.delete(session);
    }
    return this.#newcomers.size > 0;
  }

  /** Whom its client sees as available, by full JIDs. */
  shown(session: Session, roster: Roster): readonly string[] {
    if (!session.available) return [];
    const shown: string[] = [];
    const add = (name: string) => {
      for (const one of this.#ctx.sessions.of(name))
        if (one.available && one !== session) shown.push(one.jid.toString());
    };
    add(session.jid.local);
    for (const { jid, item } of roster.contacts())
      if (jid.domain === session.jid.domain && seesThem(item)) add(jid.local);
    return shown;
  }

  /**
   * A session that came from another node is shown anew who is there; and who of those that its client saw is not there any more.
   * Others may have come on the same way a moment ago: they are shown to each other.
   */
  async arrived(session: Session, shown: readonly string[] | undefined): Promise<void> {
    if (!session.available) return;
    await this.missed(session, true);
    const absent: Jid[] = [];
    await this.#shown(() => this.#welcome(session, (contact) => absent.push(contact)));
    const gone = shown?.map(parseJid).filter((jid) => jid !== undefined) ?? absent;
    // who was on the same way may not be there yet
    await new Promise((resolve) => setTimeout(resolve, MOVING_MS).unref());
    for (const jid of gone) {
      const there = this.#ctx.sessions
        .of(jid.local)
        .some((one) => one.available && (jid.resource === '' || one.jid.equals(jid)));
      if (!there && !session.closed)
        session.send(Stanza.made('presence', jid, session.jid, { type: 'unavailable' }, []));
    }
  }

  /**
   * A resource that comes is shown who is there: its own others, and the contacts that let it see them (§4.3). `absent`: of these,
   * who is not there.
   */
  async #welcome(session: Session, absent: (contact: Jid) => void = () => {}): Promise<void> {
    const self = session.jid.bare;
    const show = (other: Session) => {
      if (other.presence !== undefined && other !== session) {
        session.outlet.send(`<presence from='${other.jid.wire}' to='${session.jid.wire}'${other.presence.rest}`);
      }
    };
    for (const other of this.#ctx.sessions.of(self.local)) show(other);
    for (const { jid, item } of (await this.#rosters.of(self.local)).contacts()) {
      if (!seesThem(item) || this.#apart(session.jid, jid)) continue;
      if (jid.domain !== self.domain) {
        if (this.#ctx.externals.get(jid.domain) !== undefined)
          await this.#ctx.route(Stanza.made('presence', self, jid, { type: 'probe' }, [])); // §4.3.1
        continue;
      }
      const theirs = this.#ctx.sessions.of(jid.local);
      if (!theirs.some(({ available }) => available)) absent(jid);
      if (theirs.length === 0) continue;
      const granted = this.#rosters.known(jid.local) ?? (await this.#rosters.of(jid.local));
      if (seesUs(granted.item(self))) for (const other of theirs) show(other);
    }
  }
}

/** A presence that is kept as long as the session must not keep the network buffer that it came in. */
function kept(stanza: Stanza): Stanza {
  return stanza.withRest(own(stanza.rest));
}

/** §4.7.2.3: an integer from -128 to 127, 0 when absent or none. */
function priorityOf(stanza: Stanza): number {
  if (!stanza.rest.includes('priority')) return 0;
  const text = stanza.element.child('priority')?.text ?? '';
  return /^\s*[+-]?\d{1,3}\s*$/.test(text) ? Math.max(-128, Math.min(127, Number(text))) : 0;
}
