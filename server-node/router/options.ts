import type { Stores } from '../storage/stores.ts';
import type { Accounts } from './accounts.ts';
import type { Digest } from './caps.ts';
import type { Contacts, Module } from './module.ts';
import type { Others } from './others.ts';

/** What a router is made of. */
export interface RouterOptions {
  readonly domain: string;
  readonly stores: Stores;
  readonly modules: readonly Module[];
  readonly version: string;
  readonly limits: {
    readonly offlineMessages: number;
    readonly rosterItems: number;
    readonly blocklistItems: number;
    readonly sessionsPerAccount: number;
  };
  /** the domains of components */
  readonly components?: readonly string[];
  readonly contacts: Contacts;
  /** bare JIDs */
  readonly admins: readonly string[];
  /** asked for when a module needs it: it may be made after the router */
  readonly accounts: () => Accounts;
  readonly digest: Digest;
  /** undefined: this node is the domain's only one */
  readonly others?: Others | undefined;
  readonly now: () => number;
  /** told of what is thrown and is no expected failure: a bug, or a storage that failed */
  readonly onFault: (error: unknown, what: string) => void;
}
