// How parleyd's cost grows: with sessions (1,000, 5,000, 20,000) and with rosters (10, 100, 1,000 contacts); linear is a
// cost per operation that stays. usage: npm run bench -- --growth [--sizes 1000,5000,20000] [--rosters 10,100,1000] [--json FILE] [--keep]
// --keep: go on with the accounts of the last run with --keep.
// A session costs two file descriptors of this machine (ulimit -n 60000 is asked for); clients come from 200 loopback addresses.
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
const numbers = (name, fallback) => option(name, fallback).split(',').map(Number);
const sizes = numbers('sizes', '1000,5000,20000');
const rosters = numbers('rosters', '10,100,1000');
/** people with a roster of each size; what they cost is divided by what was done */
const HUBS = 20;
/** a cost per operation that is this much higher than at the smallest size is not linear any more: runs differ by a third */
const SWING = 1.5;

const driver = join(here, '..', 'parleyd');
const name = 'growth';
const work = mkdtempSync(join(tmpdir(), 'xmppload-'));
const load = join(work, 'xmppload');
execFileSync('cc', ['-O2', '-o', load, join(here, 'xmppload.c'), '-lssl', '-lcrypto', '-lm'], { stdio: 'inherit' });

const sh = (file, argv) => spawnSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
let target;
function restart() {
  const m = /^\S+=(.+):(\d+):(\d+)$/m.exec(sh(driver, ['up', name]).stdout ?? '');
  if (!m) throw new Error('parleyd does not start');
  target = { host: m[1], port: Number(m[2]), pid: m[3] };
}
const raw = [];
function run(scenario, options, tls = 'none') {
  const port = target.port + (tls === 'direct' ? 1 : 0);
  const all = { host: target.host, port, pid: target.pid, tls, ...options };
  const flags = Object.entries(all).flatMap(([k, v]) => (v === true ? [`--${k}`] : [`--${k}`, String(v)]));
  const r = sh(load, [scenario, ...flags]);
  const line = (r.stdout ?? '').trim().split('\n').at(-1);
  const result = line.startsWith('{') ? JSON.parse(line) : {};
  raw.push({ ...result, options: all, ok: r.status === 0 });
  if (r.status !== 0) console.error(`${scenario} ${flags.join(' ')}: failed`);
  return r.status === 0 ? result : {};
}

const table = [];
/** `slope`: what one more costs between a size and the one before it, where a part of the cost is fixed */
function row(title, at, figures, slope) {
  const costs = slope === undefined ? figures : figures.map((_, i) => (i === 0 ? Number.NaN : slope(i)));
  const first = slope === undefined ? costs[0] : costs[1];
  const worst = costs.findIndex((cost) => cost > first * SWING);
  const failed = figures.findIndex((f) => !Number.isFinite(f));
  const times = (costs[worst] / first).toFixed(2);
  const linear = worst < 0 ? 'linear' : `NOT linear from ${at[worst]} on: ${times} times as much each`;
  table.push({ title, at, figures, verdict: failed < 0 ? linear : `failed at ${at[failed]}` });
}

const people = Math.max(...sizes, 2000 * rosters.length);
try {
  if (!args.includes('--keep')) {
    sh(driver, ['down', name]);
    const csv = join(work, 'accounts.csv');
    writeFileSync(csv, execFileSync(load, ['csv', '--users', String(people)], { maxBuffer: 1 << 26 }));
    if (sh(driver, ['accounts', name, csv]).status !== 0) throw new Error('accounts could not be made');
  }

  const perSize = sizes.map((users) => {
    restart();
    const idle = run('idle', { users, seconds: 3 }, 'direct');
    restart();
    const chat = run('chat', { users, inflight: 1, seconds: 5 });
    console.error(`${users} sessions:`, idle.pss_kib_per_session, idle.cpu_us_per_login, chat.cpu_us_per_message);
    return { idle, chat };
  });
  row(
    'idle TLS session, KiB',
    sizes,
    perSize.map(({ idle }) => idle.pss_kib_per_session),
  );
  row(
    'login over TLS, us',
    sizes,
    perSize.map(({ idle }) => idle.cpu_us_per_login),
  );
  row(
    'chat, everybody at once, us a message',
    sizes,
    perSize.map(({ chat }) => chat.cpu_us_per_message),
  );

  restart();
  const perRoster = rosters.map((contacts, i) => {
    const who = { first: 2000 * i, hubs: HUBS, contacts };
    if (HUBS + contacts > 2000) throw new Error('a roster is too long for this');
    run('befriend', { ...who, users: HUBS + contacts });
    const presence = run('presence', { ...who, users: HUBS + contacts, seconds: 5 });
    const login = run('storm', { first: who.first, users: HUBS, roster: true, times: 25 });
    console.error(`rosters of ${contacts}:`, presence.cpu_us_per_delivery, login.cpu_us_per_login);
    return { presence, login };
  });
  row(
    'presence, us a delivery',
    rosters,
    perRoster.map(({ presence }) => presence.cpu_us_per_delivery),
  );
  const logins = perRoster.map(({ login }) => login.cpu_us_per_login);
  row('login and roster, us', rosters, logins, (i) => (logins[i] - logins[i - 1]) / (rosters[i] - rosters[i - 1]));
} finally {
  if (!args.includes('--keep')) sh(driver, ['down', name]);
  else sh(driver, ['stop', name]);
  rmSync(work, { recursive: true, force: true });
}

const show = (v) => (Number.isFinite(v) ? (v >= 100 ? v.toFixed(0) : v.toPrecision(3)) : '-');
for (const [what, part] of [
  ['sessions', table.filter(({ at }) => at === sizes)],
  ['contacts', table.filter(({ at }) => at === rosters)],
]) {
  const { at } = part[0];
  console.log(`\n| at ... ${what} | ${at.join(' | ')} | |\n|${'---|'.repeat(at.length + 2)}`);
  for (const { title, figures, verdict } of part)
    console.log(`| ${title} | ${figures.map(show).join(' | ')} | ${verdict} |`);
}
if (option('json')) writeFileSync(option('json'), JSON.stringify({ table, raw }, null, 1));
if (raw.some(({ ok }) => !ok)) process.exitCode = 1;
