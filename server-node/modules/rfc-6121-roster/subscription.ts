/** What an account's roster knows of one contact (RFC 6121 §2.1.2, §3). */
export interface Subscription {
  readonly subscription: 'none' | 'to' | 'from' | 'both';
  /** we asked, no answer yet */
  readonly pendingOut: boolean;
  /** the contact asked, no answer yet; never shown in the roster */
  readonly pendingIn: boolean;
  /** approved before being asked (RFC 6121 §3.4) */
  readonly approved: boolean;
}

export type SubscriptionType = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed';

export const NO_SUBSCRIPTION: Subscription = {
  subscription: 'none',
  pendingOut: false,
  pendingIn: false,
  approved: false,
};

export const seesThem = (s: Subscription): boolean => s.subscription === 'to' || s.subscription === 'both';
export const seesUs = (s: Subscription): boolean => s.subscription === 'from' || s.subscription === 'both';

export interface Outbound {
  readonly next: Subscription;
  /** whether the stanza goes on to the contact */
  readonly route: boolean;
}

export interface Inbound {
  readonly next: Subscription;
  /** whether the account's clients are shown the stanza */
  readonly deliver: boolean;
  /** what the server answers in the account's name */
  readonly answer: 'subscribed' | undefined;
}

const make = (to: boolean, from: boolean): Subscription['subscription'] =>
  to ? (from ? 'both' : 'to') : from ? 'from' : 'none';

const change = (
  s: Subscription,
  parts: { to?: boolean; from?: boolean; pendingOut?: boolean; pendingIn?: boolean; approved?: boolean },
): Subscription => ({
  subscription: make(parts.to ?? seesThem(s), parts.from ?? seesUs(s)),
  pendingOut: parts.pendingOut ?? s.pendingOut,
  pendingIn: parts.pendingIn ?? s.pendingIn,
  approved: parts.approved ?? s.approved,
});

/** The account sends the contact a subscription stanza (RFC 6121 §A.2). */
export function outbound(s: Subscription, type: SubscriptionType): Outbound {
  switch (type) {
    case 'subscribe': // §A.2.1
      return { next: seesThem(s) ? s : change(s, { pendingOut: true }), route: true };
    case 'unsubscribe': // §A.2.2
      return { next: change(s, { to: false, pendingOut: false }), route: true };
    case 'subscribed': // §A.2.3; without a request it approves a later one, §3.4.2
      if (s.pendingIn) return { next: change(s, { from: true, pendingIn: false }), route: true };
      return seesUs(s) ? { next: s, route: false } : { next: change(s, { approved: true }), route: false };
    case 'unsubscribed': // §A.2.4
      return { next: change(s, { from: false, pendingIn: false, approved: false }), route: seesUs(s) || s.pendingIn };
  }
}

/** A subscription stanza comes from the contact (RFC 6121 §A.3). */
export function inbound(s: Subscription, type: SubscriptionType): Inbound {
  switch (type) {
    case 'subscribe': // §A.3.1
      if (seesUs(s)) return { next: s, deliver: false, answer: 'subscribed' };
      if (s.approved)
        return { next: change(s, { from: true, pendingIn: false }), deliver: false, answer: 'subscribed' };
      return { next: change(s, { pendingIn: true }), deliver: !s.pendingIn, answer: undefined };
    case 'unsubscribe': // §A.3.2
      return {
        next: change(s, { from: false, pendingIn: false }),
        deliver: seesUs(s) || s.pendingIn,
        answer: undefined,
      };
    case 'subscribed': // §A.3.3
      if (!s.pendingOut) return { next: s, deliver: false, answer: undefined };
      return { next: change(s, { to: true, pendingOut: false }), deliver: true, answer: undefined };
    case 'unsubscribed': // §A.3.4
      return {
        next: change(s, { to: false, pendingOut: false }),
        deliver: seesThem(s) || s.pendingOut,
        answer: undefined,
      };
  }
}

export const isSubscriptionType = (type: string): type is SubscriptionType =>
  type === 'subscribe' || type === 'subscribed' || type === 'unsubscribe' || type === 'unsubscribed';
