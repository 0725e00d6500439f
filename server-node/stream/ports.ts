import type { KnownToken, TokenMechanism } from '../sasl/hashed-token.ts';
import type { Channel, Credentials, Login, LoginGuard } from '../sasl/mechanism.ts';
import type { ScramKeys, ScramMechanism } from '../sasl/scram-keys.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Tag } from '../xml/tag.ts';
import type { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Framing } from './framing.ts';

export type Transport = 'tcp' | 'starttls' | 'tls' | 'websocket' | 'bosh';

/** How a client is connected. */
export interface PeerInfo {
  readonly address: string;
  readonly transport: Transport;
  readonly tls: string | null;
  readonly mechanism: string;
  /** which of the account's clients it is, when it said so (XEP-0388 §2.2) */
  readonly client?: string | undefined;
}

/** Where a stream's bytes leave (below). */
export interface StreamWire extends Channel {
  /** Takes one child of the stream, or what its framing made. */
  send(bytes: Bytes): void;
  hold(until: Promise<unknown>): void;
  drained(): Promise<void>;
  /** What its client sent goes to that many others: it has to wait longer before it may send more. */
  charge(recipients: number): void;
  /** Turns the connection into TLS once what was sent has left; the next bytes come from within. */
  startTls(): void;
  /** Closes the connection once what was sent has left. */
  close(): void;
  /** Closes it now, for a peer that is not there any more. */
  destroy(): void;
  /** what is known of the other side now */
  readonly address: string;
  /** nobody can listen in: TLS, or the same machine */
  readonly confidential: boolean;
  /** where it comes from, as limits count; undefined for what is trusted and shared by many */
  readonly network: string | undefined;
  readonly transport: Transport;
  readonly framing: Framing;
}

/**
 * Told what became of a message that went to several devices: it is lost when all of them have lost it, and none of
 * them acknowledged it.
 */
export interface Receipt {
  /** the message itself, where the device was sent a copy of another shape */
  readonly original?: Bytes;
  /** one device has it */
  taken(): void;
  /** one device was sent it, and acknowledges nothing */
  passed?(): void;
  /** one device will not get it; answers whether nobody has */
  lost(): boolean;
  /** it should lie on disk while nobody has it; `put` is called once at most, whoever asks first */
  keep(put: () => Kept): Kept | undefined;
  /** several devices take part in it, and what becomes of it must be known where it was made */
  readonly shared?: boolean;
  /** of a copy that another device asked for: when it lies on disk */
  readonly stored?: Promise<unknown> | undefined;
}

/** A message on disk, for the case that the process is killed before somebody has it. */
export interface Kept {
  /** how to find it again */
  readonly key: string;
  /** resolves when it would survive a power cut */
  readonly stored: Promise<unknown>;
  /** it has arrived, or was put elsewhere */
  drop(): void;
}

/** Where messages lie that a session was sent and has not acknowledged for a while. */
export interface Safe {
  /** `key`: how it is to be found again, if that is not for the safe to choose; `receipt`: what becomes of it, here and elsewhere */
  put(account: string, stanza: Unacknowledged, key?: string, receipt?: Receipt): Kept;
  /** what an earlier process put there, to be dropped in time */
  known(key: string): Kept;
  /**
   * Of what came with a session from another node: who is told what becomes of it; `ours`: we are to keep it anew, and the
   * old one is to be dropped then; undefined: it is one of our own, for `known`.
   */
  foreign?(key: string): Receipt | 'ours' | undefined;
}

/** A message that its recipient has not acknowledged: it would be lost if the process were killed now. */
export interface Debt {
  /** it has arrived, or was put elsewhere */
  readonly settled: boolean;
  /** its recipient is not connected: it is being put on disk already, and nothing should be said of it before it is there */
  readonly kept?: Promise<unknown> | undefined;
  /** Puts it on disk; resolves when it is there. */
  secure(): Promise<unknown>;
}

/** What a bound session may be asked to do by what is above. */
export interface StreamOutlet {
  /**
   * Sends one stanza; without a receipt nobody else gets it. Answers with what is owed to its sender under stream
   * management. A promise: nobody is there now, and until it resolves the stanza might be lost.
   */
  send(bytes: Bytes, receipt?: Receipt): Promise<unknown> | Debt | undefined;
  /** What this session sent is not safe yet: it is not told that it is handled before it is. */
  owe(debt: Debt): void;
  hold(until: Promise<unknown>): void;
  drained(): Promise<void>;
  /** What its client sent goes to that many others. */
  charge(recipients: number): void;
  end(condition: string, text?: string): void;
}

/** A stanza that a session was sent and did not acknowledge. */
export interface Unacknowledged {
  readonly bytes: Bytes;
  /** milliseconds since the epoch */
  readonly at: number;
}

/** What a client says of itself in a login of XEP-0388 §2.2. */
export interface Agent {
  /** a UUID that stays the same for an installation */
  readonly id: string;
  readonly software: string;
  readonly device: string;
}

