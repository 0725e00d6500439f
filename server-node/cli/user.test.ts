import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typed } from './password.ts';
import { readCsv } from './user.ts';

test('CSV of names and passwords', () => {
  assert.deepEqual(readCsv('anna,secret\r\n\nbert,"a ""b"", c"\n"carl",\n'), [
    { name: 'anna', password: 'secret' },
    { name: 'bert', password: 'a "b", c' },
    { name: 'carl', password: '' },
  ]);
  assert.throws(() => readCsv('anna,secret\nbert'), /Line 2/);
  assert.throws(() => readCsv('a,b,c'), /Line 1/);
});

test('keys on a terminal make a line, and can be taken back', () => {
  assert.equal(typed('', 'sec\x7fcü🎉\x7f\r'), 'secü\r');
  assert.throws(() => typed('sec', '\x03'), /Nothing was changed/);
});
