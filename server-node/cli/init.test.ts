import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keepNatsFiles, natsSettings } from './nats-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'parleyd-init-'));
after(() => rmSync(folder, { recursive: true }));
const same = (file: string) => file;

test('several NATS servers are given by commas or one by one', () => {
  const given = ['tls://parley@a:4222,tls://parley@b:4222', 'tls://parley@c:4222'];
  assert.deepEqual(natsSettings({ cluster: given }, 'postgres://p@db/parley', same).get('cluster.nats'), [
    'tls://parley@a:4222',
    'tls://parley@b:4222',
    'tls://parley@c:4222',
  ]);
});

test('nodes that share no database are refused, and so is a password for no server', () => {
  assert.throws(() => natsSettings({ cluster: ['nats://a:4222'] }, undefined, same), { code: 'usage' });
  assert.throws(() => natsSettings({ 'cluster-password-file': 'p' }, 'postgres://p@db/parley', same), {
    code: 'usage',
    what: '--cluster-password-file is for --cluster, which is missing.',
  });
});

test('the password for NATS is copied where only the node reads it', () => {
  const file = join(folder, 'given');
  writeFileSync(file, 'a password\n', { mode: 0o644 });
  const options = { cluster: ['nats://a:4222'], 'cluster-password-file': file, 'cluster-ca': 'off' };
  const kept = keepNatsFiles(natsSettings(options, 'postgres://p@db/parley', same), folder);
  assert.equal(kept.get('cluster.password_file'), 'cluster.password');
  assert.equal(kept.get('cluster.ca'), 'off');
  assert.equal(readFileSync(join(folder, 'cluster.password'), 'utf8'), 'a password\n');
  assert.equal(statSync(join(folder, 'cluster.password')).mode & 0o777, 0o600);
});
