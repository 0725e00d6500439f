import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADER, Link, type Pipe } from './link.ts';
import type { Unpacker } from './pack.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A pipe that keeps what is written until the test passes it on. */
class HeldPipe implements Pipe {
  readonly written: Buffer[] = [];
  open = true;
  write(bytes: Buffer): void {
    this.written.push(Buffer.from(bytes));
  }
  close(): void {
    this.open = false;
  }
  listen(): void {}
}

class End {
  readonly heard: string[][] = [];
  now = 0;
  closed = 0;
  pipe = new HeldPipe();
  readonly link: Link;

  constructor(window?: number, gatherMs = 0) {
    this.link = new Link({
      act: (batch) => this.heard.push(words(batch)),
      closed: () => void this.closed++,
      now: () => this.now,
      deadMs: 10_000,
      gatherMs,
      ...(window === undefined ? {} : { window }),
    });
    this.link.attach(this.pipe, 0, Buffer.alloc(0));
  }

  async says(...texts: string[]): Promise<void> {
    for (const text of texts) this.link.out.text(text);
    await turn();
  }

  /** What it wrote reaches the other, in pieces of that size. */
  reaches(other: End, size = Number.POSITIVE_INFINITY): void {
    const bytes = Buffer.concat(this.pipe.written.splice(0));
    for (let at = 0; at < bytes.length; at += size) other.link.received(other.pipe, bytes.subarray(at, at + size));
  }

  again(acted: number): void {
    this.pipe = new HeldPipe();
    this.link.attach(this.pipe, acted, Buffer.alloc(0));
  }
}

function words(batch: Unpacker): string[] {
  const texts: string[] = [];
  while (!batch.done) texts.push(batch.text());
  return texts;
}

test('what is said in one turn is one batch, acted on whole, in whatever pieces it comes', async () => {
  for (const size of [1, 3, 16, 17, 1000]) {
    const [here, there] = [new End(), new End()];
    await here.says('a', 'b');
    await here.says('c'.repeat(5000));
    assert.equal(here.pipe.written.length, 2);
    here.reaches(there, size);
    assert.deepEqual(there.heard, [['a', 'b'], ['c'.repeat(5000)]]);
  }
});

test('what can wait goes at once after a silence, then together: with what can not, when it is much, or in the end', async () => {
  const [here, there] = [new End(undefined, 4), new End()];
  here.now = 1000;
  const later = async (text: string) => {
    here.link.later.text(text);
    await turn();
  };
  await later('1');
  assert.equal(here.pipe.written.length, 1, 'nothing was said for long');
  await later('2');
  await later('3');
  assert.equal(here.pipe.written.length, 1);
  await here.says('4');
  assert.equal(here.pipe.written.length, 2);
  await later('5');
  here.now += 4;
  await later('6');
  assert.equal(here.pipe.written.length, 3, 'it has waited, and something else woke us');
  await later('7');
  await later('8'.repeat(5000));
  await later('9');
  assert.equal(here.pipe.written.length, 4, 'enough for a batch');
  await later('10');
  while (here.pipe.written.length < 5) await new Promise((resolve) => setTimeout(resolve, 1));
  here.reaches(there);
  assert.deepEqual(there.heard, [['1'], ['2', '3', '4'], ['5', '6'], ['7', '8'.repeat(5000), '9'], ['10']]);
});

test('over the next pipe everything arrives once: what had been acted on is not sent again, or not acted on', async () => {
  const [here, there] = [new End(), new End()];
  await here.says('1');
  here.reaches(there);
  await here.says('2');
  here.pipe.written.splice(0); // lost on the way
  await here.says('3');
  here.again(there.link.acted);
  there.again(here.link.acted);
  here.reaches(there);
  assert.deepEqual(there.heard, [['1'], ['2'], ['3']]);
  here.again(0); // it is told less than was acted on
  here.reaches(there);
  assert.equal(there.heard.length, 3);
  await here.says('4');
  here.reaches(there);
  assert.deepEqual(there.heard.at(-1), ['4']);
});

test('half a batch is none', async () => {
  const [here, there] = [new End(), new End()];
  await here.says('first', 'second');
  const [bytes] = here.pipe.written;
  assert.ok(bytes);
  there.link.received(there.pipe, bytes.subarray(0, bytes.length - 1));
  assert.deepEqual(there.heard, []);
});

test('what the other side has not acted on is counted: who would say more waits until it has', async () => {
  const [here, there] = [new End(1000), new End(1000)];
  assert.equal(here.link.room(), undefined);
  await here.says('x'.repeat(1500));
  let room = false;
  void here.link.room()?.then(() => {
    room = true;
  });
  await turn();
  assert.equal(room, false);
  here.reaches(there);
  there.reaches(here);
  await turn();
  assert.equal(room, true);
  assert.equal(here.link.underWay, 0);
});

test('a side that can take no more says so by not saying that it acted', async () => {
  const [here, there] = [new End(1000), new End(1000)];
  there.link.withhold(true);
  await here.says('x'.repeat(1500));
  here.reaches(there);
  there.reaches(here);
  assert.equal(here.link.full, true);
  await there.says('an answer');
  there.reaches(here);
  assert.equal(here.link.full, true, 'an answer is no leave to go on');
  there.link.withhold(false);
  there.reaches(here);
  assert.equal(here.link.full, false);
});

test('a link that is given up wakes whoever waits for room', async () => {
  const here = new End(10);
  await here.says('x'.repeat(100));
  const room = here.link.room();
  assert.ok(room);
  here.link.abandon();
  await room;
  assert.equal(here.pipe.open, false);
});

test('who says nothing for too long is held for dead; who has nothing to say says that it lives', () => {
  const [here, there] = [new End(), new End()];
  here.now += 2000;
  here.link.tick();
  assert.equal(here.pipe.written[0]?.length, HEADER);
  there.now += 9000;
  here.reaches(there);
  there.now += 9000;
  there.link.tick();
  assert.equal(there.closed, 0);
  there.now += 1001;
  there.link.tick();
  assert.equal(there.closed, 1);
  assert.equal(there.pipe.open, false);
});

test('what is no batch, and a batch that misses one before it, end the pipe', async () => {
  const short = new End();
  short.link.received(short.pipe, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  assert.equal(short.closed, 1);
  const long = new End();
  long.link.received(long.pipe, Buffer.alloc(HEADER, 0xff));
  assert.equal(long.closed, 1);
  const [here, there] = [new End(), new End()];
  await here.says('1');
  here.pipe.written.splice(0);
  await here.says('2');
  here.reaches(there);
  assert.equal(there.closed, 1);
  assert.deepEqual(there.heard, []);
});
