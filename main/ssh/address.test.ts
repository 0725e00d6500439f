import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressText, parseAddress } from './address.ts';

const GOOD: Record<string, [user: string, address: string, port: number]> = {
  '192.0.2.7': ['root', '192.0.2.7', 22],
  ' admin@chat.example.org:2222 ': ['admin', 'chat.example.org', 2222],
  'ssh://admin@chat.example.org:2222/': ['admin', 'chat.example.org', 2222],
  'ssh -p 2222 admin@chat.example.org': ['admin', 'chat.example.org', 2222],
  'ssh admin@chat.example.org -p 2222': ['admin', 'chat.example.org', 2222],
  'ssh -l admin host': ['admin', 'host', 22],
  '[2001:db8::7]:2222': ['root', '2001:db8::7', 2222],
  'root@2001:db8::7': ['root', '2001:db8::7', 22],
};

test('an address is understood as it is typed or pasted', () => {
  for (const [text, [user, address, port]] of Object.entries(GOOD))
    assert.deepEqual(parseAddress(text), { user, address, port }, text);
});

test('what is no address is refused in words that say what would be one', () => {
  for (const text of [
    '',
    '@',
    ':::bad',
    'root@',
    'a b',
    'host:0',
    'host:70000',
    'ho st',
    '-oProxyCommand=x',
    'ro;ot@host',
    'host/path',
  ])
    assert.throws(() => parseAddress(text), { code: 'bad-address' }, text);
});

test('an address is written as it can be typed again', () => {
  for (const text of ['root@192.0.2.7', 'a@[2001:db8::7]:2222', 'a@host:23'])
    assert.equal(addressText(parseAddress(text)), text);
});
