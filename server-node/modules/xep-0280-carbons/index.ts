import type { RoutedMessage } from '../../router/hooks.ts';
import type { Module, ModuleContext } from '../../router/module.ts';
import { KEPT_ELSEWHERE, type Session } from '../../router/session.ts';
import type { Bytes } from '../../xml/chars.ts';
import { escapeValue } from '../../xml/entities.ts';
import { NS } from '../../xmpp/namespaces.ts';
import type { Stanza } from '../../xmpp/stanza.ts';
import { eligible, isFromRoom } from './eligible.ts';

/** Both sides of a conversation on all of a person's devices. */
export const carbons: Module = {
  name: 'Message carbons',
  specification: 'XEP-0280',
  version: '1.0.1',
  features: [NS.carbons],
  accountFeatures: [NS.carbons],
  setup(ctx) {
    ctx.iq({
      type: 'set',
      ns: NS.carbons,
      scope: 'own',
      handle: ({ payload, session }) => {
        if (session !== undefined && payload.name === 'enable') session.carbons = true;
        if (session !== undefined && payload.name === 'disable') session.carbons = false;
        return [];
      },
    });
    ctx.onMessage((message) => copy(ctx, message));
  },
};

function copy(ctx: ModuleContext, { stanza, to, from, delivered, receipt }: RoutedMessage): void {
  const mine = from === undefined ? [] : ctx.sessions.of(from.jid.local);
  const theirs = ctx.sessions.of(to.local);
  // the usual case, told by two look-ups: nobody has another device that is here
  if (mine.length < 2 && theirs.length <= delivered.length) return;
  const wants = (session: Session) => session.carbons && !delivered.includes(session) && session !== from;
  const senders = mine.filter(wants);
  // a message to oneself is copied once (§7 and §8 would both do it)
  const recipients = from?.jid.local === to.local ? [] : theirs.filter(wants);
  if ((senders.length === 0 && recipients.length === 0) || !eligible(stanza)) return;
  for (const session of senders) session.outlet.send(wrap(stanza, session, 'sent'), KEPT_ELSEWHERE);
  if (isFromRoom(stanza)) return;
  for (const session of recipients)
    session.outlet.send(wrap(stanza, session, 'received'), receipt?.another() ?? KEPT_ELSEWHERE);
}

/** §7, §8: the message as it is, forwarded (XEP-0297) in the name of the account. */
function wrap(stanza: Stanza, session: Session, direction: 'sent' | 'received'): Bytes {
  const type = stanza.type === '' ? '' : ` type='${escapeValue(stanza.type)}'`;
  const original = `<message xmlns='${NS.client}'${stanza.wire.slice('<message'.length)}`;
  return (
    `<message from='${session.jid.bare.wire}' to='${session.jid.wire}'${type}>` +
    `<${direction} xmlns='${NS.carbons}'><forwarded xmlns='${NS.forward}'>${original}</forwarded></${direction}></message>`
  );
}
