import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf } from '../config/config.ts';
import { Log } from '../observe/log.ts';
import { refusals, slowings } from '../observe/refusals.ts';
import { DOMAIN, World } from '../world.fixture.ts';
import { NodeReport } from './report.ts';
import type { RpcConnection } from './rpc-connection.ts';

function reporting(kinds: readonly string[]) {
  const world = new World();
  const log = new Log('info', () => {});
  const report = new NodeReport({
    config: configOf(new Map([['domain', DOMAIN]]), 'test'),
    storage: { kind: 'sqlite', path: 'parley.db' },
    identity: {
      info: { subject: '', issuer: '', names: [], fingerprint: '', notBefore: 0, notAfter: 5000, selfSigned: true },
    },
    stores: world.stores,
    router: world.router,
    edge: { size: 3, refusals: refusals(), slowings: slowings() },
    guard: { wrong: 7 },
    desk: undefined,
    version: '1.2.3',
    startedAt: 1000,
    addresses: () => [],
  });
  const events: { name: string; data: { jid?: string; sessions?: number; text?: string } }[] = [];
  const connection = {
    subscribed: new Set(kinds),
    event: (name: string, data: object) => void events.push({ name, data }),
  };
  report.publishTo(new Set([connection as unknown as RpcConnection]), log);
  return { world, log, report, events };
}

test('who subscribed to sessions is told as they come, change and go, and of nothing else', async () => {
  const { world, log, report, events } = reporting(['sessions']);
  await world.people('anna');
  const anna = await world.come('anna/a');
  log.info('a line');
  await anna.leaves();
  assert.deepEqual(
    events.map(({ name, data }) => `${name} ${data.jid}`),
    ['session.opened', 'session.changed', 'session.closed'].map((name) => `${name} anna@${DOMAIN}/a`),
  );
  report.stop();
});

test('the log and the status go to who wants them; the status soon after it changed', async () => {
  const { world, log, report, events } = reporting(['log', 'status']);
  await world.people('anna');
  await world.come('anna/a');
  log.warn('a line');
  for (let i = 0; i < 100 && events.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(
    events.map(({ name, data }) => `${name} ${data.text ?? data.sessions}`),
    ['log.line a line', 'status 1'],
  );
  report.stop();
});

test('metrics are Prometheus text', async () => {
  const { report } = reporting([]);
  const text = report.metrics();
  assert.match(
    text,
    /^# HELP parleyd_connections Open connections, logged in or not\.\n# TYPE parleyd_connections gauge\nparleyd_connections 3$/m,
  );
  assert.match(text, /^parleyd_certificate_end_seconds 5$/m);
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) )?parleyd_[a-z_]+(\{why="[a-z_]+"\} \d+$| |$)/);
  assert.match(text, /^parleyd_refused_total\{why="guessing"\} 0$/m);
  report.stop();
});
