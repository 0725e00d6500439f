import { type Outlet, type Peer, Session } from '../router/session.ts';
import { decode, encode } from '../xml/chars.ts';
import { readTag } from '../xml/tag.ts';
import { parseJid } from '../xmpp/jid.ts';
import { Stanza } from '../xmpp/stanza.ts';

/** A session as it survives JSON: all that its modules keep in it. */
export interface PackedSession {
  readonly jid: string;
  readonly peer: Peer;
  readonly connectedAt: number;
  /** the presence that others see, as it stood on the wire */
  readonly presence: string | null;
  readonly priority: number;
  readonly interested: boolean;
  readonly wantsBlocklist: boolean;
  readonly carbons: boolean;
  /** whom it sent directed presence to */
  readonly directed: readonly string[];
  /** which of those that waited it was sent; a node of an earlier version does not say */
  readonly given?: readonly number[];
}

export function packSession(session: Session): PackedSession {
  const { jid, peer, connectedAt, presence, priority, interested, wantsBlocklist, carbons, directed, given } = session;
  return {
    jid: jid.toString(),
    peer,
    connectedAt,
    presence: presence === undefined ? null : decode(presence.wire),
    priority,
    interested,
    wantsBlocklist,
    carbons,
    directed: [...(directed?.values() ?? [])].map(String),
    ...(given === undefined || given.size === 0 ? {} : { given: [...given] }),
  };
}

/** What a packed session is made of: when none of it is another, it is the same. */
export function sessionMarks(session: Session): readonly unknown[] {
  const { peer, presence, priority, interested, wantsBlocklist, carbons, directed } = session;
  return [peer, presence, priority, interested, wantsBlocklist, carbons, directed, directed?.size];
}

/** The session again; undefined when what was packed is none. */
export function unpackSession(packed: PackedSession, outlet: Outlet): Session | undefined {
  const jid = parseJid(packed.jid);
  if (jid === undefined || jid.resource === '') return undefined;
  const session = new Session(jid, packed.peer, packed.connectedAt, outlet);
  if (packed.presence !== null) {
    const raw = encode(packed.presence);
    const tag = readTag(raw, 0, Number.POSITIVE_INFINITY);
    if (tag !== undefined) session.presence = Stanza.received(tag, raw, jid, undefined);
  }
  const directed = packed.directed.map(parseJid).filter((to) => to !== undefined);
  if (directed.length > 0) session.directed = new Map(directed.map((to) => [to.wire, to]));
  if (packed.given !== undefined) session.given = new Set(packed.given);
  const { priority, interested, wantsBlocklist, carbons } = packed;
  return Object.assign(session, { priority, interested, wantsBlocklist, carbons });
}
