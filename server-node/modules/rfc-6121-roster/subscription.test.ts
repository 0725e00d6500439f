import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IN, nameOf, OUT, rowsOf, STATES } from './states.fixture.ts';
import { inbound, NO_SUBSCRIPTION, outbound } from './subscription.ts';

const state = (name: string) => STATES[name] ?? assert.fail(name);

for (const { type, before, after, passes } of rowsOf(OUT)) {
  test(`RFC 6121 ${type} sent (§A.2) in state ${before} leads to ${after}`, () => {
    const { next, route } = outbound(state(before), type);
    assert.deepEqual([nameOf(next), route], [after, passes]);
  });
}

for (const { type, before, after, passes } of rowsOf(IN)) {
  test(`RFC 6121 ${type} received (§A.3) in state ${before} leads to ${after}`, () => {
    const { next, deliver } = inbound(state(before), type);
    assert.deepEqual([nameOf(next), deliver], [after, passes]);
  });
}

test('RFC 6121 §3.1.3: who may see us already is answered at once, and so is who was approved before (§3.4)', () => {
  for (const name of ['from', 'from+o', 'both'])
    assert.equal(inbound(STATES[name] ?? NO_SUBSCRIPTION, 'subscribe').answer, 'subscribed');
  const approved = outbound(NO_SUBSCRIPTION, 'subscribed').next;
  const { next, answer, deliver } = inbound(approved, 'subscribe');
  assert.deepEqual([nameOf(next), answer, deliver], ['from!', 'subscribed', false]);
  assert.equal(nameOf(outbound(next, 'unsubscribed').next), 'none');
});
