import { NO_SUBSCRIPTION, type Subscription, type SubscriptionType } from './subscription.ts';

/** The nine states of RFC 6121 §A.1, by short names: o is pending out, i pending in. */
export const STATES: Readonly<Record<string, Subscription>> = {
  none: NO_SUBSCRIPTION,
  'none+o': { ...NO_SUBSCRIPTION, pendingOut: true },
  'none+i': { ...NO_SUBSCRIPTION, pendingIn: true },
  'none+oi': { ...NO_SUBSCRIPTION, pendingOut: true, pendingIn: true },
  to: { ...NO_SUBSCRIPTION, subscription: 'to' },
  'to+i': { ...NO_SUBSCRIPTION, subscription: 'to', pendingIn: true },
  from: { ...NO_SUBSCRIPTION, subscription: 'from' },
  'from+o': { ...NO_SUBSCRIPTION, subscription: 'from', pendingOut: true },
  both: { ...NO_SUBSCRIPTION, subscription: 'both' },
};
export const nameOf = (s: Subscription): string =>
  s.subscription +
  (s.pendingOut || s.pendingIn ? '+' : '') +
  (s.pendingOut ? 'o' : '') +
  (s.pendingIn ? 'i' : '') +
  (s.approved ? '!' : '');

/** §A.2: what becomes of each state when the account sends; `>`: the stanza goes on to the contact */
export const OUT: Readonly<Record<SubscriptionType, string>> = {
  subscribe:
    'none>none+o none+o>none+o none+i>none+oi none+oi>none+oi to>to to+i>to+i from>from+o from+o>from+o both>both',
  unsubscribe: 'none>none none+o>none none+i>none+i none+oi>none+i to>none to+i>none+i from>from from+o>from both>from',
  subscribed: 'none-none! none+o-none+o! none+i>from none+oi>from+o to-to! to+i>both from-from from+o-from+o both-both',
  unsubscribed: 'none-none none+o-none+o none+i>none none+oi>none+o to-to to+i>to from>none from+o>none+o both>to',
};

/** §A.3: what becomes of each state when the contact sends; `>`: the account's clients are shown the stanza */
export const IN: Readonly<Record<SubscriptionType, string>> = {
  subscribe:
    'none>none+i none+o>none+oi none+i-none+i none+oi-none+oi to>to+i to+i-to+i from-from from+o-from+o both-both',
  unsubscribe: 'none-none none+o-none+o none+i>none none+oi>none+o to-to to+i>to from>none from+o>none+o both>to',
  subscribed: 'none-none none+o>to none+i-none+i none+oi>to+i to-to to+i-to+i from-from from+o>both both-both',
  unsubscribed:
    'none-none none+o>none none+i-none+i none+oi>none+i to>none to+i>none+i from-from from+o>from both>from',
};

export interface Row {
  readonly type: SubscriptionType;
  readonly before: string;
  readonly after: string;
  /** whether the stanza goes on: to the contact, or to the account's clients */
  readonly passes: boolean;
}

/** A table's cells. */
export const rowsOf = (table: Readonly<Record<SubscriptionType, string>>): Row[] =>
  (Object.entries(table) as [SubscriptionType, string][]).flatMap(([type, row]) =>
    row.split(' ').map((cell) => {
      const [, before = '', mark = '', after = ''] = /^([a-z+]+)([>-])(.+)$/.exec(cell) ?? [];
      return { type, before, after, passes: mark === '>' };
    }),
  );
