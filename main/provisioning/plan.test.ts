import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepId } from '../../shared/console-api/provisioning.ts';
import type { Facts } from './facts.ts';
import { FACTS, WORK } from './fixtures.ts';
import { localLayout } from './layout.ts';
import { planFor } from './plan.ts';

const ALONE: readonly StepId[] = [
  'system-user',
  'folders',
  'binary',
  'configuration',
  'certificate',
  'unit',
  'start',
  'verify',
];

const plan = (facts: Partial<Facts> = {}, holds: readonly StepId[] = [], work = WORK) =>
  planFor(work, 'root@192.0.2.7', { ...FACTS, ...facts }, new Set(holds));
const stops = (facts: Partial<Facts>) =>
  plan(facts)
    .findings.filter((it) => it.stops)
    .map((it) => it.code);

test('a fresh host gets every step, in order, and nothing stands in the way', () => {
  const { steps, findings, summary, uploads } = plan();
  assert.deepEqual(
    steps.map((step) => step.id),
    ALONE,
  );
  assert.ok(steps.every((step) => step.state === 'todo' && step.title !== '' && step.undo !== ''));
  assert.deepEqual(findings, []);
  assert.equal(uploads, true);
  assert.equal(summary, '7 steps on root@192.0.2.7, then a login as the proof.');
});

test('a host where all of it holds has nothing to do', () => {
  const { summary, uploads } = plan({}, ALONE.slice(0, -1));
  assert.match(summary, /^Nothing to do: parleyd 0\.1\.0 already serves acme\.example/);
  assert.equal(uploads, false);
});

test('a new executable or unit means a start, even of a domain that runs', () => {
  const { steps } = plan({}, ['system-user', 'folders', 'configuration', 'certificate', 'unit', 'start']);
  assert.deepEqual(
    steps.filter((step) => step.state === 'todo').map((step) => step.id),
    ['binary', 'start', 'verify'],
  );
});

test('what stops a provisioning is found before anything is changed', () => {
  assert.deepEqual(stops({ init: 'sysvinit' }), ['no-systemd']);
  assert.deepEqual(stops({ architecture: 'riscv64' }), ['architecture']);
  assert.deepEqual(stops({ glibc: '2.27' }), ['old-glibc']);
  assert.deepEqual(stops({ glibc: '2.28' }), []);
  assert.deepEqual(stops({ glibc: null }), ['no-glibc']);
  assert.deepEqual(stops({ noexec: true }), ['noexec']);
  assert.deepEqual(stops({ missingTools: ['useradd'] }), ['missing-tools']);
  assert.deepEqual(stops({ free: { ...FACTS.free, versions: 100e6 } }), ['disk-full']);
  assert.deepEqual(stops({ free: { ...FACTS.free, state: 10e6 } }), ['disk-full']);
  assert.deepEqual(stops({ dataOwner: 'www-data' }), ['folder-taken']);
});

test('a port is taken by a stranger, and never by the domain itself', () => {
  const taken = [{ port: 5222, program: 'prosody', pid: 7 }];
  assert.deepEqual(stops({ ports: taken }), ['port-taken']);
  assert.match(plan({ ports: taken }).findings[0]?.what ?? '', /^Port 5222 is taken by prosody/);
  assert.deepEqual(stops({ ports: [{ port: 5222, program: 'parleyd', pid: 7 }], ownPid: 7 }), []);
  assert.deepEqual(stops({ ports: [{ port: 5223, program: '', pid: null }] }), ['port-taken']);
});

test('a clock that is wrong and another server are worth a word, no more', () => {
  const { findings } = plan({ clockSkewSeconds: -300, others: ['prosody'] });
  assert.deepEqual(
    findings.map((it) => [it.code, it.stops]),
    [
      ['clock', false],
      ['other-server', false],
    ],
  );
});

test('this computer needs no user and no unit', () => {
  const { steps, findings } = plan({ init: 'bash', missingTools: ['useradd'] }, [], {
    ...WORK,
    layout: localLayout('demo.localhost', '/home/a'),
  });
  assert.deepEqual(
    steps.map((step) => step.id),
    ['folders', 'binary', 'configuration', 'certificate', 'start', 'verify'],
  );
  assert.deepEqual(findings, []);
});
