import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localLayout, systemLayout } from './layout.ts';
import { portsOf } from './node-config.ts';
import { meter } from './progress.ts';

test('a domain has the same account and folder each time, and none of another', () => {
  const layout = systemLayout('acme.example');
  assert.deepEqual(systemLayout('acme.example'), layout);
  assert.match(layout.user ?? '', /^parley-[0-9a-f]{8}$/);
  assert.equal(layout.data, '/var/lib/parley/acme.example');
  assert.notEqual(systemLayout('acme.examples').user, layout.user);
  assert.equal(localLayout('demo.localhost', '/home/a').user, null);
});

test('the longest domain still has a socket that can be opened', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}`;
  assert.ok(systemLayout(long).adminSocket.length <= 107);
  assert.notEqual(systemLayout(long).data, systemLayout(`${long.slice(0, -1)}e`).data);
});

test('the ports of a node are those of its configuration, or the defaults', () => {
  assert.deepEqual(portsOf('domain = "a"\n'), { c2s: 5222, c2sTls: 5223 });
  assert.deepEqual(portsOf('[listen]\nc2s = "127.0.0.1:6222"\nc2s_tls = "off"\n'), { c2s: 6222, c2sTls: null });
  assert.deepEqual(portsOf('[listen]\nc2s = "[::1]:6222"\n'), { c2s: 6222, c2sTls: 5223 });
});

test('progress tells bytes, speed and what is left', async () => {
  let clock = 0;
  const told: { bytes: number; bytesPerSecond: number; secondsLeft: number | null }[] = [];
  const through = meter(
    400,
    (progress) => told.push(progress),
    () => clock,
  );
  through.resume();
  for (let i = 0; i < 4; i++) {
    clock += 1000;
    through.write(Buffer.alloc(100));
  }
  through.end();
  await new Promise((resolve) => through.once('end', resolve));
  assert.deepEqual(
    told.map((it) => it.bytes),
    [100, 200, 300, 400],
  );
  assert.ok(told.every((it) => it.bytesPerSecond === 100));
  assert.equal(told.at(-1)?.secondsLeft, 0);
});
