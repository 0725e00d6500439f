import type { Packer } from '../link/pack.ts';
import type { Session, SessionWatcher } from '../router/session.ts';
import type { SessionsWatcher } from '../router/sessions.ts';
import { FLAG, FRAME } from './frames.ts';

/** Where what is new of this node's sessions is told. */
export interface Announced {
  /** what is to be said next, to each other node */
  outs(): Iterable<Packer>;
  /** the addresses that an account blocks */
  blocked(name: string): readonly string[];
}

/** This node's own sessions as other nodes know them: by a number, and with what they need to know of each. */
export class LocalSessions implements SessionWatcher, SessionsWatcher {
  readonly #ids = new Map<Session, number>();
  readonly #byId = new Map<number, Session>();
  readonly #dirty = new Set<Session>();
  readonly #announced: Announced;
  #last = 0;
  /** grows whenever something of one of them is new */
  news = 0;

  constructor(announced: Announced) {
    this.#announced = announced;
  }

  get(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  added(session: Session): void {
    const id = ++this.#last;
    this.#ids.set(session, id);
    this.#byId.set(id, session);
    session.watcher = this;
    for (const out of this.#announced.outs()) this.#opened(out, id, session);
  }

  removed(session: Session): void {
    const id = this.#ids.get(session);
    if (id === undefined) return;
    this.settle();
    session.watcher = undefined;
    this.#ids.delete(session);
    this.#byId.delete(id);
    for (const out of this.#announced.outs()) out.byte(FRAME.closed).count(id);
  }

  /** Something of it is new; it is told before anything else is said, and with this turn at the latest. */
  changed(session: Session): void {
    this.news++;
    if (this.#dirty.size === 0) for (const _ of this.#announced.outs()); // whoever gathers what is to be said asks us first
    this.#dirty.add(session);
  }

  /** Tells what is new. */
  settle(): void {
    if (this.#dirty.size === 0) return;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const session of dirty) {
      const id = this.#ids.get(session);
      if (id === undefined) continue;
      for (const out of this.#announced.outs()) writeState(out.byte(FRAME.changed).count(id), session);
    }
  }

  /** All of them, for who knows none. */
  snapshot(out: Packer): void {
    for (const [session, id] of this.#ids) this.#opened(out, id, session);
    out.byte(FRAME.complete);
  }

  #opened(out: Packer, id: number, session: Session): void {
    const { jid, connectedAt, peer } = session;
    out.byte(FRAME.opened).count(id).text(jid.local).text(jid.resource);
    out.count(connectedAt).text(JSON.stringify({ ...peer, address: '' }));
    const blocked = this.#announced.blocked(jid.local);
    out.count(blocked.length);
    for (const one of blocked) out.text(one);
    writeState(out, session);
  }
}

function writeState(out: Packer, session: Session): void {
  const { presence } = session;
  const flags =
    (presence === undefined ? 0 : FLAG.available) |
    (session.interested ? FLAG.interested : 0) |
    (session.wantsBlocklist ? FLAG.blocklist : 0) |
    (session.carbons ? FLAG.carbons : 0);
  out
    .byte(flags)
    .byte(session.priority + 128)
    .bytes(presence?.rest ?? '');
}
