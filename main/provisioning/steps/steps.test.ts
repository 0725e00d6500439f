import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Secret } from '../../secrets/secret.ts';
import { WORK } from '../fixtures.ts';
import { stepsFor } from '../plan.ts';
import type { Work } from '../step.ts';
import { unitText } from './unit.ts';

const NASTY: Work = {
  ...WORK,
  certificate: { pem: 'PEM', sha256: 'b'.repeat(64), key: new Secret('the private key') },
  settings: { 'listen.c2s': '*:6222' },
};

test('every command of every step is a shell program that parses', () => {
  for (const step of [...stepsFor(WORK), ...stepsFor(NASTY)])
    for (const command of [step.check, step.undo, ...step.apply.map((it) => (it.kind === 'login' ? null : it.command))])
      if (command) assert.equal(spawnSync('/bin/sh', ['-n', '-c', command.text]).status, 0, command.text);
});

test('a given key travels on standard input and is in no command', () => {
  for (const step of stepsFor(NASTY)) assert.ok(!JSON.stringify(step).includes('the private key'));
  const certificate = stepsFor(NASTY).find((step) => step.id === 'certificate');
  assert.ok(certificate?.apply.some((it) => it.kind === 'run' && it.stdin instanceof Secret));
});

test('every step that changes something can take it back, and says so', () => {
  for (const step of stepsFor(WORK)) assert.equal(step.undo === null, step.touches.length === 0, step.id);
});

test('settings that differ from the defaults are handed to init, as the domain user', () => {
  const init = stepsFor(NASTY).find((step) => step.id === 'configuration')?.apply[0];
  assert.ok(init?.kind === 'run');
  assert.match(init.command.text, /runuser -u parley-[0-9a-f]{8} -- \/opt\/parley\/0\.1\.0-a{12}\/parleyd init/);
  assert.ok(init.command.text.includes("--set 'listen.c2s=*:6222'"));
});

test('the unit shuts parleyd off, and gives it a low port only when it has one', () => {
  const unit = unitText(WORK);
  for (const line of [
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
    'PrivateTmp=yes',
    'Type=notify',
    'CapabilityBoundingSet=',
  ])
    assert.ok(unit.split('\n').includes(line), line);
  assert.ok(!unit.includes('MemoryDenyWriteExecute'));
  const low = unitText({ ...WORK, ports: { c2s: 5222, c2sTls: 443 } });
  assert.ok(low.split('\n').includes('CapabilityBoundingSet=CAP_NET_BIND_SERVICE'));
});

test('systemd reads the unit without a complaint', {
  skip: spawnSync('systemd-analyze', ['--version']).status !== 0,
}, () => {
  const text = unitText({ ...WORK, layout: { ...WORK.layout, user: 'root', data: '/tmp' } }).replace(
    /^ExecStart=.*/m,
    'ExecStart=/bin/true',
  );
  execFileSync(
    '/bin/sh',
    ['-c', 'f=$(mktemp -d)/parleyd-test.service; cat > "$f"; systemd-analyze verify --man=no "$f"'],
    { input: text },
  );
});
