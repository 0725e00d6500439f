import type { IqRequest, ModuleContext } from '../../router/module.ts';
import { type Child, type Element, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { itemElement, type Roster } from './roster.ts';
import type { Rosters } from './rosters.ts';
import { seesThem, seesUs } from './subscription.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The roster get and set of RFC 6121 §2.1.3 to §2.1.5. */
export class RosterIq {
  readonly #ctx: ModuleContext;
  readonly #rosters: Rosters;
  readonly #subscriptions: Subscriptions;

  constructor(ctx: ModuleContext, rosters: Rosters, subscriptions: Subscriptions) {
    this.#ctx = ctx;
    this.#rosters = rosters;
    this.#subscriptions = subscriptions;
  }

  /** §2.1.4; and for who says which version it has, what has changed since (§2.6.3). */
  async get({ payload, session, self, after }: IqRequest): Promise<readonly Child[]> {
    if (session !== undefined && !session.interested) {
      session.interested = true;
      await this.#ctx.others?.informed(); // from then on it is pushed what is newer than what is read now
    }
    const roster = await this.#rosters.of(self.local);
    if (session !== undefined) this.#rosters.told(session, roster);
    const { ver } = payload.attributes;
    const changes = ver === undefined || session === undefined ? undefined : roster.changesSince(ver);
    if (session !== undefined && changes !== undefined) {
      after(() => {
        for (const change of changes) this.#rosters.push(session, roster, change);
      });
      return [];
    }
    return [whole(roster, ver !== undefined)];
  }

  /** Somebody's roster, for who may ask for it. */
  async all(name: string): Promise<Element> {
    return whole(await this.#rosters.of(name), false);
  }

  async set({ payload, self }: IqRequest): Promise<readonly Child[]> {
    const items = payload.all('item');
    const [item] = items;
    if (item === undefined || items.length > 1) throw new StanzaError('bad-request'); // §2.3.3
    const jid = parseJid(item.attributes['jid'] ?? '');
    if (jid === undefined) throw new StanzaError('bad-request');
    if (jid.equals(self)) throw new StanzaError('not-allowed', 'nobody is a contact of their own');
    if (item.attributes['subscription'] === 'remove') await this.#remove(self, jid);
    else await this.#rosters.exclusively(self.local, (roster) => this.#update(self, roster, jid, item));
    return [];
  }

  async #update(self: Jid, roster: Roster, jid: Jid, wanted: Element): Promise<void> {
    const groups = wanted.all('group').map((group) => group.text);
    const name = wanted.attributes['name'] ?? '';
    if (groups.includes('') || groups.some((group) => group.length > 1023) || name.length > 1023)
      throw new StanzaError('not-acceptable'); // §2.3.3
    if (new Set(groups).size !== groups.length) throw new StanzaError('bad-request');
    const before = roster.item(jid);
    if (!before.listed && roster.size >= this.#ctx.rosterItems)
      throw new StanzaError('resource-constraint', 'the roster is full');
    const item = { ...before, name, groups, listed: true };
    await this.#rosters.change(self.local, roster, jid, item);
  }

  /** §2.5.2: a contact that goes loses its subscriptions both ways. */
  async #remove(self: Jid, jid: Jid): Promise<void> {
    const item = (await this.#rosters.of(self.local)).item(jid);
    if (!item.listed) throw new StanzaError('item-not-found'); // §2.5.3
    if (seesThem(item) || item.pendingOut)
      await this.#ctx.route(Stanza.made('presence', self, jid, { type: 'unsubscribe' }, []));
    if (seesUs(item) || item.pendingIn) {
      await this.#ctx.route(Stanza.made('presence', self, jid, { type: 'unsubscribed' }, []));
      if (seesUs(item)) this.#subscriptions.withdraw(self.local, jid);
    }
    await this.#rosters.exclusively(self.local, (roster) => this.#rosters.change(self.local, roster, jid, undefined));
  }
}

/** §2.1.4: every contact that is to be seen, and which version that is, for who keeps it (§2.6.3). */
function whole(roster: Roster, versioned: boolean): Element {
  const items = [...roster.contacts()].filter(({ item }) => item.listed).map(itemElement);
  return el('query', NS.roster, versioned ? { ver: roster.versionText() } : {}, ...items);
}
