// The checker itself: histories made by hand, each with one thing that must not be, and one with none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, SURE_MS } from './check.ts';
import type { Event } from './history.ts';
import { Cutter } from './stanzas.ts';

const ANNA = 'anna@d/x';
const BERT = 'bert@d';

type Line = Event extends infer E ? (E extends unknown ? Omit<E, 'at'> & { at?: number } : never) : never;

/** Anna's session is 1, and bert's 2: both count. */
const history = (...lines: readonly Line[]): Event[] =>
  [
    { kind: 'bound', account: 'anna', session: 1, jid: ANNA, door: 'a', managed: true } as const,
    { kind: 'enabled', session: 1 } as const,
    { kind: 'bound', account: 'bert', session: 2, jid: `${BERT}/x`, door: 'b', managed: true } as const,
    { kind: 'enabled', session: 2 } as const,
    ...lines,
  ].map((line, i) => ({ at: i, ...line }) as Event);

const sent = (message: number, session = 1) => ({ kind: 'sent', session, message, to: BERT }) as const;
const acked = (...messages: number[]) => ({ kind: 'acked', session: 1, messages }) as const;
const got = (
  message: number,
  { session = 2, from = ANNA, as = 'message' as 'message' | 'copy', delayed = false, at = 50 } = {},
) => ({ kind: 'got', session, message, from, as, delayed, at }) as const;
const rules = (events: Event[]) => check(events).map(({ rule }) => rule);
const bertAgain = (managed = true) =>
  ({ kind: 'bound', account: 'bert', session: 3, jid: `${BERT}/x`, door: 'b', managed }) as const;

test('what was acknowledged and came is well, also late, also as a copy elsewhere, also back as an error', () => {
  assert.deepEqual(
    rules(
      history(
        ...[sent(1), sent(2), sent(3), acked(1, 2, 3), got(1)],
        { kind: 'lost', session: 2, farewell: false },
        bertAgain(),
        got(2, { session: 3, delayed: true }),
        { kind: 'error', session: 1, message: 3, condition: 'resource-constraint' },
      ),
    ),
    [],
  );
});

test('an acknowledged message that never came is lost; one that was not acknowledged is not', () => {
  assert.deepEqual(rules(history(sent(1), sent(2), acked(1))), ['lost']);
});

test('a refusal that went with its session is in doubt while the database was away, and only then', () => {
  const out = { kind: 'fault', what: 'postgres kill for 1 s' } as const;
  const back = { kind: 'healed', what: 'postgres kill for 1 s' } as const;
  const refused = { kind: 'refused', session: 1 } as const;
  assert.deepEqual(rules(history(out, sent(1), acked(1), back, refused)), []);
  assert.deepEqual(rules(history(out, sent(1), acked(1), back)), ['lost']);
  assert.deepEqual(rules(history(out, back, sent(1), acked(1), refused)), ['lost']);
});

test('what was written to a client that acknowledges nothing may be lost; what it got before or after may not', () => {
  const unmanaged = [{ kind: 'lost', session: 2, farewell: true } as const, bertAgain(false)];
  assert.deepEqual(rules(history(...unmanaged, sent(1), acked(1))), []);
  assert.deepEqual(rules(history(sent(1), acked(1), ...unmanaged)), ['lost']);
  const gone = (at: number) => [
    { kind: 'lost', session: 3, farewell: false, at } as const,
    { ...sent(1), at: 9000 },
    acked(1),
  ];
  assert.deepEqual(rules(history(...unmanaged, ...gone(8900))), [], 'nobody knew yet');
  assert.deepEqual(rules(history(...unmanaged, ...gone(100))), ['lost']);
});

test('twice in one session, whatever it was resumed', () => {
  const resumed = { kind: 'resumed', session: 2, door: 'c' } as const;
  assert.deepEqual(rules(history(sent(1), acked(1), got(1), resumed, got(1, { delayed: true }))), [
    'twice in a session',
  ]);
});

test('what its sender sent twice may come twice, and not three times', () => {
  const again = [
    { kind: 'bound', account: 'anna', session: 4, jid: ANNA, door: 'a', managed: true } as const,
    sent(1),
    sent(1, 4),
  ];
  assert.deepEqual(rules(history(...again, got(1), got(1))), []);
  assert.deepEqual(rules(history(...again, got(1), got(1), got(1))), ['twice in a session']);
});

test('what a device has long had does not come again to its next session; what it may not have confirmed may', () => {
  const after = (ms: number) => [
    { kind: 'lost', session: 2, farewell: false, at: 50 + ms } as const,
    bertAgain(),
    got(1, { session: 3, delayed: true, at: 60 + ms }),
  ];
  assert.deepEqual(rules(history(sent(1), acked(1), got(1), ...after(SURE_MS + 1))), ['twice']);
  assert.deepEqual(rules(history(sent(1), acked(1), got(1), ...after(100))), []);
});

test('nobody gets what is for another, nor what nobody sent', () => {
  const carl = { kind: 'bound', account: 'carl', session: 5, jid: 'carl@d/x', door: 'a', managed: true } as const;
  assert.deepEqual(rules(history(carl, sent(1), got(1), got(1, { session: 5 }))), ['wrong person']);
  assert.deepEqual(rules(history(sent(1), got(1), got(1, { from: 'carl@d/x' }))), ['wrong person']);
  assert.deepEqual(rules(history(sent(1), got(1), got(1, { session: 1, as: 'copy' }))), [], "one's own other device");
});

test('live messages of one session to another keep their order; what waited says so', () => {
  assert.deepEqual(rules(history(sent(1), sent(2), got(2), got(1))), ['order']);
  assert.deepEqual(rules(history(sent(1), sent(2), got(2), got(1, { delayed: true }))), []);
  const anew = { kind: 'bound', account: 'anna', session: 4, jid: ANNA, door: 'a', managed: true } as const;
  assert.deepEqual(rules(history(sent(1), anew, sent(2, 4), got(2), got(1))), [], 'two sessions are two streams');
  const resumed = { kind: 'resumed', session: 1, door: 'c' } as const;
  assert.deepEqual(rules(history(sent(1), resumed, sent(2), got(2), got(1))), [], 'by two connections, of two nodes');
});

test('stanzas are cut wherever the bytes are split, with what is nested in them', () => {
  const text = `<message from='a'><forwarded><message><body>x</body></message></forwarded></message><r xmlns='s'/><iq a="/>"/>`;
  for (let at = 0; at < text.length; at++) {
    const cutter = new Cutter();
    const whole = [...cutter.take(text.slice(0, at)), ...cutter.take(text.slice(at))];
    assert.deepEqual(
      whole.map((stanza) => stanza.slice(0, 4)),
      ['<mes', `<r x`, '<iq '],
    );
  }
});
