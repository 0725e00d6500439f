import type { ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { own } from '../../xml/chars.ts';
import { parseElement } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import type { Item, Roster } from './roster.ts';
import type { Rosters } from './rosters.ts';
import { inbound, outbound, type Subscription, type SubscriptionType, seesUs } from './subscription.ts';

/** A request is kept no longer than this, in bytes; a longer one is kept bare. */
const LONGEST_REQUEST = 4096;

const differs = (a: Subscription, b: Subscription): boolean =>
  a.subscription !== b.subscription || a.pendingOut !== b.pendingOut || a.approved !== b.approved;

/** Subscription stanzas on their way out and in (RFC 6121 §3). */
export class Subscriptions {
  readonly #ctx: ModuleContext;
  readonly #rosters: Rosters;

  constructor(ctx: ModuleContext, rosters: Rosters) {
    this.#ctx = ctx;
    this.#rosters = rosters;
  }

  /** A client of ours sends one: it goes out in the name of the account (§3.1.2). */
  async send(session: Session, stanza: Stanza, to: Jid, type: SubscriptionType): Promise<void> {
    const { local } = session.jid;
    if (to.equals(session.jid.bare)) return;
    const { item, next, route } = await this.#rosters.exclusively(local, async (roster) => {
      const item = roster.item(to);
      const { next, route } = outbound(item, type);
      const listed = item.listed || differs(item, next);
      if (listed && !item.listed && roster.size >= this.#ctx.rosterItems)
        throw new StanzaError('resource-constraint', 'the roster is full');
      await this.#store(local, roster, to, item, { ...item, ...next, listed });
      return { item, next, route };
    });
    if (type === 'unsubscribed' && seesUs(item)) this.withdraw(local, to);
    if (route) await this.#ctx.route(stanza.withFrom(session.jid.bare).withTo(to), session);
    if (type === 'subscribed' && seesUs(next) && !seesUs(item)) this.show(local, to);
  }

  /** One comes for an account of ours (§3.1.3, §3.2.3, §3.3.3). */
  async receive(name: string, stanza: Stanza, type: SubscriptionType): Promise<void> {
    const from = stanza.from.bare;
    const exists = this.#ctx.sessions.of(name).length > 0 || (await this.#ctx.stores.accounts.get(name)) !== undefined;
    if (!exists) return; // §8.5.1: whether somebody is here is nobody's business
    const change = await this.#rosters.exclusively(name, async (roster) => {
      const item = roster.item(from);
      if (type === 'subscribe' && !item.listed && roster.size >= this.#ctx.rosterItems) return undefined;
      const { next, deliver, answer } = inbound(item, type);
      // of several requests the first is kept (§3.1.3)
      const request = next.pendingIn && !item.pendingIn ? requestOf(stanza) : next.pendingIn ? item.request : '';
      // §3.1.3: a request is for available resources; §3.1.6, §3.2.3, §3.3.3: the rest is for interested ones, before the push
      const shown = (session: Session) => (type === 'subscribe' ? session.available : session.interested);
      await this.#store(name, roster, from, item, { ...item, ...next, request }, () => {
        if (!deliver) return;
        for (const session of this.#ctx.sessions.of(name)) {
          // who becomes available at another node in this moment is known there, and is reminded only of what was stored before
          if (type === 'subscribe' && session.outlet.fan !== undefined)
            session.outlet.fan(`<presence from='${from.wire}' to='`, `'${unaddressed(stanza).rest}`);
          else if (shown(session)) session.send(stanza);
        }
      });
      return { item, next, answer };
    });
    if (change === undefined) return;
    const { item, next, answer } = change;
    if (type === 'unsubscribe' && seesUs(item)) this.withdraw(name, from);
    if (answer !== undefined)
      await this.#ctx.route(Stanza.made('presence', this.#ctx.jidOf(name), from, { type: answer }, []));
    if (seesUs(next) && !seesUs(item)) this.show(name, from);
  }

  /** Shows a client the requests that wait for an answer (§3.1.3). */
  async remind(session: Session): Promise<void> {
    const roster = await this.#rosters.of(session.jid.local);
    for (const { jid, item } of roster.contacts()) {
      if (!item.pendingIn || this.#ctx.blocklists.blocks(session.jid.local, jid)) continue; // XEP-0191 §3.3
      const element = item.request === '' ? undefined : parseElement(item.request, NS.client);
      session.send(Stanza.made('presence', jid, session.jid.bare, { type: 'subscribe' }, element?.children ?? []));
    }
  }

  /** The contact is told that the account's resources are gone (§3.2.2, §3.3.3). */
  withdraw(name: string, contact: Jid): void {
    for (const session of this.#ctx.sessions.of(name)) {
      if (session.available) this.#aside(Stanza.made('presence', session.jid, contact, { type: 'unavailable' }, []));
    }
  }

  /** The contact is shown the account's resources (§3.1.5). */
  show(name: string, contact: Jid): void {
    for (const session of this.#ctx.sessions.of(name)) {
      if (session.presence !== undefined) this.#aside(session.presence.withTo(contact));
    }
  }

  #aside(presence: Stanza): void {
    this.#ctx.aside('presence for a contact', async () => this.#ctx.route(presence));
  }

  /** An account that is removed takes its leave of everybody (§3.2, §3.3). */
  async leave(name: string): Promise<void> {
    const self = this.#ctx.jidOf(name);
    for (const { jid, item } of (await this.#rosters.of(name)).contacts()) {
      if (seesUs(item) || item.pendingIn)
        await this.#ctx.route(Stanza.made('presence', self, jid, { type: 'unsubscribed' }, []));
      if (item.subscription !== 'none' || item.pendingOut) {
        await this.#ctx.route(Stanza.made('presence', self, jid, { type: 'unsubscribe' }, []));
      }
    }
  }

  /** Keeps a contact's new state, or forgets a contact that there is nothing to know of. */
  async #store(
    name: string,
    roster: Roster,
    jid: Jid,
    before: Item,
    after: Item,
    stored: () => void = () => {},
  ): Promise<void> {
    const same =
      before.listed === after.listed && before.pendingIn === after.pendingIn && before.request === after.request;
    if (same && !differs(before, after)) return;
    await this.#rosters.change(name, roster, jid, after.listed || after.pendingIn ? after : undefined, stored);
  }
}

const requestOf = (stanza: Stanza): string => (stanza.wire.length > LONGEST_REQUEST ? '' : own(stanza.wire));

/** A subscription stanza without its `to`: it is written for each session's account. */
function unaddressed({ from, id, type, element }: Stanza): Stanza {
  return Stanza.made('presence', from.bare, undefined, { type, ...(id === undefined ? {} : { id }) }, element.children);
}
