import { Blocklist } from '../../router/blocklists.ts';
import type { ModuleContext } from '../../router/module.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import type { Rosters } from './rosters.ts';
import { seesThem, seesUs } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What blocking means for presence (XEP-0191 §3.3, §3.4): who was shown somebody sees them go, and come back. */
export class Blocking {
  readonly #ctx: ModuleContext;
  readonly #rosters: Rosters;
  readonly #subscriptions: Subscriptions;

  constructor(ctx: ModuleContext, rosters: Rosters, subscriptions: Subscriptions) {
    this.#ctx = ctx;
    this.#rosters = rosters;
    this.#subscriptions = subscriptions;
  }

  /** §3.3: `unavailable` to those who are to be blocked and were shown the account's presence. */
  async hide(name: string, jids: readonly Jid[]): Promise<void> {
    for (const { jid, sees } of await this.#affected(name, jids)) if (sees) this.#subscriptions.withdraw(name, jid);
    const list = new Blocklist(jids);
    for (const session of this.#ctx.sessions.of(name)) {
      for (const [key, to] of session.directed ?? []) {
        if (!list.matches(to)) continue;
        session.directed?.delete(key);
        await this.#ctx.route(Stanza.made('presence', session.jid, to, { type: 'unavailable' }, []));
      }
    }
  }

  /** §3.4: the account's presence to those who may see it; and theirs to it, which it missed meanwhile. */
  async reveal(name: string, jids: readonly Jid[]): Promise<void> {
    const self = this.#ctx.jidOf(name);
    for (const { jid, sees, seen } of await this.#affected(name, jids)) {
      if (this.#ctx.blocklists.blocks(name, jid)) continue; // by another item
      if (sees) this.#subscriptions.show(name, jid);
      if (seen) await this.#ctx.route(Stanza.made('presence', self, jid.bare, { type: 'probe' }, []));
    }
  }

  /** The contacts that addresses stand for: `sees` us, is `seen` by us. */
  async #affected(name: string, jids: readonly Jid[]): Promise<{ jid: Jid; sees: boolean; seen: boolean }[]> {
    const roster = await this.#rosters.of(name);
    const list = new Blocklist(jids);
    const contacts = [...roster.contacts()].filter(({ jid }) => list.matches(jid));
    const resources = jids
      .filter((jid) => jid.resource !== '' && !list.matches(jid.bare))
      .map((jid) => ({ jid, item: roster.item(jid.bare) }));
    return [...contacts, ...resources].map(({ jid, item }) => ({ jid, sees: seesUs(item), seen: seesThem(item) }));
  }
}
