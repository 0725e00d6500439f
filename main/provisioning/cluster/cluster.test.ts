import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { ClusterSpec, ProvisionSpec } from '../../../shared/console-api/provisioning.ts';
import { Secret } from '../../secrets/secret.ts';
import type { SecretStore } from '../../secrets/secret-store.ts';
import { FACTS, WORK } from '../fixtures.ts';
import { systemLayout } from '../layout.ts';
import { planFor, stepsFor } from '../plan.ts';
import { stagesOf } from '../stages.ts';
import type { ClusterWork, Work } from '../step.ts';
import { ClusterSecrets } from './cluster-secrets.ts';
import { type ClusterHost, clusterWorks } from './cluster-work.ts';
import { postgresConf, postgresHba } from './texts.ts';

const IDS = ['h1', 'h2', 'h3'];
const CLUSTER: ClusterSpec = {
  hosts: IDS,
  postgres: { kind: 'installed', hostId: 'h2', port: 5432 },
  nats: { kind: 'installed', hostIds: IDS, port: 4222 },
};
const SPEC: ProvisionSpec & { cluster: ClusterSpec } = {
  ...{ domain: 'acme.example', hostId: 'h1', c2sPort: 5222, c2sTlsPort: 5223, cluster: CLUSTER },
  certificate: { kind: 'self-signed' },
};

function memoryStore(): SecretStore {
  const kept = new Map<string, string>();
  return {
    kind: 'vault',
    locked: () => false,
    get: async (subject) => (kept.has(subject) ? new Secret(kept.get(subject) ?? '') : undefined),
    set: async (subject, secret) => void kept.set(subject, secret.reveal()),
    remove: async (subject) => void kept.delete(subject),
  };
}

const host = (hostId: string, at: number): ClusterHost => ({
  ...{ hostId, address: `192.0.2.${at + 1}`, resolved: [`192.0.2.${at + 1}`] },
  facts: { ...FACTS, hostname: 'debian', addresses: [`192.0.2.${at + 1}`, `10.0.0.${at + 1}`, '2001:db8::1'] },
  layout: systemLayout('acme.example'),
});

async function works(secrets: ClusterSecrets, spec = SPEC): Promise<ClusterWork[]> {
  return clusterWorks(spec, spec.cluster.hosts.map(host), secrets, () => '192.0.2.99');
}

const sites = (all: readonly ClusterWork[]) =>
  all.map((cluster, at) => {
    const work: Work = { ...WORK, cluster, address: `192.0.2.${at + 1}` };
    return { hostId: IDS[at] ?? '', hostName: `root@192.0.2.${at + 1}`, work };
  });

test('three hosts of one name become three nodes, and each has its part', async () => {
  const all = await works(await ClusterSecrets.of('acme.example', memoryStore()));
  assert.equal(new Set(all.map((it) => it.node)).size, 3);
  assert.deepEqual(
    all.map((it) => [it.first, it.database !== null, it.nats !== null]),
    [
      [true, false, true],
      [false, true, true],
      [false, false, true],
    ],
  );
  const stages = stagesOf(sites(all)).map((stage) => stage.map(({ site }) => site.hostId).join('+'));
  assert.deepEqual(stages, ['h2', 'h1+h2+h3', 'h1', 'h2+h3', 'h1+h2+h3']);
});

test('every command parses, and no secret is in one, in words or in what undo says', async () => {
  const secrets = await ClusterSecrets.of('acme.example', memoryStore());
  const all = await works(secrets);
  const hidden = [secrets.database, secrets.nats, secrets.routes, secrets.verifier].map((it) => it.reveal());
  for (const { work } of sites(all))
    for (const step of stepsFor(work)) {
      for (const command of [
        step.check,
        step.undo,
        ...step.apply.map((it) => (it.kind === 'login' ? null : it.command)),
      ])
        if (command) assert.equal(spawnSync('/bin/sh', ['-n', '-c', command.text]).status, 0, command.text);
      const said = JSON.stringify(step);
      for (const secret of hidden) assert.ok(!said.includes(secret), step.id);
      assert.ok(!said.includes('PRIVATE KEY'), step.id);
      assert.equal(step.undo === null, step.touches.length === 0, step.id);
    }
});

test('what was kept is found again: planned twice, nothing differs; without it, everything does', async () => {
  const store = memoryStore();
  const secrets = await ClusterSecrets.of('acme.example', store);
  const marks = (all: readonly ClusterWork[]) => all.map((it) => [it.mark, it.database?.mark, it.nats?.mark]);
  const first = marks(await works(secrets));
  await secrets.save(store);
  assert.deepEqual(marks(await works(await ClusterSecrets.of('acme.example', store))), first);
  const others = marks(await works(await ClusterSecrets.of('acme.example', memoryStore())));
  assert.ok(others.flat().every((mark) => mark === undefined || !first.flat().includes(mark)));
});

test('a closed vault is told before anything is made', async () => {
  const store = { ...memoryStore(), locked: () => true };
  await assert.rejects(ClusterSecrets.of('acme.example', store), { code: 'vault-locked' });
});

test('PostgreSQL lets in the hosts by every address of the kind they are known by, and only with TLS', async () => {
  const hba = (await works(await ClusterSecrets.of('acme.example', memoryStore())))[1]?.database?.hba ?? '';
  const who = hba.split('\n').filter((line) => line.startsWith('host'));
  assert.equal(who.length, 6);
  assert.ok(
    who.every((line) => /^hostssl parley parley [\d.]+\/32 scram-sha-256$/.test(line)),
    hba,
  );
  assert.match(postgresHba(['2001:db8::1']), /2001:db8::1\/128/);
  const conf = postgresConf({ nodes: 3, port: 5433, memoryBytes: 2e9 });
  assert.match(conf, /^port = 5433$/m);
  assert.match(conf, /^shared_buffers = 238MB$/m);
  assert.match(conf, /^max_connections = 120$/m);
});

test('a lost host keeps its place among the NATS servers, so that no configuration changes', async () => {
  const secrets = await ClusterSecrets.of('acme.example', memoryStore());
  const left = { ...SPEC, cluster: { ...CLUSTER, hosts: ['h1', 'h2'] } };
  const init = (await works(secrets, left))[0]?.init ?? [];
  assert.ok(init.includes('tls://parley@192.0.2.99:4222'), init.join(' '));
  const without = clusterWorks(left, left.cluster.hosts.map(host), secrets, () => undefined);
  await assert.rejects(without, { code: 'no-such-node' });
});

test('a host where the domain keeps its own data, or other servers, or a taken port, stops the plan', async () => {
  const cluster = (await works(await ClusterSecrets.of('acme.example', memoryStore())))[1] as ClusterWork;
  const stops = (facts: Partial<typeof FACTS>) =>
    planFor({ ...WORK, cluster }, 'h', { ...FACTS, ...facts }, new Set()).findings.map((it) => it.code);
  assert.deepEqual(stops({}), []);
  assert.deepEqual(stops({ apt: false }), ['no-apt']);
  assert.deepEqual(stops({ configuration: 'domain = "acme.example"' }), ['keeps-own-data']);
  assert.deepEqual(stops({ configuration: '[storage]\nurl = "postgres://p@elsewhere/x"' }), ['other-servers']);
  assert.deepEqual(stops({ ports: [{ port: 5432, program: 'postgres', pid: 7 }] }), ['port-taken']);
  assert.deepEqual(stops({ ports: [{ port: 5432, program: 'postgres', pid: 7 }], serverPids: [7] }), []);
});
