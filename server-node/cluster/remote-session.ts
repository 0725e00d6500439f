import type { Debt, Fate, Outlet, Peer } from '../router/session.ts';
import { Session } from '../router/session.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Jid } from '../xmpp/jid.ts';

/** The way to a session of another node. */
export interface Way {
  /** the run of that node */
  readonly run: string;
  deliver(session: RemoteSession, bytes: Bytes, receipt: Fate | undefined): Debt | undefined;
  fan(id: number, head: Bytes, tail: Bytes): void;
  end(id: number, condition: string, text: string | undefined): void;
  /** Resolves when it is over, or nobody can say. */
  gone(id: number): Promise<void>;
}

/** A session that another node holds: what this node must know to send to it. */
export class RemoteSession extends Session {
  /** its number at its node */
  readonly id: number;
  readonly way: Way;

  constructor(id: number, jid: Jid, peer: Peer, connectedAt: number, way: Way) {
    const outlet = new RemoteOutlet(way);
    super(jid, peer, connectedAt, outlet);
    this.id = id;
    this.way = way;
    outlet.session = this;
  }

  override get here(): boolean {
    return false;
  }

  override gone(): Promise<void> {
    return this.way.gone(this.id);
  }
}

class RemoteOutlet implements Outlet {
  readonly #way: Way;
  session!: RemoteSession;

  constructor(way: Way) {
    this.#way = way;
  }

  send(bytes: Bytes, receipt?: Fate): Debt | undefined {
    return this.#way.deliver(this.session, bytes, receipt);
  }

  fan(head: Bytes, tail: Bytes): void {
    this.#way.fan(this.session.id, head, tail);
  }

  end(condition: string, text?: string): void {
    this.#way.end(this.session.id, condition, text);
  }

  // What a client of another node sends goes through that node: nothing is owed, held or paced for it here.
  owe(): void {}
  hold(): void {}
  async drained(): Promise<void> {}
}
