import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inbound, NO_SUBSCRIPTION, outbound, type Subscription, type SubscriptionType } from './subscription.ts';

/** The nine states of RFC 6121 §A.1, by short names: o is pending out, i pending in. */
const STATES: Readonly<Record<string, Subscription>> = {
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
const nameOf = (s: Subscription): string =>
  s.subscription +
  (s.pendingOut || s.pendingIn ? '+' : '') +
  (s.pendingOut ? 'o' : '') +
  (s.pendingIn ? 'i' : '') +
  (s.approved ? '!' : '');

/** §A.2: what becomes of each state when the account sends; `>`: the stanza goes on to the contact */
const OUT: Readonly<Record<SubscriptionType, string>> = {
  subscribe:
    'none>none+o none+o>none+o none+i>none+oi none+oi>none+oi to>to to+i>to+i from>from+o from+o>from+o both>both',
  unsubscribe: 'none>none none+o>none none+i>none+i none+oi>none+i to>none to+i>none+i from>from from+o>from both>from',
  subscribed: 'none-none! none+o-none+o! none+i>from none+oi>from+o to-to! to+i>both from-from from+o-from+o both-both',
  unsubscribed: 'none-none none+o-none+o none+i>none none+oi>none+o to-to to+i>to from>none from+o>none+o both>to',
};

/** §A.3: what becomes of each state when the contact sends; `>`: the account's clients are shown the stanza */
const IN: Readonly<Record<SubscriptionType, string>> = {
  subscribe:
    'none>none+i none+o>none+oi none+i>none+i none+oi>none+oi to>to+i to+i>to+i from-from from+o-from+o both-both',
  unsubscribe: 'none-none none+o-none+o none+i>none none+oi>none+o to-to to+i>to from>none from+o>none+o both>to',
  subscribed: 'none-none none+o>to none+i-none+i none+oi>to+i to-to to+i-to+i from-from from+o>both both-both',
  unsubscribed:
    'none-none none+o>none none+i-none+i none+oi>none+i to>none to+i>none+i from-from from+o>from both>from',
};

for (const [table, rows] of Object.entries({ 'sent (§A.2)': OUT, 'received (§A.3)': IN })) {
  for (const [type, row] of Object.entries(rows) as [SubscriptionType, string][]) {
    for (const cell of row.split(' ')) {
      const [, before = '', mark = '', after = ''] = /^([a-z+]+)([>-])(.+)$/.exec(cell) ?? [];
      test(`RFC 6121 ${type} ${table} in state ${before} leads to ${after}`, () => {
        const state = STATES[before];
        assert.ok(state);
        const result = table.startsWith('sent') ? outbound(state, type) : inbound(state, type);
        assert.equal(nameOf(result.next), after);
        assert.equal('route' in result ? result.route : result.deliver, mark === '>');
      });
    }
  }
}

test('RFC 6121 §3.1.3: who may see us already is answered at once, and so is who was approved before (§3.4)', () => {
  for (const name of ['from', 'from+o', 'both'])
    assert.equal(inbound(STATES[name] ?? NO_SUBSCRIPTION, 'subscribe').answer, 'subscribed');
  const approved = outbound(NO_SUBSCRIPTION, 'subscribed').next;
  const { next, answer, deliver } = inbound(approved, 'subscribe');
  assert.deepEqual([nameOf(next), answer, deliver], ['from!', 'subscribed', false]);
  assert.equal(nameOf(outbound(next, 'unsubscribed').next), 'none');
});
