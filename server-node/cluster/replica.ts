import type { Unpacker } from '../link/pack.ts';
import type { Blocklists } from '../router/blocklists.ts';
import type { Peer } from '../router/session.ts';
import type { Sessions } from '../router/sessions.ts';
import { encode } from '../xml/chars.ts';
import { readTag } from '../xml/tag.ts';
import { Jid } from '../xmpp/jid.ts';
import { Stanza } from '../xmpp/stanza.ts';
import { FLAG } from './frames.ts';
import { RemoteSession, type Way } from './remote-session.ts';

/** What is learnt of another node's sessions that their node could not tell our clients in time. */
export interface ReplicaNews {
  /** It came, is shown otherwise, or is gone, and its node did not know all of our clients whom it should have told. */
  missed(session: RemoteSession): void;
  /** It was somewhere else before: those of our clients who came meanwhile have not seen it. */
  moved(session: RemoteSession): void;
  /** It could take messages from now on. */
  ready(session: RemoteSession): void;
  /** All that is kept in memory of accounts may be outdated. */
  outdated(): void;
}

/** The sessions of one other node, as far as this node must know them; fed by that node. */
export class Replica {
  readonly #domain: string;
  readonly #sessions: Sessions;
  readonly #blocklists: Blocklists;
  readonly #way: Way;
  readonly #news: ReplicaNews;
  #byId = new Map<number, RemoteSession>();
  /** by full JID, while that node tells everything anew: what was known before */
  #before: Map<string, RemoteSession> | undefined;
  #shown = false;
  /** that node knows all sessions here, and tells our clients itself what is new */
  #tells = false;
  #restarts = 0;
  readonly #waiting = new Map<number, (() => void)[]>();

  constructor(domain: string, sessions: Sessions, blocklists: Blocklists, way: Way, news: ReplicaNews) {
    this.#blocklists = blocklists;
    this.#domain = domain;
    this.#sessions = sessions;
    this.#way = way;
    this.#news = news;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** that node has told all its sessions, and what was new since */
  get whole(): boolean {
    return this.#restarts > 0 && this.#before === undefined;
  }

  /** Its sessions can be sent to. */
  show(): void {
    if (this.#shown) return;
    this.#shown = true;
    for (const session of this.#byId.values()) {
      this.#sessions.add(session);
      if (session.available && session.priority >= 0) this.#news.ready(session);
    }
  }

  /** They can't, for now; nor does that node hear of ours. */
  hide(): void {
    if (this.#shown) for (const session of this.#byId.values()) this.#sessions.remove(session);
    this.#shown = false;
    this.#tells = false;
    this.#wakeAll();
  }

  /** That node begins to tell everything anew. */
  restarted(): void {
    const before = this.#before ?? new Map<string, RemoteSession>();
    for (const session of this.#byId.values()) {
      before.set(session.jid.wire, session);
      if (this.#shown) this.#sessions.remove(session);
    }
    this.#before = before;
    this.#byId = new Map();
    this.#tells = false;
    this.#restarts++;
    this.#news.outdated(); // also at first: it may have changed something before it knew that we are there
    this.#wakeAll();
  }

  opened(reader: Unpacker): RemoteSession {
    const id = reader.count();
    const jid = new Jid(reader.text(), this.#domain, reader.text());
    const connectedAt = reader.count();
    const session = new RemoteSession(id, jid, peerOf(reader.text()), connectedAt, this.#way);
    const blocked = Array.from({ length: reader.count() }, () => reader.text());
    this.#blocklists.learn(jid.local, blocked); // also that nothing is blocked: it may have been
    this.#state(reader, session);
    this.#byId.set(id, session);
    if (this.#shown) this.#sessions.add(session);
    const before = this.#before?.get(jid.wire);
    this.#before?.delete(jid.wire);
    if (this.#tells && session.available) this.#news.moved(session);
    else if (!this.#tells && before?.presence?.rest !== session.presence?.rest) this.#news.missed(session);
    return session;
  }

  changed(reader: Unpacker): void {
    const session = this.#byId.get(reader.count());
    if (session === undefined) {
      skipState(reader);
      return;
    }
    const before = session.presence?.rest;
    this.#state(reader, session);
    if (!this.#tells && before !== session.presence?.rest) this.#news.missed(session);
  }

  closed(id: number): void {
    const session = this.#byId.get(id);
    if (session !== undefined) {
      this.#byId.delete(id);
      session.closed = true;
      if (this.#shown) this.#sessions.remove(session);
      this.#unlearn(session);
      if (!this.#tells && session.available) this.#news.missed(session);
    }
    this.#wake(id);
  }

  /** All have been told. */
  complete(): void {
    const gone = this.#before;
    this.#before = undefined;
    for (const session of gone?.values() ?? []) {
      session.closed = true;
      this.#unlearn(session);
      if (session.available) this.#news.missed(session);
    }
  }

  /** What its account blocks is its nodes' to say: when it has no session there any more, it is read when it is needed. */
  #unlearn({ jid }: RemoteSession): void {
    if (this.#sessions.of(jid.local).every((one) => one.here)) this.#blocklists.unlearn(jid.local);
  }

  /** That node may not know all sessions here. */
  doubted(): void {
    this.#tells = false;
  }

  /** From here on that node knows all sessions here that it was told, and tells our clients itself. */
  tells(): void {
    this.#tells = this.#before === undefined;
  }

  /** Resolves when a session is over, or nobody can say. */
  gone(id: number): Promise<void> {
    if (!this.#byId.has(id)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 5000);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), wake]);
    });
  }

  /** That node is gone. Its sessions are none any more; they are answered. */
  end(): RemoteSession[] {
    this.hide();
    const sessions = [...this.#byId.values(), ...(this.#before?.values() ?? [])];
    this.#byId = new Map();
    this.#before = undefined;
    for (const session of sessions) {
      session.closed = true;
      this.#unlearn(session);
    }
    return sessions;
  }

  #state(reader: Unpacker, session: RemoteSession): void {
    const flags = reader.byte();
    const could = session.available && session.priority >= 0;
    session.priority = reader.byte() - 128;
    const rest = reader.bytes();
    session.interested = (flags & FLAG.interested) > 0;
    session.wantsBlocklist = (flags & FLAG.blocklist) > 0;
    session.carbons = (flags & FLAG.carbons) > 0;
    session.presence = (flags & FLAG.available) > 0 ? presenceOf(session.jid, rest) : undefined;
    if (!could && session.available && session.priority >= 0) this.#news.ready(session);
  }

  #wake(id: number): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
    this.#waiting.delete(id);
  }

  #wakeAll(): void {
    for (const id of [...this.#waiting.keys()]) this.#wake(id);
  }
}

/** How others are connected is mostly the same: one object for all of them. */
const peers = new Map<string, Peer>();

function peerOf(text: string): Peer {
  let peer = peers.get(text);
  if (peer === undefined) {
    if (peers.size > 10_000) peers.clear();
    peer = JSON.parse(text) as Peer;
    peers.set(text, peer);
  }
  return peer;
}

function skipState(reader: Unpacker): void {
  reader.byte();
  reader.byte();
  reader.bytes();
}

/** The presence of a full JID from what stands behind `from`. */
function presenceOf(jid: Jid, rest: string): Stanza {
  const raw = encode('<presence') + rest;
  const tag = readTag(raw, 0, Number.POSITIVE_INFINITY);
  if (tag === undefined) throw new Error('another node shows a presence that is none');
  return Stanza.received(tag, raw, jid, undefined);
}
