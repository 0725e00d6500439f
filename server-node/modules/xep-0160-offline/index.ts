import type { Module, ModuleContext } from '../../router/module.ts';
import { type Fate, KEPT_ELSEWHERE, offlineKey, type Session } from '../../router/session.ts';
import type { ListStore } from '../../storage/stores.ts';
import { whenBack } from '../../storage/when-back.ts';
import type { Bytes } from '../../xml/chars.ts';
import { delayed } from '../../xmpp/delay.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';
import type { Stanza } from '../../xmpp/stanza.ts';

/** what is sent before it is waited for and removed, bytes */
const PORTION_BYTES = 262_144;

/** Whether a message is worth keeping (XEP-0160 §3, XEP-0334 §4): not what is only true while it is typed. */
export function worthKeeping(stanza: Stanza): boolean {
  // a type that nobody knows is `normal` (RFC 6121 §5.2.2)
  if (stanza.type === 'groupchat' || stanza.type === 'headline' || stanza.type === 'error') return false;
  const parts = stanza.element.elements;
  const hinted = (name: string) => parts.some((part) => part.ns === NS.hints && part.name === name);
  if (hinted('no-store') || hinted('no-permanent-store')) return false;
  return parts.some((part) => part.ns !== NS.chatStates && part.ns !== NS.hints && part.name !== 'thread');
}

export const offline: Module = {
  name: 'Offline messages',
  specification: 'XEP-0160',
  version: '1.0.1',
  features: [NS.offlineFeature],
  setup(ctx) {
    const store = ctx.stores.list('offline');
    ctx.on('message-offline', 'handle', async ({ name, stanza, at }) => {
      if (!worthKeeping(stanza)) return true;
      // what is given back may lie there: a database that went away has not always told what it did
      if (at !== undefined && (await liesThere(store, name, at, stanza.wire))) return true;
      const id = await store.append(name, at ?? ctx.now(), stanza.wire, ctx.offlineMessages);
      if (id === undefined) throw new StanzaError('service-unavailable', 'the recipient has too many messages waiting');
      return true;
    });
    const takers: Takers = new Map();
    /** Gives what waits, also when the database is away just now: nothing else would ask for it again. */
    const given = (session: Session) =>
      ctx.aside('offline messages', () =>
        whenBack(
          () => deliver(ctx, session, takers),
          () => canTake(session),
        ),
      );
    ctx.on('messages-waiting', 'observe', ({ name }) => {
      const taker = ctx.sessions.here(name).find(canTake);
      if (taker !== undefined) given(taker);
    });
    // while it was on its way from another node it was nowhere, and what was for it was stored
    ctx.on('session-arrived', 'observe', ({ session }) => {
      if (canTake(session)) given(session);
    });
    // under stream management nothing may wait for it: it ends with an acknowledgement, which comes by the same stream
    // what could take messages since it was given what waited has nothing to ask for: what came later came to it
    const served = new WeakSet<Session>();
    ctx.on('presence-sent', 'observe', ({ session }) => {
      if (!canTake(session)) served.delete(session);
      if (!canTake(session) || served.has(session)) return undefined;
      served.add(session);
      if (session.outlet.managed === true) return given(session);
      return deliver(ctx, session, takers).catch((error: unknown) => {
        served.delete(session);
        throw error;
      });
    });
  },
};

async function liesThere(store: ListStore, name: string, at: number, wire: Bytes): Promise<boolean> {
  const waiting = await store.all(name);
  return waiting.some((entry) => entry.at === at && entry.data === wire);
}

/** Which session of an account is being given what waited. The last to come takes over from one that may be stuck. */
interface Turn {
  readonly session: Session;
  runs: number;
  over: boolean;
  /** numbers of what is gone from the storage: a run that has read it before still finds them among its own */
  readonly gone: number[];
}
type Takers = Map<string, Turn>;

const canTake = (session: Session): boolean => session.available && session.priority >= 0 && !session.closed;

