import type { Module } from '../../router/module.ts';
import { el } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** Components are found among what the domain offers (XEP-0030 §4); their stream is the business of stream/ and edge/. */
export const components: Module = {
  name: 'Components that connect to the node',
  specification: 'XEP-0114',
  version: '1.6',
  setup(ctx) {
    ctx.disco.addItems('server', () =>
      [...ctx.externals.all()].map(({ domain }) => el('item', NS.discoItems, { jid: domain })),
    );
  },
};
