#!/usr/bin/env node
// Measures parleyd and its peers side by side in one run; prints what each operation costs, with ratios to the better peer.
// usage: npm run bench --  [--quick] [--reps N] [--only chat,presence,...] [--json FILE] [--driver PROGRAM=NAME ...]
// A driver is a program called as: up NAME [--mam] | stop NAME | down NAME, like ./peer beside this file; `up` prints
// NAME=HOST:PORT:PID (direct TLS on PORT+1) and goes on with kept data after `stop`. If it also knows
// `accounts NAME FILE.csv [--mam]` (before the first `up`), accounts are imported; else they register in band.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const option = (name, fallback) => {
  const i = args.indexOf(`--${name}`);
  return i < 0 ? fallback : args[i + 1];
};
const quick = args.includes('--quick');
const reps = Number(option('reps', quick ? 1 : 3));
const only = option('only')?.split(',');
const seconds = quick ? 3 : 6;
const idlers = quick ? 1000 : 3000;

const peer = join(here, 'peer');
const ours = join(here, '..', 'parleyd');
const servers = [
  ['prosody', peer],
  ['ejabberd', peer],
  ['floor', peer],
  ['parleyd', ours],
].map(([name, driver]) => ({ name, driver }));
args.forEach((a, i) => {
  if (a === '--driver') {
    const [driver, name] = args[i + 1].split('=');
    servers.push({ name, driver });
  }
});

const work = mkdtempSync(join(tmpdir(), 'xmppload-'));
const load = join(work, 'xmppload');
execFileSync('cc', ['-O2', '-o', load, join(here, 'xmppload.c'), '-lssl', '-lcrypto', '-lm'], { stdio: 'inherit' });

const sh = (file, argv) => spawnSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
function up(server, mam) {
  const r = sh(server.driver, ['up', server.name, ...(mam ? ['--mam'] : [])]);
  const m = /^\S+=(.+):(\d+):(\d+)$/m.exec(r.stdout ?? '');
  if (r.status !== 0 || !m) throw new Error(`${server.name} does not start: ${r.stdout}`);
  Object.assign(server, { host: m[1], port: Number(m[2]), pid: m[3] });
}
const stop = (server) => sh(server.driver, ['stop', server.name]);
const down = (server) => sh(server.driver, ['down', server.name]);
function run(server, scenario, extra = [], tls = 'none') {
  const argv = [
    scenario,
    '--host',
    server.host,
    '--port',
    String(server.port + (tls === 'direct' ? 1 : 0)),
    '--pid',
    server.pid,
    '--tls',
    tls,
    ...(server.name === 'floor' ? ['--mech', 'plain'] : []),
    ...extra.map(String),
  ];
  const r = sh(load, argv);
  const line = (r.stdout ?? '').trim().split('\n').at(-1);
  const result = line.startsWith('{') ? JSON.parse(line) : {};
  return { ...result, ok: r.status === 0, server: server.name };
}
function accounts(server, users, mam) {
  if (server.name === 'floor') return up(server, mam);
  const csv = join(work, 'accounts.csv');
  writeFileSync(csv, execFileSync(load, ['csv', '--users', String(users)]));
  const imported = sh(server.driver, ['accounts', server.name, csv, ...(mam ? ['--mam'] : [])]).status === 0;
  up(server, mam);
  if (!imported) {
    const r = run(server, 'register', ['--users', users]);
    if (!r.ok) throw new Error(`${server.name}: ${users} accounts could not be made`);
  }
}

