import type { Module } from '../../router/module.ts';
import { el } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** Says name and version, and not the operating system: that helps attackers alone (XEP-0092 §4). */
export const version: Module = {
  name: 'Software version',
  specification: 'XEP-0092',
  version: '1.1',
  features: [NS.version],
  setup(ctx) {
    const text = (name: string, value: string) => el(name, NS.version, {}, value);
    const answer = el('query', NS.version, {}, text('name', 'parleyd'), text('version', ctx.version));
    ctx.iq({ type: 'get', ns: NS.version, scope: 'server', handle: () => [answer] });
  },
};