/** Gives a session what waited for its account, once it can take messages (XEP-0160 §2, step 6). */
async function deliver(ctx: ModuleContext, session: Session, takers: Takers): Promise<void> {
  const { local } = session.jid;
  if (!canTake(session)) return;
  // again while it is still being given some: what was stored since is not among those
  let turn = takers.get(local);
  if (turn?.session !== session) {
    if (turn !== undefined) turn.over = true;
    turn = { session, runs: 0, over: false, gone: [] };
    takers.set(local, turn);
  }
  const mine = turn;
  mine.runs++;
  try {
    await deliverAll(ctx, session, takers, () => !mine.over);
    if (mine.over) return;
  } finally {
    if (--mine.runs === 0) {
      if (takers.get(local) === mine) takers.delete(local);
      for (const id of mine.gone) session.given?.delete(id);
    }
  }
  const next = session.closed ? ctx.sessions.here(local).find(canTake) : undefined; // it went before it had them all
  if (next !== undefined) await deliver(ctx, next, takers);
}

/**
 * A slow client gets them in portions, and a portion is removed only after the system has taken it: by its numbers, for another
 * node may have stored a lower one since. What a session was sent and has not acknowledged lies there yet; it is not sent it again.
 */
async function deliverAll(ctx: ModuleContext, session: Session, takers: Takers, mine: () => boolean): Promise<void> {
  const store = ctx.stores.list('offline');
  let waiting = 0;
  let sent: number[] = [];
  const given = (session.given ??= new Set());
  const entries = await store.all(session.jid.local);
  for (const [i, entry] of entries.entries()) {
    if (session.closed || !mine()) return;
    const known = given.has(entry.id);
    if (!known) sent.push(entry.id);
    if (!known && !fromBlocked(ctx, session, entry.data)) {
      const wire = delayed(entry.data, entry.at, ctx.domain.domain, 'Offline storage');
      given.add(entry.id);
      session.outlet.send(
        wire,
        session.outlet.managed === true ? waits(ctx, session, entry.id, takers) : KEPT_ELSEWHERE,
      );
      waiting += wire.length;
    }
    if (waiting < PORTION_BYTES && i < entries.length - 1) continue;
    await session.outlet.drained();
    if (session.closed || !mine()) return;
    await Promise.all(sent.map((id) => store.remove(session.jid.local, id)));
    for (const id of sent) forget(takers, session, id);
    sent = [];
    waiting = 0;
  }
}

/**
 * It goes from where messages wait as soon as the client has acknowledged it, also when that is after a restart: what was
 * acknowledged must not come again because others were not.
 */
function waits(ctx: ModuleContext, session: Session, id: number, takers: Takers): Fate {
  const { local } = session.jid;
  const drop = () =>
    ctx.aside('an offline message that has arrived', async () => {
      // what has arrived and stays where messages wait would come again one day
      await whenBack(() => ctx.stores.list('offline').remove(local, id));
      forget(takers, session, id);
    });
  const kept = { key: offlineKey.of(local, id), stored: Promise.resolve(), drop };
  return { taken: drop, lost: () => false, keep: () => kept };
}

/** It is gone from the storage, and no number is given twice: the session need not know of it any more. */
function forget(takers: Takers, session: Session, id: number): void {
  const turn = takers.get(session.jid.local);
  if (turn?.session === session) turn.gone.push(id);
  else session.given?.delete(id);
}

/** Whether a stored message is from somebody who was blocked since: it is not delivered any more (XEP-0191 §3.3). */
function fromBlocked(ctx: ModuleContext, session: Session, wire: Bytes): boolean {
  if (ctx.blocklists.none) return false;
  const sender = ctx.jids.parse(/^<message from='([^']*)'/.exec(wire)?.[1] ?? '');
  return sender !== undefined && ctx.blocklists.blocks(session.jid.local, sender);
}
