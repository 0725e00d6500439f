import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_CODES, FrameReader } from './frames.ts';

/** A client's frame: masked. */
function masked(payload: string, opcode = 1, final = true): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const bytes = Buffer.from(payload, 'latin1').map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  const n = bytes.length;
  const length =
    n < 126
      ? [0x80 | n]
      : n < 65_536
        ? [0x80 | 126, n >> 8, n & 255]
        : [0x80 | 127, 0, 0, 0, 0, 0, n >> 16, (n >> 8) & 255, n & 255];
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...length]), mask, bytes]);
}

function reading(most = 300_000) {
  const told: string[] = [];
  const reader = new FrameReader(most, {
    message: (bytes) => told.push(bytes.length > 50 ? `${bytes.length} bytes` : bytes),
    pong: (bytes) => told.push(`pong of ${bytes.length}`),
    closed: (code) => told.push(`closed ${code}`),
  });
  return { told, reader };
}

test('frames come out whole however they are cut', () => {
  const stream = Buffer.concat([
    masked('<a/>'),
    masked('<b>', 1, false),
    masked('ping', 9),
    masked('</b>', 0),
    masked('x'.repeat(200)),
    masked('y'.repeat(70_000)),
  ]);
  const whole = ['<a/>', 'pong of 6', '<b></b>', '200 bytes', '70000 bytes'];
  for (const size of [1, 2, 3, 7, 1000, stream.length]) {
    const { told, reader } = reading();
    for (let at = 0; at < stream.length; at += size) reader.feed(stream.subarray(at, at + size));
    assert.deepEqual(told, whole, `in pieces of ${size}`);
  }
});

test('a long frame byte by byte costs no more than its length', () => {
  const { told, reader } = reading();
  for (const byte of masked('z'.repeat(250_000))) reader.feed(Buffer.from([byte])); // its square would take minutes
  assert.deepEqual(told, ['250000 bytes']);
});

test('fragments without end, and frames that announce too much, close the socket', () => {
  const many = reading();
  many.reader.feed(masked('', 1, false));
  for (let i = 0; i < 2000; i++) many.reader.feed(masked('', 0, false));
  assert.deepEqual(many.told, [`closed ${CLOSE_CODES.protocol}`]);
  const announced = reading(1000);
  announced.reader.feed(Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
  assert.deepEqual(announced.told, [`closed ${CLOSE_CODES.tooBig}`]);
  const grown = reading(1000);
  grown.reader.feed(masked('x'.repeat(600), 1, false));
  grown.reader.feed(masked('x'.repeat(600), 0, false));
  assert.deepEqual(grown.told, [`closed ${CLOSE_CODES.tooBig}`]);
});
