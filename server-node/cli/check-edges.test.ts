import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configOf } from '../config/config.ts';
import { edgeDoor, edgesNow } from './check-edges.ts';
import { selfSigned } from './self-signed.ts';

const folder = mkdtempSync(join(tmpdir(), 'parleyd-check-'));
after(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);
const config = (settings: Record<string, unknown>) =>
  configOf(new Map<string, unknown>([['domain', 'acme.example'], ...Object.entries(settings)]), 'here');
const OPEN = { 'listen.edges': '*:5270', 'edge.authorities': 'edges.pem' };
const SHUT = { 'listen.c2s': 'off', 'listen.c2s_tls': 'off', 'listen.https': 'off', 'listen.http': 'off' };
const edge = { id: 'e', name: 'north', address: '192.0.2.9:7', connected: true, sessions: 1, since: 0, cutAt: null };

test('a node that takes no edges is asked nothing about them', () => {
  assert.deepEqual(edgeDoor(config({}), path), []);
  assert.deepEqual(edgesNow(config({}), undefined, 0), []);
});

test('who may come in as an edge has to be readable, and not to have ended', async () => {
  assert.equal(edgeDoor(config(OPEN), path)[0]?.ok, false, 'there is no such file');
  writeFileSync(path('edges.pem'), 'nothing\n');
  assert.match(edgeDoor(config(OPEN), path)[0]?.detail ?? '', /holds no certificate/);
  writeFileSync(path('edges.pem'), (await selfSigned('edge.example')).certificate);
  assert.deepEqual(edgeDoor(config(OPEN), path), [{ what: 'edge.authorities', ok: true, detail: 'CN=edge.example' }]);
});

test('without an edge it is well only when clients have another way in', () => {
  assert.equal(edgesNow(config(OPEN), [], 0)[0]?.ok, true);
  const [alone] = edgesNow(config({ ...OPEN, ...SHUT }), [], 0);
  assert.equal(alone?.ok, false);
  assert.match(alone?.detail ?? '', /none is connected to \*:5270, and clients have no other way in/);
});

test('an edge that is cut off is told, with since when and what is at stake', () => {
  const [here, cut] = edgesNow(
    config(OPEN),
    [edge, { ...edge, name: 'south', connected: false, sessions: 12, cutAt: 1000 }],
    9000,
  );
  assert.deepEqual(here, { what: 'edge north', ok: true, detail: 'connected from 192.0.2.9:7, 1 session' });
  assert.equal(cut?.ok, false);
  assert.match(cut?.detail ?? '', /^can't be reached for 8 s; it was at 192\.0\.2\.9:7, with 12 sessions/);
});