// what parleyd does not offer is not asked of it, and its cell stays empty
const without = { parleyd: ['room of 50', 'archive'] };
// scenario: [title, the figure compared, does the floor know it, how to run it]
const plain = [
  [
    'memory, fresh (MiB)',
    (r) => r.pss_before_kib / 1024,
    true,
    (s) => {
      stop(s);
      up(s);
      return run(s, 'idle', ['--users', 100, '--seconds', 1]);
    },
  ],
  [
    'memory, idle session (KiB)',
    (r) => r.pss_kib_per_session,
    true,
    (s) => {
      stop(s);
      up(s);
      return run(s, 'idle', ['--users', idlers, '--seconds', 3]);
    },
  ],
  [
    'memory, idle TLS session (KiB)',
    (r) => r.pss_kib_per_session,
    true,
    (s) => {
      stop(s);
      up(s);
      return run(s, 'idle', ['--users', idlers, '--seconds', 3], 'direct');
    },
  ],
  [
    'chat, saturated (us)',
    (r) => r.cpu_us_per_message,
    true,
    (s) => run(s, 'chat', ['--users', 100, '--seconds', seconds, '--inflight', 4]),
  ],
  [
    'chat, 500/s (us)',
    (r) => r.cpu_us_per_message,
    true,
    (s) => run(s, 'chat', ['--users', 100, '--seconds', seconds, '--rate', 500]),
  ],
  ['chat, 500/s, p99 (ms)', (r) => r.p99_ms, true, null],
  [
    'chat over TLS, saturated (us)',
    (r) => r.cpu_us_per_message,
    true,
    (s) => run(s, 'chat', ['--users', 100, '--seconds', seconds, '--inflight', 4], 'direct'),
  ],
  [
    'presence, 50 contacts (us a delivery)',
    (r) => r.cpu_us_per_delivery,
    false,
    (s) => run(s, 'presence', ['--users', 200, '--contacts', 50, '--seconds', seconds]),
  ],
  [
    'room of 50 (us a copy)',
    (r) => r.cpu_us_per_copy,
    false,
    (s) => run(s, 'muc', ['--rooms', 1, '--occupants', 50, '--seconds', seconds]),
  ],
  ['login, no TLS (us)', (r) => r.cpu_us_per_login, true, (s) => run(s, 'storm', ['--users', 1000])],
  ['login, direct TLS (us)', (r) => r.cpu_us_per_login, true, (s) => run(s, 'storm', ['--users', 1000], 'direct')],
];
const archived = [
  [
    'chat with archive (us)',
    (r) => r.cpu_us_per_message,
    false,
    (s) => run(s, 'chat', ['--users', 100, '--seconds', seconds, '--inflight', 1]),
  ],
  [
    'archive page of 50 (us)',
    (r) => r.cpu_us_per_page,
    false,
    (s) => run(s, 'mam', ['--users', 20, '--seconds', seconds]),
  ],
];

const figures = new Map(); // title -> server -> [figures]
const raw = [];
function note(title, pick, result) {
  raw.push({ title, ...result });
  const value = result.ok ? pick(result) : NaN;
  if (!figures.has(title)) figures.set(title, new Map());
  const row = figures.get(title);
  row.set(result.server, [...(row.get(result.server) ?? []), value]);
  console.error(`${title.padEnd(40)} ${result.server.padEnd(10)} ${result.ok ? value.toFixed(2) : 'FAILED'}`);
}
function round(scenarios) {
  let last = new Map();
  for (const [title, pick, floor, go] of scenarios) {
    if (only && !only.some((o) => title.includes(o))) continue;
    const results = new Map();
    for (const s of servers)
      if ((floor || s.name !== 'floor') && !without[s.name]?.some((w) => title.includes(w)))
        results.set(s.name, go ? go(s) : last.get(s.name));
    for (const r of results.values()) if (r) note(title, pick, r);
    last = results;
  }
}

try {
  const needsContacts = !only || only.some((o) => 'presence, 50 contacts'.includes(o));
  for (const s of servers) {
    down(s);
    accounts(s, idlers, false);
    if (needsContacts && s.name !== 'floor' && !run(s, 'befriend', ['--users', 200, '--contacts', 50]).ok)
      console.error(`${s.name}: befriending failed`);
  }
  for (let i = 0; i < reps; i++) round(plain);
  const withArchive = !only || archived.some(([title]) => only.some((o) => title.includes(o)));
  if (withArchive) {
    for (const s of servers) {
      down(s);
      if (s.name !== 'parleyd') accounts(s, 100, true);
    }
    for (let i = 0; i < reps; i++) round(archived);
  }
} finally {
  for (const s of servers) down(s);
  rmSync(work, { recursive: true, force: true });
}

const median = (list) => {
  const v = list.filter(Number.isFinite).sort((a, b) => a - b);
  return v.length ? v[v.length >> 1] : NaN;
};
const names = servers.map((s) => s.name);
console.log(
  `\n| ${['work', ...names, ...names.slice(2).map((n) => `${n} / better peer`)].join(' | ')} |\n|${'---|'.repeat(names.length + 1 + names.length - 2)}`,
);
const table = [];
for (const [title, row] of figures) {
  const mid = Object.fromEntries(names.map((n) => [n, median(row.get(n) ?? [])]));
  const better = Math.min(...[mid.prosody, mid.ejabberd].filter(Number.isFinite));
  const ratio = Object.fromEntries(names.slice(2).map((n) => [n, mid[n] / better]));
  table.push({ title, median: mid, ratio });
  const show = (v) => (Number.isFinite(v) ? (v >= 100 ? v.toFixed(0) : v.toPrecision(3)) : '');
  console.log(
    `| ${[title, ...names.map((n) => show(mid[n])), ...names.slice(2).map((n) => show(ratio[n]))].join(' | ')} |`,
  );
}
if (option('json')) writeFileSync(option('json'), JSON.stringify({ reps, seconds, idlers, table, raw }, null, 1));
if (raw.some((r) => !r.ok)) {
  console.error('some runs failed: lost, doubled or unanswered; see above');
  process.exitCode = 1;
}
