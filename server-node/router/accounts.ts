import type { Session } from './session.ts';

/**
 * What modules may do with accounts, in the name of their owner or of an operator. Names are localparts as somebody typed
 * them. What can't be done is a StanzaError: not-acceptable (no name or password that can be one), conflict, item-not-found.
 */
export interface Accounts {
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
