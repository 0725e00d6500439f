import type { Element } from '../xml/element.ts';
import type { Jid, JidCache } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { Blocklists } from './blocklists.ts';
import { Caps } from './caps.ts';
import type { Command } from './commands.ts';
import { Disco } from './disco.ts';
import type { Externals } from './externals.ts';
import type { Hooks, MessageObserver } from './hooks.ts';
import type { IqTable } from './iq.ts';
import type { IqGuard, ModuleContext } from './module.ts';
import type { RouterOptions } from './options.ts';
import type { Session, View } from './session.ts';
import type { Sessions } from './sessions.ts';

/** What of the router is behind what modules may do. */
export interface RouterParts {
  readonly domain: Jid;
  readonly sessions: Sessions;
  readonly externals: Externals;
  readonly hooks: Hooks;
  readonly jids: JidCache;
  readonly blocklists: Blocklists;
  readonly iq: IqTable;
  readonly guards: [ns: string, guard: IqGuard][];
  readonly observers: MessageObserver[];
  route(stanza: Stanza, to: Jid, session: Session | undefined): void | Promise<void>;
  ask(to: Jid, type: 'get' | 'set', payload: Element): Promise<Stanza | undefined>;
  close(session: Session): Promise<void>;
  jidOf(name: string): Jid;
  aside(what: string, work: () => Promise<unknown>): void;
  views(view: (session: Session) => View | undefined): void;
}

/** The one context that all modules of a router get. */
export function moduleContext(options: RouterOptions, parts: RouterParts): ModuleContext {
  const { stores, version, now, modules, limits, contacts, digest, accounts, admins, others } = options;
  const {
    domain,
    sessions,
    externals,
    hooks,
    jids,
    blocklists,
    iq,
    guards,
    observers,
    route,
    ask,
    close,
    jidOf,
    aside,
    views,
  } = parts;
  const commands: Command[] = [];
  let ids = 0;
  const context: ModuleContext = {
    domain,
    stores,
    sessions,
    externals,
    jids,
    blocklists,
    others,
    disco: new Disco(modules, () => context),
    caps: new Caps(digest, ask),
    commands,
    contacts,
    startedAt: now(),
    version,
    offlineMessages: limits.offlineMessages,
    rosterItems: limits.rosterItems,
    get accounts() {
      return accounts();
    },
    modules: () => modules,
    now,
    digest,
    iq: (entry) => iq.add(entry),
    guardIq: (ns, guard) => void guards.push([ns, guard]),
    on: (name, phase, hook) => hooks.on(name, phase, hook),
    run: (name, event) => hooks.run(name, event),
    onMessage: (observer) => void observers.push(observer),
    command: (command) => void commands.push(command),
    route: (stanza, session) => (stanza.to === undefined ? undefined : route(stanza, stanza.to, session)),
    ask,
    aside,
    views,
    maySee: async (name, other) => other.bare.equals(jidOf(name)) || hooks.run('may-see', { name, other }),
    isAdmin: (jid) => admins.includes(jid.bare.toString()),
    end: (session, condition, text) => {
      session.outlet.end(condition, text);
      return close(session);
    },
    freshId: () => `${++ids}`,
    jidOf,
  };
  return context;
}