/** What a login asked of its client's tokens (XEP-0484). */
export interface TokenWish {
  readonly mechanism: string;
  /** a new token is wanted, for that mechanism */
  readonly request: TokenMechanism | undefined;
  /** the token that was used is to be forgotten */
  readonly invalidate: boolean;
}

/** The clients of an account and their tokens (XEP-0484, XEP-0494). */
export interface Clients {
  /** how a client is known to its account, by what it says of itself */
  idOf(agent: string): string;
  /** what may be tried, the newest first */
  tokens(name: string, agent: string): Promise<readonly KnownToken[]>;
  /** Notes a login; the token is new, and on disk. */
  loggedIn(
    login: Login,
    agent: Agent | undefined,
    wish: TokenWish,
  ): Promise<{ readonly token: string; readonly expiresAt: number } | undefined>;
}

/** Keys that some accounts do not have yet, and get when their client hands them in (XEP-0480 §3). */
export interface Upgrades {
  /** the mechanisms that every account has keys for, strongest first */
  readonly offered: readonly ScramMechanism[];
  readonly missing: readonly ScramMechanism[];
  readonly iterations: number;
  /** which of them this account lacks */
  lacks(name: string): Promise<readonly ScramMechanism[]>;
  store(name: string, mechanism: ScramMechanism, keys: ScramKeys): Promise<void>;
}

/** What streams lead to (above): accounts, and the router that stanzas go to. S is its idea of a session. */
export interface StreamCore<S extends { readonly jid: Jid }> {
  readonly domain: string;
  readonly credentials: Credentials;
  readonly guard: LoginGuard;
  readonly clients: Clients;
  readonly upgrades: Upgrades;
  /** PLAIN may be used within TLS */
  readonly plain: boolean;
  /** RFC 5802 §6 without an exception for clients that know only outdated channel bindings (ADR 0013) */
  readonly strictBinding: boolean;
  /** an identifier that nobody can guess (RFC 6120 §4.7.3) */
  freshId(): string;
  /** the resource of an installation: the same each time, and not to be guessed from its identifier (XEP-0386 §4.1) */
  stableId(name: string, agent: string): string | Promise<string>;
  /** false: nothing is known yet of what it offers, since it is another process and was never there */
  readonly ready?: boolean;
  /** what else is offered after the login, as children of the features */
  features(): Bytes;
  /** Whether an error says that what logins are checked against can't be asked now; it is told where such things are told. */
  outage(error: unknown): boolean;
  /** Whether a login still holds: nobody barred the account or changed its keys while it went on. */
  stands(login: Login): Promise<boolean>;
  /** Binds a resource for who has logged in; refused when the account was barred or its keys were changed since. */
  open(login: Login, resource: string, peer: PeerInfo, outlet: StreamOutlet): Promise<S | StanzaError>;
  receive(session: S, tag: Tag, raw: Bytes): void | Promise<void>;
  /** A core in another process takes stanzas before it has handled them: resolves when it has; undefined: it has already. */
  handled?(session: S): Promise<void> | undefined;
  /** The same, and when what they owe to their sender is safe. */
  discharge?(session: S): Promise<void> | undefined;
  /** How the session's client is served has changed: it acknowledges, or its connection is gone and it waits for another. */
  noted?(session: S, what: 'managed' | 'waiting'): void;
  readonly safe: Safe;
  /** What makes a session, apart from its stream: it survives JSON. */
  pack(session: S): unknown;
  /** Makes the session again after a restart; undefined when its account may not have one any more. */
  unpack(packed: unknown, outlet: StreamOutlet, view?: unknown): Promise<S | undefined>;
  /** What its client knows, as it survives JSON: what changes while it is on its way must be told to it. */
  view?(session: S): unknown;
  /** What a session held that could not be made again: where messages wait. */
  stray?(account: string, stanzas: readonly Unacknowledged[]): Promise<void>;
  /** a clock that only goes forward, for how long something takes, milliseconds; without it the time of day is taken */
  readonly clock?: () => number;
  /** A session that another node holds, for its client to go on here (XEP-0198 §5); it is no longer there then. */
  fetch?(id: string, account: string): Promise<unknown>;
  /** It is here, with all that it holds. */
  fetched?(id: string): void;
  /** It could not be made here, while the database is away: it waits until it can, and then for its client. */
  takeIn?(line: unknown): Promise<void>;
  /** A session waits for its client: as it is, it could go on after this node died. */
  parked?(id: string, line: unknown): void;
  /** It does not wait any more. */
  unparked?(id: string): void;
  /** The session goes on over another connection. */
  moved(session: S, peer: PeerInfo): void;
  /** Switches carbons on, with the binding (XEP-0386 §5). */
  carbons(session: S): void;
  close(session: S): Promise<void>;
  /** What a session that is over did not acknowledge, and nobody else has got; resolves when it is safe elsewhere. */
  undelivered(session: S, stanzas: readonly Unacknowledged[]): Promise<void>;
}

/** There is no core now, and who asked has waited long enough. */
export class CoreAway extends Error {
  override readonly name = 'CoreAway';
}

/** Something worth a line in the log. */
export type StreamEvent = 'login' | 'login-failed' | 'guessed' | 'stream-error' | 'resumed';
