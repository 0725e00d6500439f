import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Health } from '../../shared/console-api/domains.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import { localHost } from '../ssh/local-host.ts';
import { sh } from '../ssh/shell.ts';
import { Link } from './link.ts';
import type { NodeEvent } from './node-client.ts';

const dir = mkdtempSync(join(tmpdir(), 'parley-link-'));
after(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'admin.sock');

const SESSION = {
  jid: 'a@x/1',
  connectedAt: 1,
  address: '192.0.2.1:5',
  transport: 'tls',
  tls: 'TLSv1.3',
  mechanism: 'SCRAM-SHA-256',
  presence: null,
};
const STATUS: NodeStatus = {
  ...{
    domain: 'x',
    version: '0.1.0',
    pid: 1,
    startedAt: 1,
    sessions: 1,
    users: 2,
    listeners: [],
    memoryBytes: 1,
    cpuSeconds: 1,
    messages: 0,
    logins: 0,
  },
  storage: { kind: 'sqlite', path: 'p', bytes: 1 },
  certificate: {
    subject: 'x',
    issuer: 'x',
    names: ['x'],
    fingerprint: 'a'.repeat(64),
    notBefore: 0,
    notAfter: Date.now() + 90 * 86_400_000,
    selfSigned: true,
  },
};
let api = 1;
const ANSWERS: Record<string, () => unknown> = {
  version: () => ({ version: '0.1.0', api, runtime: 'test', platform: 'test' }),
  status: () => STATUS,
  subscribe: () => ({}),
  'sessions.list': () => ({ sessions: [SESSION], total: 1 }),
  'log.tail': () => ({ lines: [] }),
};

let server: Server;
let peers: WebSocket[];
let link: Link;
let heard: (NodeEvent | Health)[];

/** What speaks on the admin socket: the same messages as parleyd, said by hand. */
function listen(): Promise<void> {
  peers = [];
  server = createServer();
  new WebSocketServer({ server }).on('connection', (peer) => {
    peers.push(peer);
    peer.on('message', (data) => {
      const { id, method } = JSON.parse(String(data)) as { id: number; method: string };
      const answer = ANSWERS[method];
      const data_ = { code: 'unknown-method', what: 'w', why: 'y', todo: 't' };
      const reply = answer ? { result: answer() } : { error: { code: -32601, message: 'w', data: data_ } };
      peer.send(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
    });
  });
  return new Promise((resolve) => server.listen(path, resolve));
}
async function silence(): Promise<void> {
  for (const peer of peers) peer.terminate();
  await new Promise((resolve) => server.close(resolve));
}
async function until(fits: (it: NodeEvent | Health) => boolean) {
  while (!heard.some(fits)) await new Promise((resolve) => setTimeout(resolve, 10));
}

beforeEach(() => {
  api = 1;
  heard = [];
  link = new Link({
    connect: async () => localHost(),
    reach: () => ({ adminSocket: path, pipe: sh`false` }),
    onEvent: (event) => heard.push(event),
    onReset: () => undefined,
    onHealth: (health) => heard.push(health),
  });
});
afterEach(() => link.close());

test('a link fills its snapshot, follows events, and hands on a fault as the node said it', async () => {
  await listen();
  const client = await link.client();
  assert.equal(link.health.state, 'well');
  assert.deepEqual([...link.snapshot.sessions.keys()], ['a@x/1']);
  peers[0]?.send(JSON.stringify({ jsonrpc: '2.0', method: 'session.opened', params: { ...SESSION, jid: 'b@x/1' } }));
  peers[0]?.send(JSON.stringify({ jsonrpc: '2.0', method: 'session.closed', params: { jid: 'a@x/1' } }));
  peers[0]?.send(JSON.stringify({ jsonrpc: '2.0', method: 'of.the.future', params: {} }));
  await until((it) => 'name' in it && it.name === 'session.closed');
  assert.deepEqual([...link.snapshot.sessions.keys()], ['b@x/1']);
  await assert.rejects(client.call('users.suspend', { name: 'a' }), { code: 'unknown-method', todo: 't' });
  await silence();
});

test('a link that is lost says so, keeps what it knew with its age, and comes back by itself', async () => {
  await listen();
  await link.client();
  await silence();
  await until((it) => 'state' in it && it.state !== 'well' && it.problem !== null);
  assert.equal(link.live, false);
  assert.equal(link.snapshot.sessions.size, 1);
  assert.ok(link.health.asOf !== null && link.health.problem !== null);
  heard = [];
  await listen();
  await until((it) => 'state' in it && it.state === 'well');
  await silence();
});

test('a node that does not run is down, with what to do', async () => {
  await assert.rejects(link.client(), { code: 'node-down' });
  assert.equal(link.health.state, 'down');
  assert.match(link.health.problem?.todo ?? '', /provision again/);
});

test('a node of a newer Parley is left alone', async () => {
  api = 2;
  await listen();
  await assert.rejects(link.client(), { code: 'node-too-new' });
  assert.equal(link.health.state, 'down');
  await silence();
});
