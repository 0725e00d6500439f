import type { ModuleContext } from '../../router/module.ts';
import { el } from '../../xml/element.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { type Item, itemElement, Roster } from './roster.ts';

/** The rosters of those who are online, loaded once; and pushes to their clients. */
export class Rosters {
  readonly #ctx: ModuleContext;
  readonly #store;
  readonly #loaded = new Map<string, Roster | Promise<Roster>>();
  #pushes = 0;

  constructor(ctx: ModuleContext) {
    this.#ctx = ctx;
    this.#store = ctx.stores.keyed<Item>('roster');
  }

  /** The roster if it is in memory, as it is while its owner is online and has sent presence. */
  known(name: string): Roster | undefined {
    const roster = this.#loaded.get(name);
    return roster instanceof Roster ? roster : undefined;
  }

  /** The roster of an account; in memory as long as the account has sessions. */
  async of(name: string): Promise<Roster> {
    const loaded = this.#loaded.get(name);
    if (loaded !== undefined) return loaded;
    const loading = Roster.load(name, this.#store);
    this.#loaded.set(name, loading);
    try {
      const roster = await loading;
      if (this.#ctx.sessions.of(name).length > 0) this.#loaded.set(name, roster);
      else this.#loaded.delete(name);
      return roster;
    } catch (error) {
      this.#loaded.delete(name);
      throw error;
    }
  }

  forget(name: string): void {
    this.#loaded.delete(name);
  }

  /** Tells the account's interested resources of a changed contact (RFC 6121 §2.1.6). */
  push(name: string, jid: Jid, item: Item | undefined): void {
    const shown =
      item === undefined
        ? el('item', NS.roster, { jid: jid.toString(), subscription: 'remove' })
        : itemElement({ jid, item });
    for (const session of this.#ctx.sessions.of(name)) {
      if (!session.interested) continue;
      const attributes = { type: 'set', id: `push-${++this.#pushes}` };
      session.send(Stanza.made('iq', session.jid.bare, session.jid, attributes, [el('query', NS.roster, {}, shown)]));
    }
  }
}
