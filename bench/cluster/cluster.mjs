#!/usr/bin/env node
// npm run bench -- --cluster [--quick] [--seconds N] [--json FILE]: what a domain over several nodes costs, with everything that it needs
// (PostgreSQL and NATS are counted), beside a cluster of two ejabberd nodes and beside one parleyd; and how long it takes until
// a killed node's people are shown unavailable.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeUnderTest } from '../../e2e/clients/node-under-test.ts';
import { RawClient } from '../../e2e/clients/raw-client.ts';
import { ClusterUnderTest } from '../../e2e/hosts/cluster.ts';
import { startEjabberds } from './ejabberd.mjs';

const args = process.argv.slice(2);
const option = (name, fallback) => {
  const i = args.indexOf(`--${name}`);
  return i < 0 ? fallback : args[i + 1];
};
const quick = args.includes('--quick');
const seconds = Number(option('seconds', quick ? 3 : 6));
const rounds = Number(option('reps', quick ? 1 : 3));
const only = option('only')?.split(',');
const DOMAIN = 'load.test';
const UNLIMITED = [
  ...['bytes_per_second', 'stanzas_per_second', 'connections_per_second'].map((name) => `limits.${name}=0`),
  ...['strangers_per_address', 'connections_per_address'].map((name) => `limits.${name}=1000000`),
];
const USERS = 1000;

const work = mkdtempSync(join(tmpdir(), 'bench-cluster-'));
const load = join(work, 'xmppload');
const source = join(import.meta.dirname, '..', 'load', 'xmppload.c');
execFileSync('cc', ['-O2', '-o', load, source, '-lssl', '-lcrypto', '-lm'], { stdio: 'inherit' });
const people = join(work, 'people.csv');
writeFileSync(people, execFileSync(load, ['csv', '--users', String(USERS)]));

