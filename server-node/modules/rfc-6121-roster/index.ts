import type { Module } from '../../router/module.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Blocking } from './blocking.ts';
import { Presence } from './presence.ts';
import { RosterIq } from './roster-iq.ts';
import { Rosters } from './rosters.ts';
import { isSubscriptionType, seesUs } from './subscription.ts';
import { Subscriptions } from './subscriptions.ts';

export const roster: Module = {
  name: 'Roster, subscriptions and presence',
  specification: 'RFC 6121',
  streamFeatures: () => `<ver xmlns='${NS.rosterVersions}'/><sub xmlns='${NS.preApproval}'/>`, // §2.6.1, §3.4
  setup(ctx) {
    const rosters = new Rosters(ctx);
    const subscriptions = new Subscriptions(ctx, rosters);
    const presence = new Presence(ctx, rosters, subscriptions);
    const iq = new RosterIq(ctx, rosters, subscriptions);
    ctx.iq({ type: 'get', ns: NS.roster, scope: 'own', handle: (request) => iq.get(request) });
    ctx.iq({ type: 'set', ns: NS.roster, scope: 'own', handle: (request) => iq.set(request) });
    // §2.1.5: nobody changes another's roster
    ctx.iq({
      type: 'set',
      ns: NS.roster,
      scope: 'account',
      handle: () => {
        throw new StanzaError('forbidden');
      },
    });
    ctx.on('presence-sent', 'handle', ({ session, stanza }) => presence.sent(session, stanza));
    ctx.on('presence-directed', 'handle', async ({ session, stanza }) => {
      const { type, to } = stanza;
      if (to === undefined) return false;
      if (isSubscriptionType(type)) {
        await subscriptions.send(session, stanza, to.bare, type);
        return true;
      }
      presence.direct(session, stanza, to);
      return false;
    });
    ctx.on('presence-received', 'handle', async ({ name, stanza }) => {
      if (stanza.type === 'probe') await presence.probed(name, stanza.from);
      else if (isSubscriptionType(stanza.type)) await subscriptions.receive(name, stanza, stanza.type);
      return true;
    });
    ctx.on('statistics-asked', 'observe', async ({ name, add }) => {
      const listed = [...(await rosters.of(name)).contacts()].filter(({ item }) => item.listed);
      add({ var: 'rostersize', type: 'text-single', values: [String(listed.length)] });
    });
    ctx.on('roster-asked', 'observe', async ({ name, add }) => add(await iq.all(name)));
    ctx.on('may-see', 'handle', async ({ name, other }) => seesUs((await rosters.of(name)).item(other.bare)));
    const blocking = new Blocking(ctx, rosters, subscriptions);
    ctx.on('addresses-blocked', 'observe', ({ name, jids }) => blocking.hide(name, jids));
    ctx.on('addresses-unblocked', 'observe', ({ name, jids }) => blocking.reveal(name, jids));
    ctx.on('session-closed', 'observe', async ({ session, moved }) => {
      if (moved !== true) await presence.gone(session);
      if (ctx.sessions.here(session.jid.local).length === 0) rosters.forget(session.jid.local);
    });
    ctx.on('session-opened', 'observe', ({ session }) => presence.came(session));
    ctx.on('session-arrived', 'observe', async ({ session, view }) => {
      if (session.interested) await rosters.arrived(session, view?.roster);
      await presence.arrived(session, view?.available);
    });
    ctx.views((session) => {
      const roster = rosters.known(session.jid.local);
      return roster && { available: presence.shown(session, roster), roster: roster.versionText() };
    });
    ctx.on('session-withdrawn', 'observe', ({ session }) => presence.gone(session));
    ctx.on('presence-missed', 'observe', ({ session, newcomers }) => presence.missed(session, newcomers));
    ctx.on('account-changed', 'observe', ({ name, what }) => {
      if (what === 'roster') rosters.forget(name);
      if (what === 'all') ctx.aside('rosters that may be outdated', () => rosters.refreshAll());
    });
    ctx.on('account-removed', 'observe', async ({ name }) => {
      await subscriptions.leave(name);
      rosters.forget(name);
    });
  },
};
