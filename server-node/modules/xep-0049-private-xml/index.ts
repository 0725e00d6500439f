import type { Module } from '../../router/module.ts';
import { type Element, el, parseElement } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** what one account may keep under one name, bytes */
const LARGEST = 65_536;
const MOST = 100;

const keyOf = (element: Element): string => `${element.ns} ${element.name}`;

/** §3: an element of a namespace of its own. */
function fragment(payload: Element): Element {
  const [element] = payload.elements;
  if (element === undefined) throw new StanzaError('bad-request');
  if (element.ns === NS.privateXml || element.ns === NS.client) throw new StanzaError('not-acceptable');
  return element;
}

/** Old clients keep their bookmarks and settings in it. */
export const privateXml: Module = {
  name: 'Private XML storage',
  specification: 'XEP-0049',
  version: '1.2',
  features: [NS.privateXml],
  setup(ctx) {
    const store = ctx.stores.keyed<string>('private-xml');
    ctx.iq({
      type: 'get',
      ns: NS.privateXml,
      scope: 'own',
      handle: async ({ payload, self }) => {
        const wanted = fragment(payload);
        const kept = await store.get(self.local, keyOf(wanted));
        return [el('query', NS.privateXml, {}, kept === undefined ? wanted : parseElement(kept, ''))];
      },
    });
    ctx.iq({
      type: 'set',
      ns: NS.privateXml,
      scope: 'own',
      handle: async ({ payload, self }) => {
        const element = fragment(payload);
        const bytes = element.serialize();
        const known = await store.all(self.local);
        const tooMuch = bytes.length > LARGEST || (!known.has(keyOf(element)) && known.size >= MOST);
        if (tooMuch) throw new StanzaError('resource-constraint', 'there is no room for more private data');
        await store.set(self.local, keyOf(element), bytes);
        return [];
      },
    });
  },
};
