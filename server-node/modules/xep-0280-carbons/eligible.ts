import { NS } from '../../xmpp/namespaces.ts';
import type { Stanza } from '../../xmpp/stanza.ts';

const INSTANT: readonly string[] = [NS.receipts, NS.chatStates, NS.markers];

/** Whether a message is part of a conversation that all devices should see (XEP-0280 §6.1, and §9 for who asks not to). */
export function eligible(stanza: Stanza): boolean {
  if (stanza.type === 'groupchat' || stanza.type === 'headline' || stanza.type === 'error') return false;
  const { element } = stanza;
  if (element.child('private', NS.carbons) !== undefined || element.child('no-copy', NS.hints) !== undefined)
    return false;
  if (stanza.type === 'chat') return true;
  return element.elements.some(
    (part) =>
      (part.name === 'body' && part.ns === NS.client) ||
      INSTANT.includes(part.ns) ||
      part.ns === NS.directInvite ||
      (part.ns === NS.mucUser && part.child('invite') !== undefined),
  );
}

/** §6.1: what an occupant of a room says in private reaches all devices from the room itself. */
export function isFromRoom(stanza: Stanza): boolean {
  if (!stanza.rest.includes(NS.mucUser)) return false;
  const room = stanza.element.child('x', NS.mucUser);
  return room !== undefined && room.child('invite') === undefined;
}
