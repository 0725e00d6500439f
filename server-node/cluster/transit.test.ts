import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Receipt } from '../router/session.ts';
import type { Kept, Unacknowledged } from '../stream/ports.ts';
import { Jid } from '../xmpp/jid.ts';
import { Transit, transitKey } from './transit.ts';

const ANNA = new Jid('anna', 'example.org', 'a');
const MESSAGE = "<message from='bert@example.org/b' to='anna@example.org'><body>hi</body></message>";

function transit() {
  const disk = new Map<string, string>();
  const also = new Map<string, readonly number[] | undefined>();
  const back: string[] = [];
  const it = new Transit({
    run: 'r',
    now: () => 7,
    safe: {
      put: (_account, { bytes }: Unacknowledged, key, numbers): Kept => {
        disk.set(key, bytes);
        also.set(key, numbers);
        return { key, stored: Promise.resolve(), drop: () => void disk.delete(key) };
      },
      drop: (key) => void disk.delete(key),
    },
    undelivered: async (_jid, stanzas) => void back.push(...stanzas.map(({ bytes }) => bytes)),
  });
  return { it, disk, also, back };
}

test('a message lies on disk under its number from when it should until it has arrived', async () => {
  const { it, disk, back } = transit();
  const number = it.follow('other', ANNA, MESSAGE, undefined);
  const debt = it.debt(number);
  assert.equal(debt.settled, false);
  await debt.secure();
  assert.deepEqual([...disk], [[transitKey.of('r', number), MESSAGE]]);
  it.taken(number);
  assert.deepEqual([debt.settled, disk.size, back], [true, 0, []]);
});

test('what is lost, or was sent to a node that is gone, goes back once', async () => {
  const { it, disk, back } = transit();
  const [one, two] = [it.follow('x', ANNA, MESSAGE, undefined), it.follow('y', ANNA, MESSAGE, undefined)];
  await it.keep(two);
  await it.lost(one);
  await Promise.all([it.abandon('y'), it.abandon('y')]);
  assert.deepEqual([back.length, disk.size, it.size], [2, 0, 0]);
});

test('of a message to two devices the copy on disk stays when one that acknowledges nothing was sent it', async () => {
  const { it, disk, back } = transit();
  const receipt = new Receipt(MESSAGE).another().another();
  const [silent, managed] = [it.follow('x', ANNA, MESSAGE, receipt), it.follow('y', ANNA, MESSAGE, receipt)];
  await it.keep(silent);
  it.passed(silent);
  assert.equal(disk.size, 1);
  it.taken(managed);
  assert.deepEqual([disk.size, back], [0, []]);
});

test('what is on its way back already is not given back once more, whoever says that it is lost', async () => {
  const { it, back } = transit();
  const number = it.follow('x', ANNA, MESSAGE, undefined);
  it.tooLate('x', ANNA.wire, number - 1);
  await Promise.all([it.lost(number), it.abandon('x')]);
  assert.equal(back.length, 1);
});

test('a message that several devices have a share in stays where it was made, when one of them goes to another node with it', async () => {
  for (const end of ['taken', 'lost'] as const) {
    const { it, back } = transit();
    const receipt = new Receipt(MESSAGE).another().another();
    const remote = it.follow('x', ANNA, MESSAGE, receipt);
    const key = it.lend(ANNA, { bytes: MESSAGE, at: 5 }, receipt);
    const lent = transitKey.read(key)?.number ?? 0;
    it.moved(lent, 'y');
    await it.lost(remote);
    assert.deepEqual(back, [], 'the other may have it yet');
    await it[end](lent);
    assert.equal(back.length, end === 'lost' ? 1 : 0, end);
  }
});

test('who clears up after this node is told of all devices that a copy on disk is for, also of one that has moved', async () => {
  const { it, also } = transit();
  const receipt = new Receipt(MESSAGE).another().another().another();
  const [one, two] = [it.follow('x', ANNA, MESSAGE, receipt), it.follow('y', ANNA, MESSAGE, receipt)];
  await it.keep(one);
  const { number } = transitKey.read(it.lend(ANNA, { bytes: MESSAGE, at: 5 }, receipt)) ?? {};
  assert.deepEqual([...also.values()], [[one, two, number]]);
});
