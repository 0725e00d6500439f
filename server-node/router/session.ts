import type { Bytes } from '../xml/chars.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';

/** How a client is connected, as far as people ask. */
export interface Peer {
  /** address and port of the client */
  readonly address: string;
  readonly transport: 'tcp' | 'starttls' | 'tls' | 'websocket' | 'bosh';
  /** such as TLSv1.3; null without TLS */
  readonly tls: string | null;
  readonly mechanism: string;
  /** which of the account's clients it is, when it said so (XEP-0388 §2.2) */
  readonly client?: string | undefined;
}

/**
 * What becomes of a message that goes to several devices of an account: it counts as lost when all of them have lost it
 * before they acknowledged it, and only then goes where messages wait.
 */
export class Receipt {
  /** the message as it was sent, whatever shape a device gets it in */
  readonly original: Bytes;
  #open = 0;
  #taken = false;
  #passed = false;
  #kept: Kept | undefined;

  constructor(original: Bytes) {
    this.original = original;
  }

  /** One more device is sent it. */
  another(): this {
    this.#open++;
    return this;
  }

  taken(): void {
    this.#taken = true;
    this.#open--;
    this.#drop();
  }

  /** One device was sent it, and acknowledges nothing: if nobody else takes it, it has it as far as can be known. */
  passed(): void {
    this.#passed = true;
    this.#open--;
    if (this.#open === 0) this.#drop();
  }

  lost(): boolean {
    this.#open--;
    if (this.#taken || this.#open > 0) return false;
    this.#drop(); // what is lost goes where messages wait, in the same turn
    return !this.#passed;
  }

  #drop(): void {
    this.#kept?.drop();
    this.#kept = undefined;
  }

  /** several devices take part in it: it stays where it is when one of them goes to another node */
  get shared(): boolean {
    return true;
  }

  /** while a copy is kept: where it lies */
  get key(): string | undefined {
    return this.#kept?.key;
  }

  /** while a copy is kept: when it lies on disk */
  get stored(): Promise<unknown> | undefined {
    return this.#kept?.stored;
  }

  keep(put: () => Kept): Kept | undefined {
    if (this.#taken || this.#kept !== undefined) return undefined;
    const kept = put();
    this.#kept = kept;
    kept.stored.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    return kept;
  }
}

interface Kept {
  readonly key: string;
  readonly stored: Promise<unknown>;
  drop(): void;
}

/** A message that its recipient has not acknowledged. */
export interface Debt {
  readonly settled: boolean;
  readonly kept?: Promise<unknown> | undefined;
  secure(): Promise<unknown>;
}

export type Fate = Pick<Receipt, 'taken' | 'lost' | 'keep'> & Partial<Pick<Receipt, 'passed' | 'stored' | 'key'>>;

/** What a session's client knows: what is different when it goes on elsewhere must be told to it. */
export interface View {
  /** whom it sees as available, by full JIDs */
  readonly available: readonly string[];
  /** the version of the roster that it has */
  readonly roster: string;
}

/** For what is kept elsewhere, or is a copy: nothing is lost with it. */
export const KEPT_ELSEWHERE: Fate = { taken: () => {}, lost: () => false, keep: () => undefined };

/** How a session that outlives the process finds a message that waits for its account; `read` is its counterpart. */
export const offlineKey = {
  of: (name: string, id: number): string => `offline:${id}:${name}`,
  read(key: string): { readonly name: string; readonly id: number } | undefined {
    const [, id, name] = /^offline:(\d+):(.*)$/s.exec(key) ?? [];
    return id === undefined || name === undefined ? undefined : { name, id: Number(id) };
  },
};

/** Where a session's bytes leave. What is sent within one turn leaves in one write. */
export interface Outlet {
  /** Sends one stanza; without a receipt nobody else gets it. A promise, or what is owed to its sender: it might be lost yet. */
  send(bytes: Bytes, receipt?: Fate): Promise<unknown> | Debt | undefined;
  /** What this session sent is not safe yet: it is not told that it is handled before it is (XEP-0198 §4). */
  owe(debt: Debt): void;
  /** Nothing leaves before the promise is settled: what is answered next must not be known before something is on disk. */
  hold(until: Promise<unknown>): void;
  /** Resolves when hardly anything waits to leave, or when nothing will leave any more. */
  drained(): Promise<void>;
  /** What its client sent goes to that many others: it has to wait longer before it may send more. */
  charge?(recipients: number): void;
  /** the client acknowledges what it has got (XEP-0198): only then is a stanza's fate known */
  readonly managed?: boolean;
  /** there is no connection now: the session waits for its client to come back (XEP-0198 §5) */
  readonly waiting?: boolean;
  /** Sends `head` + the account's bare JID + `tail`, where many are sent the same: to another node it goes once. */
  fan?(head: Bytes, tail: Bytes): void;
  /** Ends the stream with an error of RFC 6120 §4.9.3. */
  end(condition: string, text?: string): void;
}

/** Told when what others need to know of a session is something else. */
export interface SessionWatcher {
  changed(session: Session): void;
}

/** A bound resource (RFC 6120 §7). */
export class Session {
  readonly jid: Jid;
  peer: Peer;
  readonly connectedAt: number;
  readonly outlet: Outlet;
  /** where what others need to know of it is told to other nodes; none without a cluster */
  watcher: SessionWatcher | undefined;
  #presence: Stanza | undefined;
  #priority = 0;
  #interested = false;
  #wantsBlocklist = false;
  #carbons = false;
  /** bare and full JIDs that got directed presence and are told when it ends (RFC 6121 §4.6) */
  directed: Map<Bytes, Jid> | undefined;
  /** messages that waited for the account, by their numbers in the storage: it was sent them, and they lie there yet */
  given: Set<number> | undefined;
  closed = false;

  constructor(jid: Jid, peer: Peer, connectedAt: number, outlet: Outlet) {
    this.jid = jid;
    this.peer = peer;
    this.connectedAt = connectedAt;
    this.outlet = outlet;
  }

  /** Its client is connected to this node, or was. Another's can be sent to, and all else is that node's affair. */
  get here(): boolean {
    return true;
  }

  /** the last presence that was broadcast; undefined before the first and after `unavailable` */
  get presence(): Stanza | undefined {
    return this.#presence;
  }

  set presence(presence: Stanza | undefined) {
    this.#presence = presence;
    this.watcher?.changed(this);
  }

  get priority(): number {
    return this.#priority;
  }

  set priority(priority: number) {
    if (priority === this.#priority) return;
    this.#priority = priority;
    this.watcher?.changed(this);
  }

  /** has asked for the roster, and so gets pushes (RFC 6121 §2.1.6) */
  get interested(): boolean {
    return this.#interested;
  }

  set interested(interested: boolean) {
    if (interested === this.#interested) return;
    this.#interested = interested;
    this.watcher?.changed(this);
  }

  /** has asked for the blocklist, and so gets pushes (XEP-0191 §3.3) */
  get wantsBlocklist(): boolean {
    return this.#wantsBlocklist;
  }

  set wantsBlocklist(wants: boolean) {
    if (wants === this.#wantsBlocklist) return;
    this.#wantsBlocklist = wants;
    this.watcher?.changed(this);
  }

  /** copies of messages are wanted (XEP-0280 §4) */
  get carbons(): boolean {
    return this.#carbons;
  }

  set carbons(carbons: boolean) {
    if (carbons === this.#carbons) return;
    this.#carbons = carbons;
    this.watcher?.changed(this);
  }

  get available(): boolean {
    return this.#presence !== undefined;
  }

  send(stanza: Stanza): void {
    this.outlet.send(stanza.wire);
  }

  /** For a session of another node: resolves when that node says that it is over, or can't say anything. */
  async gone(): Promise<void> {}
}
