import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Balancers } from './balancers.ts';
import { peerOf } from './peer.ts';
import { readProxyHeader } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const V4 = hex(`${SIGNATURE} 21 11 000c c0000207 c6336401 d431 1466`);
const LOCAL = hex(`${SIGNATURE} 20 00 0000`);

test('who is connected stands in the header: IPv4, IPv6, and what a balancer adds of its own', () => {
  assert.deepEqual(readProxyHeader(V4), { length: 28, peer: { host: '192.0.2.7', port: 54321 } });
  const v6 = hex(`${SIGNATURE} 21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 d431 1466`);
  assert.deepEqual(readProxyHeader(v6), { length: 52, peer: { host: '2001:db8::1', port: 54321 } });
  const tlvs = hex(`${SIGNATURE} 21 11 0013 c0000207 c6336401 d431 1466 02 0004 61626364`);
  assert.deepEqual(readProxyHeader(tlvs), { length: 35, peer: { host: '192.0.2.7', port: 54321 } });
  const mapped = hex(
    `${SIGNATURE} 21 21 0024 00000000000000000000ffffc0000207 20010db8000000000000000000000002 d431 1466`,
  );
  assert.deepEqual(readProxyHeader(mapped), { length: 52, peer: { host: '192.0.2.7', port: 54321 } });
});

test('the balancer itself, and what is not of IP, have no address of their own', () => {
  assert.deepEqual(readProxyHeader(LOCAL), { length: 16, peer: undefined });
  const unix = hex(`${SIGNATURE} 21 31 0004 61626364`);
  assert.deepEqual(readProxyHeader(unix), { length: 20, peer: undefined });
});

test('a header that is cut anywhere is waited for; one that is wrong is none', () => {
  for (let length = 0; length < V4.length; length++) assert.equal(readProxyHeader(V4.subarray(0, length)), 'short');
  for (const wrong of [
    Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 54321 5222\r\n'),
    Buffer.from("<?xml version='1.0'?>"),
    hex(`${SIGNATURE} 11 11 000c c0000207 c6336401 d431 1466`), // version 1
    hex(`${SIGNATURE} 22 11 000c c0000207 c6336401 d431 1466`), // no such command
    hex(`${SIGNATURE} 21 11 0004 c0000207`), // too short for what it says it has
    hex(`${SIGNATURE} 21 11 ffff`),
  ])
    assert.equal(readProxyHeader(wrong), 'wrong', wrong.toString('hex'));
});

/** What a server behind balancers of those networks sees of a client that says that. */
async function seen(networks: readonly string[], pieces: readonly Buffer[]): Promise<string> {
  let refused = false;
  const balancers = new Balancers(networks, () => {
    refused = true;
  });
  let taken: Socket | undefined;
  let heard = '';
  const server = createServer((socket) =>
    balancers.receive(socket, (known) => {
      taken = known;
      known.on('data', (data: Buffer) => {
        heard += data.toString('latin1');
      });
    }),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  client.on('error', () => {});
  const gone = new Promise((closed) => client.once('close', closed));
  for (const piece of pieces) {
    client.write(piece);
    await new Promise((sent) => setTimeout(sent, 5));
  }
  for (let i = 0; i < 200 && !refused && !heard.endsWith('!'); i++) await new Promise((done) => setTimeout(done, 5));
  const { host } = taken === undefined ? { host: 'nobody' } : peerOf(taken);
  client.destroy();
  taken?.destroy();
  server.close();
  await gone;
  return `${host} says ${heard}${refused ? ', refused' : ''}`;
}

test('a balancer speaks for others, in any pieces; nobody else may', async () => {
  const after = Buffer.from('hello!');
  const own = ['127.0.0.0/8'];
  assert.equal(await seen(own, [Buffer.concat([V4, after])]), '192.0.2.7 says hello!');
  assert.equal(
    await seen(own, [V4.subarray(0, 5), V4.subarray(5, 20), V4.subarray(20), after]),
    '192.0.2.7 says hello!',
  );
  assert.equal(await seen(own, [LOCAL, after]), '127.0.0.1 says hello!');
  assert.equal(await seen(own, [after]), 'nobody says , refused');
  const stranger = await seen(['192.0.2.0/24', '2001:db8::/32'], [Buffer.concat([V4, after])]);
  assert.equal(stranger, `127.0.0.1 says ${V4.toString('latin1')}hello!`, 'it is garbage like any other');
});
