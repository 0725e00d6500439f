import type { KnownClient } from '../../router/accounts.ts';
import type { Module } from '../../router/module.ts';
import { type Element, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** People see which clients have access to their account, and take it away. */
export const clientAccess: Module = {
  name: 'Client access management',
  specification: 'XEP-0494',
  version: '0.1.0',
  accountFeatures: [NS.clientAccess],
  setup(ctx) {
    ctx.iq({
      type: 'get',
      ns: NS.clientAccess,
      scope: 'own',
      handle: async ({ payload, self }) => {
        if (payload.name !== 'list') throw new StanzaError('bad-request');
        const clients = await ctx.accounts.clients(self.local);
        return [el('clients', NS.clientAccess, {}, ...clients.map(shown))];
      },
    });
    ctx.iq({
      type: 'set',
      ns: NS.clientAccess,
      scope: 'own',
      handle: async ({ payload, self }) => {
        const id = payload.attributes['id'];
        if (payload.name !== 'revoke' || id === undefined) throw new StanzaError('bad-request');
        const client = (await ctx.accounts.clients(self.local)).find((one) => one.id === id);
        if (client === undefined) throw new StanzaError('item-not-found');
        if (client.password) throw passwordNeeded(); // §4.2: it could come back with what it knows
        await ctx.accounts.revoke(self.local, id);
        return [];
      },
    });
  },
};

const passwordNeeded = (): StanzaError =>
  new StanzaError('service-unavailable', 'this client knows the password: change it', {
    condition: el('password-reset-required', NS.clientAccess),
  });

/** §4.1 */
function shown({ id, software, device, firstSeen, lastSeen, connected, password, token }: KnownClient): Element {
  const part = (name: string, ...content: (string | Element)[]) => el(name, NS.clientAccess, {}, ...content);
  const time = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
  const ways = [...(password ? [part('password')] : []), ...(token ? [part('fast')] : [])];
  const about = [
    ...(software === '' ? [] : [part('software', software)]),
    ...(device === '' ? [] : [part('device', device)]),
  ];
  return el(
    'client',
    NS.clientAccess,
    { id, connected: String(connected), type: 'session' },
    part('first-seen', time(firstSeen)),
    part('last-seen', time(lastSeen)),
    part('auth', ...ways),
    el('permission', NS.clientAccess, { status: 'unrestricted' }),
    ...(about.length === 0 ? [] : [part('user-agent', ...about)]),
  );
}
