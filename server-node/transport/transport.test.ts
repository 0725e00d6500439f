import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostAndPort, isLoopback, listenOptions, plainHost } from './address.ts';
import { connectionsAllowed } from './descriptors.ts';

test('an address of the configuration says where to listen', () => {
  assert.deepEqual(listenOptions('*:5222'), { port: 5222, host: '::', ipv6Only: false });
  assert.deepEqual(listenOptions('127.0.0.1:1'), { port: 1, host: '127.0.0.1' });
  assert.deepEqual(listenOptions('[::1]:1'), { port: 1, host: '::1' });
});

test('addresses are shown as people write them', () => {
  assert.deepEqual([plainHost('::ffff:192.0.2.1'), plainHost('2001:db8::1')], ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual([hostAndPort('192.0.2.1', 5), hostAndPort('::1', 5)], ['192.0.2.1:5', '[::1]:5']);
  assert.deepEqual(['127.0.0.1', '::ffff:127.9.9.9', '::1', '192.0.2.127', '::2'].map(isLoopback), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('connections leave room below the limit of open files', () => {
  const limits = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}   524288  files\n`;
  assert.equal(connectionsAllowed(limits('1024')), 896);
  assert.equal(connectionsAllowed(limits('10')), 1);
  assert.equal(connectionsAllowed(limits('unlimited')), Number.MAX_SAFE_INTEGER);
  assert.equal(connectionsAllowed(''), Number.MAX_SAFE_INTEGER);
  assert.ok(connectionsAllowed() > 0);
});