function run(system, scenario, more) {
  const argv = [scenario, '--ports', system.ports.join(','), '--pid', system.pids.join(','), ...more.map(String)];
  const done = spawnSync(load, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const line = (done.stdout ?? '').trim().split('\n').at(-1) ?? '';
  return { ...(line.startsWith('{') ? JSON.parse(line) : {}), ok: done.status === 0 };
}

async function oneParleyd() {
  const node = await NodeUnderTest.make(DOMAIN, UNLIMITED);
  node.parleyd(['user', 'import', people]);
  await node.start();
  return { name: 'one parleyd', ports: [node.port], pids: [node.pid], stop: () => node.remove() };
}

async function parleyds(count) {
  const names = Array.from({ length: count }, (_, i) => `n${i}`);
  const cluster = await ClusterUnderTest.make(DOMAIN, names, UNLIMITED);
  cluster.nodes[0].parleyd(['user', 'import', people]);
  await cluster.start();
  return {
    name: `parleyd, ${count} nodes`,
    ports: cluster.nodes.map(({ port }) => port),
    pids: [...cluster.nodes.map(({ pid }) => pid), cluster.nats.pid, cluster.postgres.pid],
    parts: { nodes: cluster.nodes.map(({ pid }) => pid), nats: [cluster.nats.pid], postgresql: [cluster.postgres.pid] },
    cluster,
    stop: () => cluster.remove(),
  };
}

async function ejabberds() {
  const base = 20_000 + (process.pid % 400) * 20;
  const system = { name: 'ejabberd, 2 nodes', ...(await startEjabberds([base, base + 4])) };
  const made = run({ ...system, ports: [base] }, 'register', ['--users', USERS]);
  if (!made.ok) throw new Error('ejabberd: the accounts could not be made');
  return system;
}

const figures = new Map();
function note(title, system, value) {
  const row = figures.get(title) ?? new Map();
  figures.set(title, row);
  row.set(system, [...(row.get(system) ?? []), value]);
  console.error(`${title.padEnd(44)} ${system.padEnd(20)} ${Number.isFinite(value) ? value.toFixed(2) : 'FAILED'}`);
}
const CHAT = 'chat between nodes (CPU us a message)';
const PRESENCE = 'presence to 50 contacts (CPU us a delivery)';
const LOGIN = 'login (CPU us)';
const P99 = 'chat between nodes, 500/s, p99 (ms)';
const GONE = "a killed node's people shown unavailable (s)";
const wanted = (title) => only === undefined || only.some((words) => title.includes(words));

function measure(system, title, scenario, more, pick) {
  if (!wanted(title)) return;
  const result = run(system, scenario, more);
  note(title, system.name, result.ok ? pick(result) : Number.NaN);
}

async function scenarios(system) {
  if (wanted(PRESENCE)) run(system, 'befriend', ['--users', 200, '--contacts', 50]);
  for (let round = 0; round < rounds; round++) {
    measure(system, CHAT, 'chat', ['--users', 100, '--inflight', 4, '--seconds', seconds], (r) => r.cpu_us_per_message);
    measure(system, P99, 'chat', ['--users', 100, '--rate', 500, '--seconds', seconds], (r) => r.p99_ms);
    measure(system, LOGIN, 'storm', ['--users', USERS], (r) => r.cpu_us_per_login);
    const watched = ['--users', 200, '--contacts', 50, '--seconds', seconds];
    measure(system, PRESENCE, 'presence', watched, (r) => r.cpu_us_per_delivery);
  }
}

/** Seconds from kill -9 of a node until a contact at another is shown that somebody there is gone. */
async function gone({ cluster, name }) {
  const [a, b] = cluster.nodes;
  const secrets = execFileSync(load, ['csv', '--users', String(USERS)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const enter = async (node, who) => {
    const password = secrets.find((line) => line.startsWith(`${who},`)).split(',')[1];
    const client = await RawClient.login(node.port, DOMAIN, who, password);
    await client.must("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", /id='r'/);
    await client.must('<presence/>', /<presence/);
    return client;
  };
  // two whom no other scenario has made contacts
  const [one, other] = [`u${USERS - 2}`, `u${USERS - 1}`];
  const [watcher, friend] = [await enter(a, one), await enter(b, other)];
  watcher.send(`<presence to='${other}@${DOMAIN}' type='subscribe'/>`);
  await friend.until(() => /type='subscribe'/.test(friend.heard));
  friend.send(`<presence to='${one}@${DOMAIN}' type='subscribed'/>`);
  await watcher.until(() => new RegExp(`<presence from='${other}@load.test/`).test(watcher.heard));
  for (let round = 0; round < rounds; round++) {
    watcher.take();
    const at = performance.now();
    await b.kill('SIGKILL');
    await watcher.until(() => new RegExp(`<presence from='${other}@[^>]*type='unavailable'`).test(watcher.heard));
    note(GONE, name, (performance.now() - at) / 1000);
    await b.start();
    watcher.take();
    await enter(b, other);
    await watcher.until(() => new RegExp(`<presence from='${other}@load.test/`).test(watcher.heard));
  }
  watcher.destroy();
}

const median = (list = []) => [...list].sort((x, y) => x - y)[Math.floor(list.length / 2)];
for (const make of [oneParleyd, () => parleyds(2), () => parleyds(3), ejabberds]) {
  const system = await make();
  try {
    await scenarios(system);
    if (system.cluster !== undefined && system.ports.length === 2 && wanted(GONE)) await gone(system);
  } finally {
    await system.stop();
  }
}
rmSync(work, { recursive: true, force: true });

const of = (title, system) => median(figures.get(title)?.get(system));
const ratio = (title, one, other) => of(title, one) / of(title, other);
const [ALONE, TWO, THREE, PEER] = ['one parleyd', 'parleyd, 2 nodes', 'parleyd, 3 nodes', 'ejabberd, 2 nodes'];
const table = [
  [`${CHAT}, to ejabberd's cluster`, ratio(CHAT, TWO, PEER), 0.5, 0.25],
  [`${CHAT}, to one parleyd`, ratio(CHAT, TWO, ALONE), 2.5, 1.7],
  [`${PRESENCE}, over 3 nodes, to ejabberd's cluster`, ratio(PRESENCE, THREE, PEER), 0.5, 0.25],
  [`${LOGIN}, to ejabberd's cluster`, ratio(LOGIN, TWO, PEER), 0.6, 0.3],
  [GONE, of(GONE, TWO), 10, 3],
];
const systems = [ALONE, TWO, THREE, PEER];
console.log(`\n| | ${systems.join(' | ')} |\n|---|${systems.map(() => '---').join('|')}|`);
for (const title of figures.keys())
  console.log(`| ${title} | ${systems.map((name) => of(title, name)?.toFixed(2) ?? '').join(' | ')} |`);
console.log('\n| promised | measured | must | reach | verdict |\n|---|---|---|---|---|');
for (const [what, value, must, reach] of table) {
  const verdict = !Number.isFinite(value)
    ? 'not measured'
    : value <= reach
      ? 'reached'
      : value <= must
        ? 'kept'
        : 'MISSED';
  console.log(`| ${what} | ${Number.isFinite(value) ? value.toFixed(2) : ''} | ${must} | ${reach} | ${verdict} |`);
}
if (option('json') !== undefined)
  writeFileSync(
    option('json'),
    JSON.stringify(
      [...figures].map(([title, row]) => [title, Object.fromEntries(row)]),
      null,
      2,
    ),
  );
process.exitCode = table.some(([, value, must]) => Number.isFinite(value) && value > must) ? 1 : 0;
