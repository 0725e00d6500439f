import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packer, Unpacker } from '../link/pack.ts';
import { ACK, DATA, PairLink } from './pair-link.ts';
import { CLUSTER_TIMES } from './parts.ts';

/** Two ends, and what is on its way between them: a test says what arrives, and when. */
class Pair {
  time = 0;
  readonly ends: End[] = [new End(this), new End(this)];

  /** All that was said arrives, and what is said to that. */
  async arrive(which: (kind: number) => boolean = () => true): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const [i, end] of this.ends.entries()) {
        for (const datagram of end.sent.splice(0)) {
          if (which(datagram[0] ?? 0)) this.ends[1 - i]?.receives(datagram);
          else end.held.push(datagram);
        }
      }
    }
  }
}

class End {
  readonly sent: Buffer[] = [];
  /** what a test held back */
  readonly held: Buffer[] = [];
  readonly took: string[] = [];
  readonly faults: unknown[] = [];
  readonly events: string[] = [];
  /** texts that can't be taken */
  poison: string | undefined;
  readonly link: PairLink;

  constructor(pair: Pair) {
    this.link = new PairLink({
      mostDatagram: 1024,
      prefix: Buffer.alloc(0),
      limits: CLUSTER_TIMES,
      clock: () => pair.time++,
      gather: () => {},
      send: (datagram) => this.sent.push(datagram),
      take: (batch) => {
        while (!batch.done) {
          const text = batch.text();
          if (text === this.poison) throw new Error(`'${text}' is not known`);
          this.took.push(text);
        }
      },
      fault: (error) => this.faults.push(error),
      restarted: () => this.events.push('restarted'),
      broken: () => this.events.push('broken'),
    });
  }

  receives(datagram: Buffer): void {
    const reader = new Unpacker(datagram);
    this.link.received(reader.byte(), reader, () => reader.rest());
  }

  says(text: string): void {
    this.link.out.text(text);
  }
}

test('what can not be taken is not passed over: the other side begins anew, and learns that nothing arrived', async () => {
  const pair = new Pair();
  const [a, b] = pair.ends as [End, End];
  b.poison = 'bad';
  a.says('good');
  await pair.arrive();
  a.says('bad');
  a.says('behind it');
  await pair.arrive();
  assert.deepEqual(b.took, ['good']);
  assert.equal(b.faults.length, 1);
  assert.deepEqual(a.events, ['broken'], 'who said it says all again that still holds');
  a.says('anew');
  await pair.arrive();
  assert.deepEqual(
    [b.took, b.events],
    [
      ['good', 'anew'],
      ['restarted', 'restarted'],
    ],
  );
});

test('what can not be taken again and again does not make the link begin for ever', async () => {
  const pair = new Pair();
  const [a, b] = pair.ends as [End, End];
  b.poison = 'bad';
  for (let i = 0; i < 3; i++) {
    a.says('bad');
    await pair.arrive();
    a.says(`after ${i}`);
    await pair.arrive();
  }
  assert.deepEqual(a.events, ['broken']);
  assert.deepEqual(b.took, ['after 0', 'after 1', 'after 2']);
});

test('that something was heard is believed when what the other side had said before it is here', async () => {
  const pair = new Pair();
  const [a, b] = pair.ends as [End, End];
  a.says('hello');
  b.says('hello');
  await pair.arrive();
  b.says('said before it heard');
  await new Promise((resolve) => setImmediate(resolve));
  const [late] = b.sent.splice(0);
  a.says('news');
  let heard = false;
  void a.link.heard().then(() => {
    heard = true;
  });
  await pair.arrive((kind) => kind === ACK || kind === DATA);
  assert.equal(heard, false, 'the acknowledgement has overtaken it');
  a.receives(late ?? Buffer.alloc(0));
  await pair.arrive();
  assert.equal(heard, true);
  assert.deepEqual(a.took, ['hello', 'said before it heard']);
});

test('an acknowledgement of a node that does not say what it had said before is believed at once', async () => {
  const pair = new Pair();
  const [a] = pair.ends as [End, End];
  a.says('news');
  const heard = a.link.heard();
  await new Promise((resolve) => setImmediate(resolve));
  a.receives(new Packer().byte(ACK).count(1).count(1).take());
  await heard;
});
