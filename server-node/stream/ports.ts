import type { Credentials } from '../sasl/scram.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Tag } from '../xml/tag.ts';
import type { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';

/** How a client is connected. */
export interface PeerInfo {
  readonly address: string;
  readonly transport: 'tcp' | 'starttls' | 'tls';
  readonly tls: string | null;
  readonly mechanism: string;
}

/** Where a stream's bytes leave (below). */
export interface StreamWire {
  send(bytes: Bytes): void;
  hold(until: Promise<unknown>): void;
  drained(): Promise<void>;
  /** Turns the connection into TLS once what was sent has left; the next bytes come from within. */
  startTls(): void;
  /** Closes the connection once what was sent has left. */
  close(): void;
  /** what is known of the other side now */
  readonly address: string;
  /** on the same machine: it may go without TLS */
  readonly loopback: boolean;
  readonly transport: 'tcp' | 'starttls' | 'tls';
  readonly tls: string | null;
}

/** Who has proven to be whom, and with which key. */
export interface Login {
  readonly name: string;
  readonly key: string;
}

/** What a bound session may be asked to do by what is above. */
export interface StreamOutlet {
  send(bytes: Bytes): void;
  hold(until: Promise<unknown>): void;
  drained(): Promise<void>;
  end(condition: string, text?: string): void;
}

/** What streams lead to (above): accounts, and the router that stanzas go to. S is its idea of a session. */
export interface StreamCore<S extends { readonly jid: Jid }> {
  readonly domain: string;
  readonly credentials: Credentials;
  /** an identifier that nobody can guess (RFC 6120 §4.7.3) */
  freshId(): string;
  /** Binds a resource for who has logged in; refused when the account was barred or its keys were changed since. */
  open(login: Login, resource: string, peer: PeerInfo, outlet: StreamOutlet): Promise<S | StanzaError>;
  receive(session: S, tag: Tag, raw: Bytes): void | Promise<void>;
  close(session: S): Promise<void>;
}

/** Something worth a line in the log. */
export type StreamEvent = 'login' | 'login-failed' | 'stream-error';
