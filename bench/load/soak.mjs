// Rounds of logins, drops, reconnect storms and chats over TLS, and parleyd's memory after each: it must not grow, and nothing may
// fail. Kept out of CI. usage: npm run bench -- --soak [--minutes 30] [--users 200]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const option = (name, fallback) => {
  const i = args.indexOf(`--${name}`);
  return i < 0 ? fallback : args[i + 1];
};
const minutes = Number(option('minutes', 30));
const users = option('users', '200');
const driver = join(here, '..', 'parleyd');
const work = mkdtempSync(join(tmpdir(), 'xmppload-'));
const load = join(work, 'xmppload');
execFileSync('cc', ['-O2', '-o', load, join(here, 'xmppload.c'), '-lssl', '-lcrypto', '-lm'], { stdio: 'inherit' });
const sh = (file, argv) => spawnSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

sh(driver, ['down', 'soak']);
const csv = join(work, 'accounts.csv');
writeFileSync(csv, execFileSync(load, ['csv', '--users', users]));
sh(driver, ['accounts', 'soak', csv]);
const up = /^\S+=(.+):(\d+):(\d+)$/m.exec(sh(driver, ['up', 'soak']).stdout ?? '');
if (!up) throw new Error('parleyd does not start');
const [, host, port, pid] = up;
const common = ['--host', host, '--port', String(Number(port) + 1), '--tls', 'direct', '--pid', pid];
const mib = (name) => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024).toFixed(1);
};

let rounds = 0;
let failures = 0;
const end = Date.now() + minutes * 60_000;
try {
  while (Date.now() < end) {
    for (const scenario of [
      ['storm', '--users', users, '--rush', users],
      ['return', '--users', users],
      ['chat', '--users', '50', '--rate', '100', '--seconds', '3', '--warmup', '0'],
    ])
      if (sh(load, [...scenario, ...common]).status !== 0) failures++;
    rounds++;
    console.log(`round ${rounds}: RSS ${mib('VmRSS')} MiB, anonymous ${mib('RssAnon')}, failures ${failures}`);
  }
} finally {
  sh(driver, ['down', 'soak']);
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;
