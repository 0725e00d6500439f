import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf, networkOfPeer } from './network.ts';

for (const [host, network] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:1:2:ffff::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
] as const)
  test(`${host} is in ${network}`, () => assert.equal(networkOf(host), network));

test('a port is no part of it', () => {
  assert.equal(networkOfPeer('192.0.2.1:5222'), '192.0.2.1');
  assert.equal(networkOfPeer('[2001:db8::1]:5222'), '2001:db8:0:0::/64');
});
