import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import * as v from 'valibot';
import { FromEngine, type ToEngine } from './messages.ts';

test('the engine answers in a process of its own, says what is wrong in words, and ends when told', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-serve-'));
  const child = fork(join(import.meta.dirname, '..', 'engine-process.ts'), { serialization: 'advanced' });
  const heard: FromEngine[] = [];
  const until = (fits: (message: FromEngine) => boolean) =>
    new Promise<FromEngine>((resolve) => {
      const look = () => {
        const found = heard.find(fits);
        if (found) resolve(found);
      };
      child.on('message', look);
      look();
    });
  child.on('message', (message) => heard.push(v.parse(FromEngine, message)));
  const say = (message: ToEngine) => void child.send(message);
  const call = (id: number, method: string, params: unknown) => {
    say({ kind: 'call', id, method, params });
    return until((it) => 'id' in it && it.id === id && it.kind !== 'lockbox');
  };

  say({ kind: 'start', dataDir, releasesDir: dataDir, version: '0', keychain: false, home: { folder: dataDir } });
  await until((it) => it.kind === 'ready');
  const info = await call(1, 'app.info', {});
  assert.ok(info.kind === 'result');
  assert.deepEqual((info.result as { release: unknown }).release, null);

  const added = await call(2, 'hosts.add', { text: 'root@192.0.2.7' });
  assert.ok(added.kind === 'result');
  await until((it) => it.kind === 'event' && it.event === 'hosts.changed');

  const bad = await call(3, 'hosts.add', { text: 'no host at all' });
  assert.ok(bad.kind === 'fault');
  assert.equal(bad.fault.code, 'bad-address');

  const ended = new Promise((resolve) => child.once('exit', resolve));
  say({ kind: 'stop' });
  assert.equal(await ended, 0);
  rmSync(dataDir, { recursive: true });
});
