import type { Module } from '../../router/module.ts';
import { el, parseElement } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

const KEY = 'vcard';

/** Who somebody is, with a picture, for clients that ask for it in the old way. */
export const vcard: Module = {
  name: 'vcard-temp',
  specification: 'XEP-0054',
  version: '1.3.0',
  features: [NS.vcard],
  accountFeatures: [NS.vcard],
  setup(ctx) {
    const store = ctx.stores.keyed<string>('vcard');
    ctx.iq({
      type: 'get',
      ns: NS.vcard,
      scope: 'account',
      handle: async ({ self, session }) => {
        const kept = await store.get(self.local, KEY);
        if (kept !== undefined) return [parseElement(kept, '')];
        if (session?.jid.bare.equals(self)) return [el('vCard', NS.vcard)]; // §3.1
        throw new StanzaError('service-unavailable'); // §3.3: as if nobody were there
      },
    });
    ctx.iq({
      type: 'set',
      ns: NS.vcard,
      scope: 'own',
      handle: async ({ payload, self }) => {
        if (payload.name !== 'vCard') throw new StanzaError('bad-request');
        await store.set(self.local, KEY, payload.serialize());
        return [];
      },
    });
    ctx.iq({
      type: 'set',
      ns: NS.vcard,
      scope: 'account',
      handle: () => {
        throw new StanzaError('forbidden'); // §3.2: nobody else's
      },
    });
  },
};
