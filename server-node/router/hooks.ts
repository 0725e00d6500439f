import type { Element } from '../xml/element.ts';
import type { Field } from '../xmpp/data-form.ts';
import type { Jid } from '../xmpp/jid.ts';
import type { Stanza } from '../xmpp/stanza.ts';
import type { Receipt, Session, View } from './session.ts';

/** What happens in the router, by name. A module hooks in here; there is no other list. */
export interface HookEvents {
  /** a resource was bound */
  'session-opened': { readonly session: Session };
  /** a session has ended, for whatever reason; it is no longer in the directory */
  'session-closed': {
    readonly session: Session;
    /** it goes on at another node, and nobody is to learn anything */
    readonly moved?: boolean;
  };
  /** a session came from another node: on its way it may have missed who came, changed and went */
  'session-arrived': {
    readonly session: Session;
    /** what its client knew when it left; undefined: nobody can say */
    readonly view?: View | undefined;
  };
  /** a session of another node is gone without that node's doing: whoever saw it is told, by this node alone */
  'session-withdrawn': { readonly session: Session };
  /** after a time without news of it, a session of another node is shown otherwise: this node's clients are told */
  'presence-missed': {
    readonly session: Session;
    /** only those of them who came here lately: others were told, or saw it all the time */
    readonly newcomers?: boolean;
  };
  /** what another node has changed of an account: what is kept of it in memory is outdated */
  'account-changed': { readonly name: string; readonly what: string; readonly now?: readonly string[] | undefined };
  /** messages were kept for an account that has a session which could take them */
  'messages-waiting': { readonly name: string };
  /** a client's presence without `to` (RFC 6121 §4.2, §4.4, §4.5) */
  'presence-sent': { readonly session: Session; readonly stanza: Stanza };
  /** a client's presence to somebody, before it is routed */
  'presence-directed': { readonly session: Session; readonly stanza: Stanza };
  /** a subscription stanza or a probe that came for an account of ours */
  'presence-received': { readonly name: string; readonly stanza: Stanza };
  /** a message that nobody can take now, for an account that exists */
  'message-offline': {
    readonly name: string;
    readonly stanza: Stanza;
    readonly from: Session | undefined;
    /** when it was first sent to a device that has not got it; undefined: now */
    readonly at: number | undefined;
  };
  /** somebody wants to know whether an address may see an account's presence: handled when it may */
  'may-see': { readonly name: string; readonly other: Jid };
  /** what a session's client can do is known, or is now something else (XEP-0115) */
  'caps-known': { readonly session: Session; readonly features: readonly string[] };
  /** an account is about to block addresses: what is said to them now still gets through (XEP-0191 §3.3) */
  'addresses-blocked': { readonly name: string; readonly jids: readonly Jid[] };
  /** an account has stopped blocking addresses (XEP-0191 §3.4) */
  'addresses-unblocked': { readonly name: string; readonly jids: readonly Jid[] };
  /** an administrator asks what is known of an account: whoever knows something adds it (XEP-0133 §4.10) */
  'statistics-asked': { readonly name: string; add(field: Field): void };
  /** an administrator asks for an account's roster: whoever keeps it adds it as a query of RFC 6121 §2.1.1 (XEP-0133 §4.8) */
  'roster-asked': { readonly name: string; add(query: Element): void };
  /** an account has another password: what was derived from the old one is void */
  'password-changed': { readonly name: string };
  /** an account and all it owns is about to go; its sessions have ended */
  'account-removed': { readonly name: string };
}

/** A message that was routed to an account of ours, or is kept for it. */
export interface RoutedMessage {
  readonly stanza: Stanza;
  readonly to: Jid;
  /** who sent it; undefined when it is the server's own */
  readonly from: Session | undefined;
  /** the sessions that have got it */
  readonly delivered: readonly Session[];
  /** what became of it, when the account has several devices; a copy to one more takes part in it */
  readonly receipt: Receipt | undefined;
}

/** Told of every message, in the same turn and without a promise: the path of messages is too hot for more. */
export type MessageObserver = (message: RoutedMessage) => void;

export type HookName = keyof HookEvents;

/**
 * filter: may stop what follows by answering true; handle: does it, the first to answer true is the last asked;
 * observe: is told afterwards, whatever happened.
 */
export type Phase = 'filter' | 'handle' | 'observe';
const PHASES: readonly Phase[] = ['filter', 'handle', 'observe'];

/** Answers true, at once or later, when it has handled the event; any other answer says nothing. */
export type Hook<K extends HookName> = (event: HookEvents[K]) => unknown;

export class Hooks {
  readonly #hooks = new Map<string, Hook<HookName>[]>();

  on<K extends HookName>(name: K, phase: Phase, hook: Hook<K>): void {
    const key = `${name} ${phase}`;
    const list = this.#hooks.get(key) ?? [];
    list.push(hook as Hook<HookName>);
    this.#hooks.set(key, list);
  }

  /** Runs the hooks of an event in the order of phases and registration; true when one has handled it. */
  async run<K extends HookName>(name: K, event: HookEvents[K]): Promise<boolean> {
    let handled = false;
    for (const phase of PHASES) {
      if (handled && phase !== 'observe') continue;
      for (const hook of this.#hooks.get(`${name} ${phase}`) ?? []) {
        const answer = await hook(event);
        if (answer === true && phase !== 'observe') {
          handled = true;
          break;
        }
      }
    }
    return handled;
  }
}
