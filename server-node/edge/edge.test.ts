import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Log } from '../observe/log.ts';
import type { StreamCore } from '../stream/ports.ts';
import type { Jid } from '../xmpp/jid.ts';
import { Edge } from './edge.ts';
import { Allowance } from './limits.ts';
import { Outbox } from './outbox.ts';

const XML = { stanzaBytes: 10_000, depth: 20, attributes: 20, elements: 100 };
const LIMITS = {
  before: XML,
  after: XML,
  loginMs: 1000,
  connections: 3,
  perAddress: 2,
  trustLoopback: true,
  strangersPerNetwork: 100,
  connectionsPerSecond: 0,
  connectionsBurst: 10,
  stanzasPerSecond: 0,
  burstStanzas: 10,
  bytesPerSecond: 0,
  burstBytes: 0,
  lines: { unacknowledged: 20, unacknowledgedBytes: 50_000, resumeMs: 60_000, keepMs: 3000, ackMs: 10_000 },
  sendBytes: 50_000,
};
const core = { domain: 'example.org', freshId: () => 'f' } as unknown as StreamCore<{ jid: Jid }>;

function transport() {
  const told = { written: '', ended: false };
  const socket = {
    write: (bytes: string) => void (told.written += bytes),
    queued: 0,
    pause() {},
    resume() {},
    destroy() {},
    startTls() {},
    end: () => void (told.ended = true),
  };
  return { told, socket };
}

test('an address may have so many connections, and this machine as many as it likes', () => {
  const edge = new Edge(core, LIMITS, new Log('error', () => {}), () => 0);
  const info = { address: '192.0.2.1:1', loopback: false, direct: false };
  const first = edge.accept('192.0.2.1', transport().socket, info);
  edge.accept('192.0.2.1', transport().socket, info);
  assert.deepEqual(
    [edge.admits('192.0.2.1', false), edge.admits('192.0.2.2', false), edge.admits('192.0.2.1', true)],
    [false, true, true],
  );
  first.lost();
  first.lost();
  assert.deepEqual([edge.admits('192.0.2.1', false), edge.size, edge.refusals.get('network')], [true, 1, 1]);
  edge.shutdown();
});

test('who is sent elsewhere is no more once that is called off', async () => {
  const edge = new Edge(core, { ...LIMITS, perAddress: 20 }, new Log('error', () => {}), () => 0);
  const info = { address: '127.0.0.1:1', loopback: true, direct: false };
  const clients = Array.from({ length: 20 }, () => {
    const { told, socket } = transport();
    edge.accept('127.0.0.1', socket, info);
    return told;
  });
  const going = new AbortController();
  let asked = 0;
  await edge.moveOut(
    50, // five each tenth of a second
    () => {
      if (++asked === 5) going.abort();
      return '192.0.2.9:5222';
    },
    going.signal,
  );
  assert.equal(clients.filter(({ ended }) => ended).length, 5);
  edge.shutdown();
});

test('all doors share what the process can hold', () => {
  const edge = new Edge(core, { ...LIMITS, connections: 2 }, new Log('error', () => {}), () => 0);
  const from = (host: string) =>
    edge.accept(host, transport().socket, { address: `${host}:1`, loopback: true, direct: true });
  const first = from('127.0.0.1');
  from('127.0.0.2');
  assert.equal(edge.admits('127.0.0.3', true), false);
  first.lost();
  assert.equal(edge.admits('127.0.0.3', true), true);
  edge.shutdown();
});

test('an IPv6 customer has one place, however many addresses', () => {
  const edge = new Edge(core, LIMITS, new Log('error', () => {}), () => 0);
  for (const end of ['1', '2'])
    edge.accept(`2001:db8::${end}`, transport().socket, {
      address: `[2001:db8::${end}]:1`,
      loopback: false,
      direct: false,
    });
  assert.deepEqual([edge.admits('2001:db8::3', false), edge.admits('2001:db8:0:1::3', false)], [false, true]);
  edge.shutdown();
});

