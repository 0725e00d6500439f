import type { Module } from '../../router/module.ts';
import { NS } from '../../xmpp/namespaces.ts';

export const ping: Module = {
  name: 'Ping',
  specification: 'XEP-0199',
  version: '2.0.1',
  features: [NS.ping],
  accountFeatures: [NS.ping],
  setup(ctx) {
    for (const scope of ['server', 'account'] as const) ctx.iq({ type: 'get', ns: NS.ping, scope, handle: () => [] });
  },
};
