import type { Module } from '../../router/module.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** RFC 3921 §3: a step that RFC 6121 took out. Old clients still take it, and it does nothing. */
export const session: Module = {
  name: 'Session establishment',
  specification: 'RFC 3921',
  // optional: a client that knows better skips it (draft-cridland-xmpp-session)
  streamFeatures: () => `<session xmlns='${NS.session}'><optional/></session>`,
  setup(ctx) {
    for (const scope of ['server', 'own'] as const) ctx.iq({ type: 'set', ns: NS.session, scope, handle: () => [] });
  },
};
