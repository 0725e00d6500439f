import type { Module } from '../../router/module.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { announcements } from './announce.ts';
import { lists } from './lists.ts';
import { messageOfTheDay } from './motd.ts';
import { people } from './people.ts';
import { sessions } from './sessions.ts';

/**
 * What the people in `admins` may do from their clients, as commands. Left out: a password can't be read back (§4.6, and
 * SCRAM keeps none); the service is restarted and stopped where it runs (§4.30, §4.31); who is an admin stands in
 * parleyd.toml (§4.29). No welcome (§4.27, §4.28) and no lists of the whole service (§4.11, §4.12).
 */
export const admin: Module = {
  name: 'Service administration',
  specification: 'XEP-0133',
  version: '1.3.1',
  status: 'partial',
  setup(ctx) {
    for (const { node, name, execute } of [
      ...people(ctx),
      ...sessions(ctx),
      ...lists(ctx),
      ...announcements(ctx),
      ...messageOfTheDay(ctx),
    ])
      ctx.command({ node: `${NS.admin}#${node}`, name, allows: (from) => ctx.isAdmin(from), execute });
  },
};
