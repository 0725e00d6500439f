import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ParleyError } from '../../shared/errors.ts';
import { Users } from '../accounts/users.ts';
import { Log } from '../observe/log.ts';
import { DOMAIN, World } from '../world.fixture.ts';
import { connectAdmin } from './admin-client.ts';
import { openAdminSocket } from './admin-socket.ts';
import { nodeHandlers } from './handlers.ts';
import { RpcConnection } from './rpc-connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-admin-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function door() {
  const world = new World();
  const bugs: unknown[] = [];
  const log = new Log('info', () => {});
  const users = new Users({
    clients: world.devices,
    domain: DOMAIN,
    stores: world.stores,
    iterations: 4096,
    router: world.router,
    now: () => world.now,
  });
  const status = async () => {
    throw new TypeError('a bug');
  };
  const handlers = nodeHandlers({
    version: '1.2.3',
    users,
    router: world.router,
    log,
    status,
    metricsText: () => 'metric 1\n',
    changed: () => {},
    drain: async () => 0,
    undrain: async () => true,
  });
  const said: { id: unknown; result?: unknown; error?: { code: number; data?: { code: string; what: string } } }[] = [];
  const connection = new RpcConnection({ send: (text) => said.push(JSON.parse(text)) }, handlers, (error) =>
    bugs.push(error),
  );
  const ask = async (message: unknown) => {
    await connection.received(
      typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', id: 1, ...(message as object) }),
    );
    return said.pop();
  };
  return { world, handlers, ask, bugs, log };
}

test('people and sessions by request', async () => {
  const { world, ask } = door();
  assert.deepEqual((await ask({ method: 'users.add', params: { name: 'anna', password: 'x' } }))?.result, {
    jid: `anna@${DOMAIN}`,
  });
  await world.come('anna/a', '<presence><show>away</show><status>ü</status><priority>3</priority></presence>');
  const answer = (await ask({ method: 'sessions.list', params: {} }))?.result as {
    total: number;
    sessions: { jid: string; presence: unknown }[];
  };
  assert.deepEqual(
    [answer.total, answer.sessions[0]?.jid, answer.sessions[0]?.presence],
    [1, `anna@${DOMAIN}/a`, { show: 'away', status: 'ü', priority: 3 }],
  );
  assert.deepEqual((await ask({ method: 'sessions.end', params: { jid: `anna@${DOMAIN}/a` } }))?.result, {
    ended: true,
  });
  assert.deepEqual((await ask({ method: 'sessions.end', params: { jid: `anna@${DOMAIN}/a` } }))?.result, {
    ended: false,
  });
  assert.equal(world.router.sessions.size, 0);
});

test('what is not known, not right, or a bug, is said', async () => {
  const { ask, bugs } = door();
  assert.equal((await ask('{'))?.error?.code, -32700);
  assert.equal((await ask('{}'))?.error?.code, -32600);
  const unknown = await ask({ method: 'rooms.list' });
  assert.deepEqual([unknown?.error?.code, unknown?.error?.data?.code], [-32601, 'unknown-method']);
  assert.equal((await ask({ method: 'toString' }))?.error?.code, -32601);
  assert.equal((await ask({ method: 'users.add', params: { name: 'x' } }))?.error?.code, -32602);
  assert.equal((await ask({ method: 'users.suspend', params: { name: 'nobody' } }))?.error?.data?.code, 'no-such-user');
  assert.equal((await ask({ method: 'status' }))?.error?.code, -32603);
  assert.equal(bugs.length, 1);
});

test('the log is told, and lines of clients stay one line', async () => {
  const { ask, log } = door();
  log.info('one\ntwo');
  log.warn('three');
  const { result } = (await ask({ method: 'log.tail', params: { lines: 2 } })) ?? {};
  assert.deepEqual(
    (result as { lines: { level: string; text: string }[] }).lines.map(({ level, text }) => `${level} ${text}`),
    ['info one?two', 'warn three'],
  );
});

test('the socket is for its owner alone, takes the place of one that was left, and refuses a second node', async () => {
  const { handlers } = door();
  const path = join(folder, 'admin.sock');
  writeFileSync(path, '');
  const open = () =>
    openAdminSocket(
      path,
      handlers,
      () => 'metric 1\n',
      () => {},
    );
  const first = await open();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await assert.rejects(open(), (error: unknown) => error instanceof ParleyError && error.code === 'already-running');
  const client = await connectAdmin(path);
  assert.equal((await client?.call('version', {}))?.version, '1.2.3');
  await assert.rejects(
    async () => client?.call('users.suspend', { name: 'nobody' }),
    (error: unknown) => error instanceof ParleyError && error.code === 'no-such-user',
  );
  client?.close();
  first.close();
  assert.equal(await connectAdmin(path), undefined);
});
