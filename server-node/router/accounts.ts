import type { Session } from './session.ts';

/** A client as its account's owner is shown it. Times are milliseconds since the epoch. */
export interface KnownClient {
  readonly id: string;
  readonly software: string;
  readonly device: string;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly connected: boolean;
  /** it has shown the password */
  readonly password: boolean;
  /** it has a token that is good */
  readonly token: boolean;
}

/**
 * What modules may do with accounts, in the name of their owner or of an operator. Names are localparts as somebody typed
 * them. What can't be done is a StanzaError: not-acceptable (no name or password that can be one), conflict, item-not-found.
 */
export interface Accounts {
  /** The clients that have access to an account (XEP-0494). */
  clients(name: string): Promise<readonly KnownClient[]>;
  /** Takes a client's tokens, and ends its sessions. */
  revoke(name: string, client: string): Promise<void>;
  add(name: string, password: string): Promise<void>;
  /** The owner's own change: the sessions stay. */
  changePassword(name: string, password: string): Promise<void>;
  /** An operator's change: whoever had the old password is out. */
  resetPassword(name: string, password: string): Promise<void>;
  suspend(name: string): Promise<void>;
  activate(name: string): Promise<void>;
  /** Removes the account and all it owns; `condition` ends its streams but that of `spare`, which must be ended by the caller. */
  remove(name: string, condition: string, spare?: Session): Promise<void>;
}
