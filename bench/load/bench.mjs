#!/usr/bin/env node
// Measures parleyd and its peers side by side in one run; prints what each operation costs, with ratios to the better peer.
// usage: npm run bench -- [--quick] [--reps N] [--seconds N] [--only chat,presence,...] [--all] [--json FILE] [--driver PROGRAM=NAME ...]
//        --storms N: the storm in so many rounds; --keep: go on with the accounts that the last run with --keep made
//        --edges: beside them parleyd behind an edge of its own (bench/parleyd-edge), with what is promised of that
//        npm run bench -- --growth [--json FILE]     how parleyd's cost grows: growth.mjs
// Rows of what we have promised carry a must and a reach; --all runs the others, too (and --only finds every one by its title).
// A driver is a program called as: up NAME [--mam] | stop NAME | down NAME, like ./peer beside this file; `up` prints
// NAME=HOST:PORT:PID[,PID] (direct TLS on PORT+1; of several processes the sum counts) and goes on with kept data after `stop`. If it also knows
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
const seconds = Number(option('seconds', quick ? 3 : 6));
const idlers = quick ? 1000 : 3000;
const storm = quick ? 1000 : 5000;
const storms = Number(option('storms', reps));
const logins = 1000;
const all = args.includes('--all');

const peer = join(here, 'peer');
const ours = join(here, '..', 'parleyd');
const servers = [
  ['prosody', peer],
  ['ejabberd', peer],
  ['floor', peer],
  ['parleyd', ours],
].map(([name, driver]) => ({ name, driver }));
// `--servers parleyd,...`: these alone, of those that are built in
const chosen = option('servers')?.split(',');
if (chosen) servers.splice(0, servers.length, ...servers.filter(({ name }) => chosen.includes(name)));
args.forEach((a, i) => {
  if (a === '--driver') {
    const [driver, name] = args[i + 1].split('=');
    servers.push({ name, driver });
  }
});

// `--edges`: parleyd with its connections in a process of its own, too, over a Unix socket and over mutual TLS
const edges = args.includes('--edges') ? ['edge-unix', 'edge-tls'] : [];
for (const name of edges) servers.push({ name, driver: join(here, '..', 'parleyd-edge') });

const work = mkdtempSync(join(tmpdir(), 'xmppload-'));
const load = join(work, 'xmppload');
execFileSync('cc', ['-O2', '-o', load, join(here, 'xmppload.c'), '-lssl', '-lcrypto', '-lm'], { stdio: 'inherit' });

