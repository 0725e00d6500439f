import type { IqRequest, Module, ModuleContext } from '../../router/module.ts';
import { type Child, type Element, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';

/** The commands alone: what a blocklist does to stanzas is the router's (router/blocklists.ts). */
export const blocking: Module = {
  name: 'Blocking',
  specification: 'XEP-0191',
  version: '1.3',
  features: [NS.blocking],
  accountFeatures: [NS.blocking],
  setup(ctx) {
    ctx.iq({ type: 'get', ns: NS.blocking, scope: 'own', handle: (request) => list(ctx, request) });
    ctx.iq({ type: 'set', ns: NS.blocking, scope: 'own', handle: (request) => change(ctx, request) });
    ctx.on('account-changed', 'observe', ({ name, what, now }) => {
      if (what === 'blocklist') ctx.blocklists.learn(name, now ?? []);
      return what === 'all' ? ctx.blocklists.refresh() : undefined;
    });
    ctx.on('account-removed', 'observe', ({ name }) => ctx.blocklists.forget(name));
  },
};

const items = (jids: readonly Jid[]): Element[] => jids.map((jid) => el('item', NS.blocking, { jid: jid.toString() }));

/** §3.2 */
async function list(ctx: ModuleContext, { payload, self, session }: IqRequest): Promise<readonly Child[]> {
  if (payload.name !== 'blocklist') throw new StanzaError('bad-request');
  if (session !== undefined) session.wantsBlocklist = true;
  return [el('blocklist', NS.blocking, {}, ...items((await ctx.blocklists.of(self.local))?.items ?? []))];
}

async function change(ctx: ModuleContext, { payload, self }: IqRequest): Promise<readonly Child[]> {
  const jids = payload.all('item').map((item) => parseJid(item.attributes['jid'] ?? ''));
  if (jids.includes(undefined)) throw new StanzaError('jid-malformed');
  const named = jids.filter((jid) => jid !== undefined);
  if (payload.name === 'block') await block(ctx, self, named);
  else if (payload.name === 'unblock') await unblock(ctx, self, named);
  else throw new StanzaError('bad-request');
  return [];
}

/** §3.3 */
async function block(ctx: ModuleContext, self: Jid, jids: readonly Jid[]): Promise<void> {
  if (jids.length === 0) throw new StanzaError('bad-request');
  const { local: name } = self;
  // §5: one's own resources are never cut off from each other
  if (jids.some((jid) => jid.bare.equals(self))) throw new StanzaError('not-allowed', 'nobody blocks themselves');
  const before = await ctx.blocklists.of(name);
  const add = jids.filter((jid) => before?.has(jid) !== true);
  if (add.length === 0) return;
  await ctx.blocklists.change(name, { add }, () => ctx.run('addresses-blocked', { name, jids: add }));
  await tellOthers(ctx, name);
  push(ctx, name, el('block', NS.blocking, {}, ...items(add)));
}

/** §3.4; without an item all are meant, §3.5. */
async function unblock(ctx: ModuleContext, self: Jid, jids: readonly Jid[]): Promise<void> {
  const { local: name } = self;
  const before = await ctx.blocklists.of(name);
  if (before === undefined) return;
  const remove = jids.length === 0 ? before.items : jids.filter((jid) => before.has(jid));
  if (remove.length === 0) return;
  await ctx.blocklists.change(name, { remove });
  await tellOthers(ctx, name);
  push(ctx, name, el('unblock', NS.blocking, {}, ...items(jids.length === 0 ? [] : remove)));
  await ctx.run('addresses-unblocked', { name, jids: remove });
}

async function tellOthers({ others, blocklists }: ModuleContext, name: string): Promise<void> {
  if (others !== undefined) others.changed(name, 'blocklist', (await blocklists.of(name))?.items.map(String) ?? []);
}

/** To all resources that have asked for the list (§3.3). What changes nothing is not told. */
function push(ctx: ModuleContext, name: string, content: Element): void {
  for (const session of ctx.sessions.of(name)) {
    if (!session.wantsBlocklist) continue;
    const attributes = { type: 'set', id: `block-${ctx.freshId()}` };
    session.send(Stanza.made('iq', session.jid.bare, session.jid, attributes, [content]));
  }
}
