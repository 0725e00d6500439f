import type { Bytes } from '../xml/chars.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';

/** How a client is connected, as far as people ask. */
export interface Peer {
  /** address and port of the client */
  readonly address: string;
  readonly transport: 'tcp' | 'starttls' | 'tls';
  /** such as TLSv1.3; null without TLS */
  readonly tls: string | null;
  readonly mechanism: string;
}

/** Where a session's bytes leave. What is sent within one turn leaves in one write. */
export interface Outlet {
  send(bytes: Bytes): void;
  /** Nothing leaves before the promise is settled: what is answered next must not be known before something is on disk. */
  hold(until: Promise<unknown>): void;
  /** Resolves when hardly anything waits to leave, or when nothing will leave any more. */
  drained(): Promise<void>;
  /** Ends the stream with an error of RFC 6120 §4.9.3. */
  end(condition: string, text?: string): void;
}

/** A bound resource (RFC 6120 §7). */
export class Session {
  readonly jid: Jid;
  readonly peer: Peer;
  readonly connectedAt: number;
  readonly outlet: Outlet;
  /** the last presence that was broadcast; undefined before the first and after `unavailable` */
  presence: Stanza | undefined;
  priority = 0;
  /** has asked for the roster, and so gets pushes (RFC 6121 §2.1.6) */
  interested = false;
  /** has asked for the blocklist, and so gets pushes (XEP-0191 §3.3) */
  wantsBlocklist = false;
  /** bare and full JIDs that got directed presence and are told when it ends (RFC 6121 §4.6) */
  directed: Map<Bytes, Jid> | undefined;
  closed = false;

  constructor(jid: Jid, peer: Peer, connectedAt: number, outlet: Outlet) {
    this.jid = jid;
    this.peer = peer;
    this.connectedAt = connectedAt;
    this.outlet = outlet;
  }

  get available(): boolean {
    return this.presence !== undefined;
  }

  send(stanza: Stanza): void {
    this.outlet.send(stanza.wire);
  }
}
