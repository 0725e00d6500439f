import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { edgeConfigOf } from '../config/edge-config.ts';
import { edgeUnit } from './edge-unit.ts';

const config = (more: readonly (readonly [string, unknown])[] = []) =>
  edgeConfigOf(
    new Map<string, unknown>([['cores', ['acme.example=/run/core.sock']], ['name', 'north'], ...more]),
    'here',
  );

test('the unit of an edge is as closed as that of a node, and lets it write to its own folder alone', () => {
  const lines = edgeUnit(config(), '/var/lib/parley-edge', '/opt/parley/parleyd', 'parley-edge').split('\n');
  for (const line of [
    'Description=Parley edge north',
    'ExecStart=/opt/parley/parleyd edge run --data /var/lib/parley-edge',
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Type=notify',
    'User=parley-edge',
    'ReadWritePaths=/var/lib/parley-edge',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'CapabilityBoundingSet=',
  ])
    assert.ok(lines.includes(line), line);
});

test('it has the right to low ports only when it listens on one', () => {
  const low = edgeUnit(config([['listen.https', '*:443']]), '/srv/edge', '/bin/parleyd', 'edge');
  assert.match(low, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
});

test('a path that systemd would read otherwise is refused, and so is a folder of root', () => {
  assert.throws(() => edgeUnit(config(), '/srv/my edge', '/bin/parleyd', 'edge'), { code: 'odd-path' });
  assert.throws(() => edgeUnit(config(), '/srv/100%', '/bin/parleyd', 'edge'), { code: 'odd-path' });
  assert.throws(() => edgeUnit(config(), '/proc/1', '/bin/parleyd'), { code: 'no-account' });
});

test('systemd reads the unit without a complaint', {
  skip: spawnSync('systemd-analyze', ['--version']).status !== 0,
}, () => {
  const text = edgeUnit(config(), '/tmp', '/bin/true', 'root');
  execFileSync(
    '/bin/sh',
    ['-c', 'f=$(mktemp -d)/parley-edge-test.service; cat > "$f"; systemd-analyze verify --man=no "$f"'],
    { input: text },
  );
});