const sh = (file, argv) => spawnSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
function up(server, mam) {
  const r = sh(server.driver, ['up', server.name, ...(mam ? ['--mam'] : [])]);
  const m = /^\S+=(.+):(\d+):([\d,]+)$/m.exec(r.stdout ?? '');
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
const restarted = (users, tls) => (s) => {
  stop(s);
  up(s);
  return run(s, 'idle', ['--users', users, '--seconds', 1, '--warmup', 1], tls);
};
const chat = (more, tls) => (s) => run(s, 'chat', ['--users', 100, '--seconds', seconds, ...more], tls);
const login = (tls) => (s) => run(s, 'storm', ['--users', logins], tls);
const perMessage = (r) => r.cpu_us_per_message;
const perLogin = (r) => r.cpu_us_per_login;
const FULL_LOGIN = 'login, direct TLS (us)';

/**
 * title; pick: the figure compared; floor: the floor knows it, too; go: how to run it, or `of`: another view of the row
 * above; times: rounds of it within one; must, reach: the most that parleyd's figure may be of the better peer's, and what
 * we want; beside: the row whose figures of the peers it is compared with; to: the peer, when not the better one;
 * holds: what else must be true of every run of parleyd; extra: measured only when asked for
 */
const plain = [
  {
    title: 'memory, idle session (KiB)',
    pick: (r) => r.pss_kib_per_session,
    floor: true,
    go: restarted(idlers),
    extra: true,
  },
  {
    title: 'memory, idle TLS session (KiB)',
    pick: (r) => r.pss_kib_per_session,
    floor: true,
    go: restarted(idlers, 'direct'),
    must: 0.6,
    reach: 0.3,
  },
  {
    // before the first login of the run above
    title: 'memory, fresh (MiB)',
    pick: (r) => r.pss_before_kib / 1024,
    floor: true,
    must: 4,
    reach: 2.5,
    to: 'prosody',
  },
  {
    title: 'chat, saturated (us)',
    pick: perMessage,
    floor: true,
    go: chat(['--inflight', 4]),
    must: 0.35,
    reach: 0.15,
  },
  {
    title: 'chat over TLS, saturated (us)',
    pick: perMessage,
    floor: true,
    go: chat(['--inflight', 4], 'direct'),
    must: 0.35,
    reach: 0.18,
  },
  {
    title: 'chat, 500/s (us)',
    pick: perMessage,
    floor: true,
    go: chat(['--rate', 500]),
    times: (round) => (quick ? 1 : round === 0 ? 4 : 3), // ten in three rounds
    must: 1,
    reach: 0.65,
  },
  { title: 'chat, 500/s, p99 (ms)', pick: (r) => r.p99_ms, floor: true, must: 1.5, reach: 0.8 },
  {
    title: 'chat over TLS, 500/s (us)',
    pick: perMessage,
    floor: true,
    go: chat(['--rate', 500], 'direct'),
    times: (round) => (quick ? 1 : round === 0 ? 4 : 3),
    extra: true,
  },
  {
    title: 'presence, 50 contacts (us a delivery)',
    pick: (r) => r.cpu_us_per_delivery,
    go: (s) => run(s, 'presence', ['--users', 200, '--contacts', 50, '--seconds', seconds]),
    must: 0.4,
    reach: 0.2,
  },
  {
    title: 'room of 50 (us a copy)',
    pick: (r) => r.cpu_us_per_copy,
    go: (s) => run(s, 'muc', ['--rooms', 1, '--occupants', 50, '--seconds', seconds]),
    extra: true,
  },
  { title: 'login, no TLS (us)', pick: perLogin, floor: true, go: login(), must: 0.7, reach: 0.4 },
  { title: FULL_LOGIN, pick: perLogin, floor: true, go: login('direct'), must: 0.95, reach: 0.65 },
  {
    // the peers have neither SASL2 nor FAST in these versions: what they do when a client comes back is a full login
    title: 'coming back: ticket and token (us)',
    pick: perLogin,
    go: (s) => (s.driver.startsWith(ours) ? run(s, 'return', ['--users', logins], 'direct') : undefined),
    beside: FULL_LOGIN,
    must: 0.5,
    reach: 0.3,
  },
  {
    title: `storm of ${storm} over TLS (us a login)`,
    pick: perLogin,
    floor: true,
    go: (s) => run(s, 'storm', ['--users', storm, '--rush', storm], 'direct'),
    times: (round) => (round < storms ? 1 : 0),
    reach: 0.5,
    holds: (r) => r.failed === 0 && r.login === storm && r.longest_ms < 30_000,
  },
  { title: `storm of ${storm}: the longest wait (s)`, pick: (r) => r.longest_ms / 1000, floor: true },
];
const archived = [
  {
    title: 'chat with archive (us)',
    pick: perMessage,
    go: chat(['--inflight', 1]),
    extra: true,
  },
  {
    title: 'archive page of 50 (us)',
    pick: (r) => r.cpu_us_per_page,
    go: (s) => run(s, 'mam', ['--users', 20, '--seconds', seconds]),
    extra: true,
  },
];
const wanted = ({ title, extra }) => (only ? only.some((o) => title.includes(o)) : !extra || all);

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
function round(scenarios, nth) {
  let last = new Map();
  for (const scenario of scenarios) {
    if (!wanted(scenario)) continue;
    const { title, pick, floor, go, times } = scenario;
    if (go !== undefined) {
      last = new Map();
      for (let i = times?.(nth) ?? 1; i > 0; i--)
        for (const s of servers) {
          if ((!floor && s.name === 'floor') || without[s.name]?.some((w) => title.includes(w))) continue;
          const result = go(s);
          if (result) last.set(s.name, [...(last.get(s.name) ?? []), result]);
        }
    }
    for (const results of last.values()) for (const result of results) note(title, pick, result);
  }
}

const startedAt = new Date();
try {
  const needsContacts = plain.some((row) => row.title.startsWith('presence') && wanted(row));
  const people = plain.some((row) => row.title.startsWith('storm') && wanted(row)) ? Math.max(idlers, storm) : idlers;
  for (const s of servers) {
    if (args.includes('--keep')) {
      up(s);
      continue;
    }
    down(s);
    accounts(s, people, false);
    if (needsContacts && s.name !== 'floor' && !run(s, 'befriend', ['--users', 200, '--contacts', 50]).ok)
      console.error(`${s.name}: befriending failed`);
  }
  for (let i = 0; i < reps; i++) round(plain, i);
  if (archived.some(wanted)) {
    for (const s of servers) {
      down(s);
      if (s.name !== 'parleyd') accounts(s, 100, true);
    }
    for (let i = 0; i < reps; i++) round(archived, i);
  }
} finally {
  for (const s of servers) (args.includes('--keep') ? stop : down)(s);
  rmSync(work, { recursive: true, force: true });
}

const median = (list) => {
  const v = list.filter(Number.isFinite).sort((a, b) => a - b);
  return v.length ? v[v.length >> 1] : NaN;
};
const names = servers.map((s) => s.name);
const own = names.filter((name) => !['prosody', 'ejabberd', 'floor'].includes(name)); // parleyd, and what --driver named
const show = (v) => (Number.isFinite(v) ? (v >= 100 ? v.toFixed(0) : v.toPrecision(3)) : '');
const rows = new Map([...plain, ...archived].map((row) => [row.title, row]));
const medians = (title) => Object.fromEntries(names.map((n) => [n, median(figures.get(title)?.get(n) ?? [])]));

/** The verdict on parleyd's row: a run that failed has missed it. */
function judge({ title, must, reach, holds }, ratio) {
  const runs = raw.filter((r) => r.title === title && r.server === 'parleyd');
  if (runs.some((r) => !r.ok || holds?.(r) === false)) return 'MISSED: a run failed';
  if (must === undefined && reach === undefined) return '';
  if (!Number.isFinite(ratio)) return 'not measured';
  if (must !== undefined && ratio > must) return 'MISSED';
  return ratio <= reach ? 'reached' : 'kept';
}

const head = ['work', ...names, ...own.map((n) => `${n} / better peer`), 'must', 'reach', 'verdict'];
console.log(`\n${startedAt.toISOString()}, ${reps} round${reps === 1 ? '' : 's'}, ${seconds} s a scenario`);
console.log(`\n| ${head.join(' | ')} |\n|${'---|'.repeat(head.length)}`);
const table = [];
for (const title of figures.keys()) {
  const row = rows.get(title);
  const mid = medians(title);
  const peers = row.beside === undefined ? mid : medians(row.beside);
  const better =
    row.to === undefined ? Math.min(...[peers.prosody, peers.ejabberd].filter(Number.isFinite)) : peers[row.to];
  const ratio = Object.fromEntries(own.map((n) => [n, Number.isFinite(better) ? mid[n] / better : Number.NaN]));
  const verdict = judge(row, ratio.parleyd);
  table.push({ title, median: mid, better, ratio, must: row.must, reach: row.reach, verdict });
  const must = row.holds === undefined ? (row.must ?? '') : 'all in, within 30 s';
  const shown = names.map((n) => show(mid[n]) || (row.beside ? `(${show(peers[n])})` : ''));
  console.log(
    `| ${[title, ...shown, ...own.map((n) => show(ratio[n])), must, row.reach ?? '', verdict].join(' | ')} |`,
  );
}
/** What is promised of edges: to parleyd with its connections inline, or to the better peer; the worse of both wirings counts. */
const ofEdges = [
  ['chat over TLS, saturated (us)', 'inline', 2, 1.4],
  ['chat, saturated (us)', 'inline', 2, 1.4],
  ['chat over TLS, 500/s (us)', 'inline', 2, 1.4],
  ['chat, 500/s (us)', 'inline', 2, 1.4],
  ['memory, idle TLS session (KiB)', 'the better peer', 0.5, 0.2],
].flatMap(([title, to, must, reach]) => {
  const row = table.find((one) => one.title === title);
  if (edges.length === 0 || row === undefined) return [];
  const than = to === 'inline' ? row.median.parleyd : row.better;
  const ratios = edges.map((name) => row.median[name] / than);
  const worse = Math.max(...ratios);
  const failed = raw.some((r) => r.title === title && edges.includes(r.server) && !r.ok);
  const verdict = failed
    ? 'MISSED: a run failed'
    : !Number.isFinite(worse)
      ? 'not measured'
      : worse > must
        ? 'MISSED'
        : worse <= reach
          ? 'reached'
          : 'kept';
  return [`| ${[title, to, ...ratios.map(show), must, reach, verdict].join(' | ')} |`];
});
if (ofEdges.length > 0)
  console.log(
    `\n| behind an edge | compared with | ${edges.join(' | ')} | must | reach | verdict |\n|${'---|'.repeat(7)}\n${ofEdges.join('\n')}`,
  );
if (option('json'))
  writeFileSync(option('json'), JSON.stringify({ startedAt, reps, seconds, idlers, storm, table, raw }, null, 1));
if (raw.some((r) => !r.ok)) {
  console.error('some runs failed: lost, doubled or unanswered; see above');
  process.exitCode = 1;
}
