import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { PlanStep, Run } from '../../shared/console-api/provisioning.ts';
import { openFleetStore } from '../fleet/fleet-store.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { fakeHost } from '../ssh/fake-host.ts';
import type { Host } from '../ssh/host.ts';
import { WORK } from './fixtures.ts';
import type { Releases } from './releases.ts';
import { openRunLog, settleOpenRuns } from './run-log.ts';
import { createProvisioning } from './service.ts';

const FRESH = 'system Debian\nmachine x86_64\nglibc 2.36\ninit systemd\nfree-versions 9000000\nfree-state 9000000\n';
const SPEC = {
  domain: 'acme.example',
  hostId: 'h1',
  c2sPort: 5222,
  c2sTlsPort: 5223,
  certificate: { kind: 'self-signed' },
} as const;
const RELEASES: Releases = {
  version: '0.1.0',
  architectures: () => ['x64'],
  find: async () => WORK.release,
  packedBytes: async () => 50e6,
  prepare: () => undefined,
  open: async () => ({ stream: Readable.from([]), bytes: 0 }),
};

const NO_SECRETS: SecretStore = {
  kind: 'none',
  locked: () => false,
  get: async () => undefined,
  set: async () => undefined,
  remove: async () => undefined,
};

function service(facts: string, more: (text: string) => { code?: number } | undefined = () => undefined) {
  const store = openFleetStore(':memory:');
  store.addHost({
    id: 'h1',
    kind: 'ssh',
    user: 'root',
    address: '192.0.2.7',
    port: 22,
    auth: { kind: 'auto' },
    added_at: 1,
  });
  const host: Host = fakeHost(({ text }) => (text.startsWith('say()') ? { stdout: facts } : more(text)));
  const runs: Run[] = [];
  const provisioning = createProvisioning({
    ...{ store, releases: RELEASES, localRoot: '/nowhere', longLived: false, connect: async () => host },
    cluster: { secrets: () => NO_SECRETS, open: async () => undefined },
    events: { step: () => undefined, run: (run) => runs.push(run) },
  });
  return { store, provisioning, runs };
}

test('a plan can be run once, and only while it is fresh', async () => {
  const { provisioning } = service(FRESH, (text) => (text.startsWith('[ "$(getent') ? { code: 1 } : undefined));
  await assert.rejects(provisioning.run('none'), { code: 'plan-gone' });
  const { planId } = await provisioning.plan(SPEC);
  const runId = await provisioning.run(planId);
  await assert.rejects(provisioning.run(planId), { code: 'plan-gone' });
  await provisioning.ended(runId);
});

test('what stops a plan stops the run, before anything is begun', async () => {
  const { provisioning, runs, store } = service(FRESH.replace('systemd', 'sysvinit'));
  const plan = await provisioning.plan(SPEC);
  assert.match(plan.summary, /^Stopped by one finding/);
  await assert.rejects(provisioning.run(plan.planId), { code: 'stopped-by-finding' });
  assert.deepEqual([runs.length, store.domains().length], [0, 0]);
});

test('one run at a time for a domain, and one that changed nothing leaves no domain behind', async () => {
  const { provisioning, runs, store } = service(FRESH, (text) =>
    text.startsWith('[ "$(getent') ? { code: 2 } : undefined,
  );
  const [one, two] = [await provisioning.plan(SPEC), await provisioning.plan(SPEC)];
  const runId = await provisioning.run(one.planId);
  await assert.rejects(provisioning.run(two.planId), { code: 'busy' });
  const run = await provisioning.ended(runId);
  assert.equal(run.outcome, 'failed');
  assert.match(run.steps[0]?.event.failure?.what ?? '', /'Make the system user': the command ended with exit code 2/);
  assert.equal(runs.at(-1)?.runId, runId);
  assert.deepEqual(
    provisioning.runs('acme.example').map((it) => it.runId),
    [runId],
  );
  assert.equal(run.canUndo, false);
  assert.match(run.summary, /Nothing was changed on root@192\.0\.2\.7\.$/);
  assert.equal(store.domain('acme.example'), undefined);
});

test('a domain that is on one host is not put on another', async () => {
  const { provisioning, store } = service(FRESH);
  store.addHost({
    id: 'h2',
    kind: 'ssh',
    user: 'root',
    address: '192.0.2.8',
    port: 22,
    auth: { kind: 'auto' },
    added_at: 2,
  });
  store.putDomain({ ...SPEC, hostId: 'h2' }, 1);
  await assert.rejects(provisioning.plan(SPEC), { code: 'domain-elsewhere' });
  await assert.rejects(provisioning.plan({ ...SPEC, hostId: 'h9' }), { code: 'no-host' });
});

test('a run whose process is gone is interrupted, and can be undone', () => {
  const { store } = service(FRESH);
  const step: PlanStep = { id: 'folders', title: 't', detail: 'd', touches: [], undo: 'u', state: 'todo' };
  const log = openRunLog(
    store,
    { step: () => undefined, run: () => undefined },
    {
      ...{ runId: 'r1', kind: 'provision', domain: 'acme.example', hostId: 'h1', steps: [step], summary: 's' },
    },
  );
  log.event({ runId: 'r1', stepId: 'folders', at: 1, state: 'running', seconds: null });
  settleOpenRuns(store, () => true);
  assert.equal(store.run('r1')?.outcome, 'running');
  settleOpenRuns(store, () => false);
  assert.equal(store.run('r1')?.outcome, 'interrupted');
  assert.equal(store.run('r1')?.canUndo, true);
});
