import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { openFleetStore } from './fleet-store.ts';
import { MIGRATIONS, migrate } from './migrations.ts';

const dir = mkdtempSync(join(tmpdir(), 'parley-fleet-'));
after(() => rmSync(dir, { recursive: true }));
const HOST = { id: 'h1', kind: 'ssh', user: 'root', address: '192.0.2.7', port: 22, added_at: 5 } as const;
const SPEC = {
  domain: 'acme.example',
  hostId: 'h1',
  c2sPort: 5222,
  c2sTlsPort: 5223,
  certificate: { kind: 'self-signed' },
} as const;

test('hosts, keys and domains are there after the file was closed', () => {
  const path = join(dir, 'fleet.db');
  const store = openFleetStore(path);
  store.addHost({ ...HOST, auth: { kind: 'key', path: '/k' } });
  store.setKey('h1', { algorithm: 'ssh-ed25519', fingerprint: 'SHA256:x', trusted_at: 7 });
  store.putDomain(SPEC, 9);
  store.close();

  const again = openFleetStore(path);
  assert.deepEqual(again.host('h1')?.auth, { kind: 'key', path: '/k' });
  assert.equal(again.key('h1')?.fingerprint, 'SHA256:x');
  assert.deepEqual(again.domain('acme.example')?.spec, SPEC);
  assert.throws(() => again.removeHost('h1'), /FOREIGN KEY/);
  again.close();
});

test('provisioning again keeps when a domain was first made', () => {
  const store = openFleetStore(':memory:');
  store.addHost({ ...HOST, auth: { kind: 'auto' } });
  store.putDomain(SPEC, 9);
  store.putDomain({ ...SPEC, c2sPort: 5333 }, 10);
  assert.equal(store.domain('acme.example')?.created_at, 9);
  assert.equal(store.domain('acme.example')?.spec.c2sPort, 5333);
});

test('a database of a newer Parley is refused and left alone', () => {
  const path = join(dir, 'newer.db');
  const db = new Database(path);
  db.pragma(`user_version = ${MIGRATIONS.length + 1}`);
  db.close();
  assert.throws(() => openFleetStore(path), { code: 'fleet-newer' });
});

test('the file is copied before it is migrated, and a migration that fails leaves it as it was', () => {
  const path = join(dir, 'old.db');
  const db = new Database(path);
  migrate(db, path, ['CREATE TABLE a (x)']);
  migrate(db, path, ['CREATE TABLE a (x)', 'CREATE TABLE b (x)']);
  assert.ok(existsSync(`${path}.before-2`));
  assert.throws(() => migrate(db, path, ['', '', 'CREATE TABLE c (x)', 'nonsense']));
  assert.equal(db.pragma('user_version', { simple: true }), 2);
  assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'c'").pluck().get(), 0);
  db.close();
});