test('a network may have so many strangers, and so many new connections in a second', async () => {
  let now = 0;
  const limits = {
    ...LIMITS,
    connections: 100,
    perAddress: 50,
    strangersPerNetwork: 2,
    connectionsPerSecond: 1,
    connectionsBurst: 3,
  };
  const edge = new Edge(core, limits, new Log('error', () => {}), () => now);
  const info = { address: '192.0.2.1:1', loopback: false, direct: false };
  const come = () => edge.admits('192.0.2.1', false) && edge.accept('192.0.2.1', transport().socket, info);
  const [first] = [come(), come()];
  assert.deepEqual([come(), edge.refusals.get('strangers')], [false, 1]);
  if (first !== false) first.lost();
  assert.notEqual(come(), false, 'the third of its burst');
  edge.sweep();
  now = 500;
  assert.equal(edge.refusals.get('rate'), 0);
  now = 1001;
  edge.sweep(); // the strangers are let go
  now = 1200;
  assert.deepEqual(
    [edge.refusals.get('login_time'), edge.admits('192.0.2.1', false), edge.admits('192.0.2.1', false)],
    [2, true, false],
  );
  assert.equal(edge.refusals.get('rate'), 1);
  assert.equal(edge.admits('192.0.2.2', false), true, 'others are not concerned');
  edge.shutdown();
});

test('strangers of all networks leave room for those who log in', () => {
  const edge = new Edge(core, { ...LIMITS, connections: 8 }, new Log('error', () => {}), () => 0);
  for (let i = 0; i < 6; i++)
    edge.accept(`192.0.2.${i}`, transport().socket, { address: `192.0.2.${i}:1`, loopback: false, direct: false });
  assert.deepEqual([edge.admits('192.0.2.99', false), edge.admits('127.0.0.1', true)], [false, true]);
  edge.shutdown();
});

test('this machine can be held to the limits as well', () => {
  const edge = new Edge(core, { ...LIMITS, trustLoopback: false, perAddress: 1 }, new Log('error', () => {}), () => 0);
  edge.accept('127.0.0.1', transport().socket, { address: '127.0.0.1:1', loopback: true, direct: false });
  assert.deepEqual([edge.admits('127.0.0.1', true), edge.admits('127.0.0.2', true)], [false, true]);
  edge.shutdown();
});

test('who does not log in in time is let go', async () => {
  let now = 0;
  const edge = new Edge(core, LIMITS, new Log('error', () => {}), () => now);
  const { told, socket } = transport();
  edge.accept('192.0.2.1', socket, { address: '192.0.2.1:1', loopback: false, direct: false });
  now = 999;
  edge.sweep();
  assert.equal(told.ended, false);
  now = 1001;
  edge.sweep();
  assert.match(told.written, /<connection-timeout/);
  assert.equal(told.ended, true);
  edge.shutdown();
});

test('a bucket gives its burst, then its rate', () => {
  const allowance = new Allowance(1000, 3000, 0);
  assert.deepEqual([allowance.take(3000, 0), allowance.take(500, 0), allowance.take(500, 1000)], [0, 500, 0]);
  assert.equal(allowance.take(0, 100_000), 0);
  assert.equal(allowance.take(3001, 100_000), 1);
  assert.equal(new Allowance(0, 0, 0).take(1e9, 0), 0);
  assert.equal(allowance.take(0, 100_001), 0);
  assert.equal(allowance.take(1, 1000), 1, 'a clock that is set back makes nobody wait for the time to come again');
});

test('what is sent in one turn leaves in one write', async () => {
  const writes: string[] = [];
  const outbox = new Outbox({ write: (bytes) => writes.push(bytes) });
  for (const part of ['a', 'b', 'c']) outbox.send(part);
  assert.deepEqual([writes.length, outbox.pending], [0, 3]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([writes, outbox.pending], [['abc'], 0]);
});

test('a held outbox keeps its order, also when what it waits for fails', async () => {
  const writes: string[] = [];
  const outbox = new Outbox({ write: (bytes) => writes.push(bytes) });
  outbox.send('1');
  outbox.hold(Promise.resolve().then(() => new Promise((resolve) => setTimeout(resolve, 5))));
  outbox.hold(Promise.reject(new Error('disk')));
  outbox.send('2');
  const settled = new Promise<void>((resolve) => outbox.settled(resolve));
  assert.deepEqual(writes, []);
  await settled;
  assert.deepEqual(writes, ['12']);
});
