import type { Stores } from '../storage/stores.ts';
import type { Bytes } from '../xml/chars.ts';
import type { Child, Element } from '../xml/element.ts';
import type { Jid, JidCache } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { Accounts } from './accounts.ts';
import type { Blocklists } from './blocklists.ts';
import type { Caps, Digest } from './caps.ts';
import type { Command } from './commands.ts';
import type { Externals } from './externals.ts';
import type { Hook, HookEvents, HookName, MessageObserver, Phase } from './hooks.ts';
import type { Others } from './others.ts';
import type { Session, View } from './session.ts';
import type { Sessions } from './sessions.ts';

/** A feature: one folder under modules/, one value. */
export interface Module {
  readonly name: string;
  /** what it implements: `XEP-0199`, `RFC 6121` */
  readonly specification: string;
  /** the version of a XEP that it was written from; RFCs have none */
  readonly version?: string;
  /** complete, when nothing else is said */
  readonly status?: 'complete' | 'partial';
  /** the version of parleyd that had it first */
  readonly since?: string;
  /** what disco#info of the domain says (XEP-0030 §3.1) */
  readonly features?: readonly string[];
  /** what disco#info of an account says */
  readonly accountFeatures?: readonly string[];
  /** what else the domain is, and an account, beside server/im and account/registered */
  readonly identities?: readonly Identity[];
  readonly accountIdentities?: readonly Identity[];
  /** forms in disco#info of the domain (XEP-0128) */
  readonly infoForms?: (ctx: ModuleContext) => readonly Element[];
  /** what the stream offers after login, as bytes within `<stream:features/>` (RFC 6120 §4.3.2); asked once, when all are set up */
  readonly streamFeatures?: (ctx: ModuleContext) => Bytes;
  setup(ctx: ModuleContext): void;
}

/** A disco identity: category, type, and perhaps a name. */
export type Identity = { readonly category: string; readonly type: string; readonly name?: string };

export interface IqRequest {
  readonly stanza: Stanza;
  readonly payload: Element;
  /** who the server answers for: the domain, or an account's bare JID */
  readonly self: Jid;
  /** the asking session; undefined when the request came from elsewhere */
  readonly session: Session | undefined;
  /** Does something once the answer has been sent. */
  after(work: () => unknown): void;
}

/** The content of the result, or nothing; refuses by throwing a StanzaError. */
export type IqHandler = (request: IqRequest) => readonly Child[] | Promise<readonly Child[]>;

export interface IqRoute {
  readonly type: 'get' | 'set';
  readonly ns: string;
  /** server: sent to the domain; account: to a bare JID of ours, or to nobody; own: an account by its own sessions alone */
  readonly scope: 'server' | 'account' | 'own';
  /** of scope account: is asked for accounts that do not exist, too; else they are answered with service-unavailable */
  readonly forNobody?: boolean;
  /** a refusal must not quote the request: there are secrets in it */
  readonly secret?: boolean;
  readonly handle: IqHandler;
}

export type DiscoScope = 'server' | 'account';

/** A node that a module answers for (XEP-0030 §3.2, §4.2). */
export interface DiscoNode {
  readonly scope: DiscoScope;
  owns(node: string): boolean;
  info?(request: IqRequest, node: string): readonly Child[] | Promise<readonly Child[]>;
  items?(request: IqRequest, node: string): readonly Element[] | Promise<readonly Element[]>;
}

/** What an entity offers below it (XEP-0030 §4.1). */
export type DiscoItems = (request: IqRequest) => readonly Element[] | Promise<readonly Element[]>;

/** What the domain and its accounts say of themselves. */
export interface ServiceInfo {
  /** the content of a disco#info result: identities, features, forms (XEP-0128) */
  info(scope: DiscoScope): readonly Element[];
  addNode(node: DiscoNode): void;
  addItems(scope: DiscoScope, items: DiscoItems): void;
  node(scope: DiscoScope, name: string): DiscoNode | undefined;
  /** the content of a disco#items result without a node */
  items(scope: DiscoScope, request: IqRequest): Promise<readonly Element[]>;
}

/** Roles and the addresses to write to them, as URIs (XEP-0157). */
export type Contacts = Readonly<Record<string, readonly string[]>>;

/** Whether a request may get to the resource it is for. */
export type IqGuard = (to: Jid, from: Jid) => Promise<boolean>;

/** What a module may do. It owns no SQL, no timer, no socket. */
export interface ModuleContext {
  readonly domain: Jid;
  readonly stores: Stores;
  readonly sessions: Sessions;
  /** other domains that are connected here */
  readonly externals: Externals;
  readonly jids: JidCache;
  readonly blocklists: Blocklists;
  readonly accounts: Accounts;
  /** the domain's other nodes; undefined when there can be none */
  readonly others: Others | undefined;
  /** what modules offer as commands on the domain (XEP-0050) */
  readonly commands: readonly Command[];
  command(command: Command): void;
  /** Whether an address is of one of the domain's administrators. */
  isAdmin(jid: Jid): boolean;
  /** Ends a session, and its stream with an error of RFC 6120 §4.9.3. */
  end(session: Session, condition: string, text: string): Promise<void>;
  readonly disco: ServiceInfo;
  readonly caps: Caps;
  readonly contacts: Contacts;
  /** when the node began, milliseconds since the epoch */
  readonly startedAt: number;
  readonly version: string;
  readonly offlineMessages: number;
  readonly rosterItems: number;
  readonly modules: () => readonly Module[];
  /** milliseconds since the epoch */
  now(): number;
  digest: Digest;
  iq(route: IqRoute): void;
  /** Requests of a namespace get to a resource only when the guard says so; others are answered with forbidden. */
  guardIq(ns: string, guard: IqGuard): void;
  /** Asks in the name of the domain; undefined when no answer comes. */
  ask(to: Jid, type: 'get' | 'set', payload: Element): Promise<Stanza | undefined>;
  /** Whether an address may see an account's presence: it is its own, or has a subscription (RFC 6121 §3). */
  maySee(name: string, other: Jid): Promise<boolean>;
  /** Does something that nothing waits for; what goes wrong is told as a fault of `what`. */
  aside(what: string, work: () => Promise<unknown>): void;
  on<K extends HookName>(name: K, phase: Phase, hook: Hook<K>): void;
  /** Tells the hooks of an event; true when one has handled it. */
  run<K extends HookName>(name: K, event: HookEvents[K]): Promise<boolean>;
  /** Says what a session's client knows; undefined when that can't be told in this turn. One module does. */
  views(view: (session: Session) => View | undefined): void;
  /** Is told of every message that was delivered or kept. */
  onMessage(observer: MessageObserver): void;
  /** An identifier that was not used before in this run, for requests of the server's own. */
  freshId(): string;
  /** Routes a stanza that the server made or passes on; `session` is who caused it. */
  route(stanza: Stanza, session?: Session): void | Promise<void>;
  /** The account's bare JID. */
  jidOf(name: string): Jid;
}
