import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packer, UnpackError, Unpacker } from './pack.ts';

const NUMBERS = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 48, Number.MAX_SAFE_INTEGER];

test('what is packed is read again, in its order, whatever its size', () => {
  const packer = new Packer();
  const long = '\x00\xff<a>'.repeat(5000);
  for (const number of NUMBERS) packer.count(number).byte(7).bytes('\xc3\xbc').text('ü😀');
  const taken = packer.bytes(long).take();
  const reader = new Unpacker(taken);
  for (const number of NUMBERS)
    assert.deepEqual([reader.count(), reader.byte(), reader.bytes(), reader.text()], [number, 7, '\xc3\xbc', 'ü😀']);
  assert.equal(reader.bytes(), long);
  assert.ok(reader.done);
  assert.equal(packer.length, 0, 'it begins anew');
});

test('what was taken stays as it is when more is packed', () => {
  const packer = new Packer();
  const taken = Array.from({ length: 100 }, (_, n) => packer.bytes(`${n}`.repeat(n * n)).take());
  packer.bytes('other');
  for (const [n, bytes] of taken.entries()) assert.equal(new Unpacker(bytes).bytes(), `${n}`.repeat(n * n));
});

test('what ends too early or is no number is refused', () => {
  const whole = new Packer().count(300).bytes('abc').take();
  for (let cut = 0; cut < whole.length; cut++) {
    const reader = new Unpacker(whole.subarray(0, cut));
    assert.throws(() => [reader.count(), reader.bytes()], UnpackError);
  }
  assert.throws(() => new Unpacker(Buffer.alloc(12, 0xff)).count(), UnpackError);
  assert.throws(() => new Unpacker(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])).count(), UnpackError);
});
