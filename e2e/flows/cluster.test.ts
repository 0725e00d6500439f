// A domain over three hosts, from one click in the window: people at different nodes chat, a host loses power, another is added,
// drained and removed. The window and the clients live in the hosts' network: cluster.window.ts drives them there, and asks
// this program for what only the machine can do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { electronRuntime } from '../electron/runtime.ts';
import { Lan, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const HOSTS = ['one', 'two', 'three', 'four'];
let lan: Lan;

before(async () => {
  if (skip) return;
  electronRuntime(); // fetched here, since the hosts' network has no way out
  lan = new Lan();
  await lan.up(HOSTS, '--user', 'root', '--packages');
});
after(() => lan?.close());

test('three hosts from one click: chat across nodes, a power cut, one host more, drained and removed', {
  skip,
  timeout: 290_000,
}, async () => {
  const untouched = await lan.snapshot('four');
  const [program = '', ...within] = lan.within;
  const script = join(import.meta.dirname, 'cluster.window.ts');
  const addresses = await Promise.all(HOSTS.map((it) => lan.ip(it)));
  const child = spawn(program, [...within, process.execPath, script, lan.key, ...addresses], {
    env: lan.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const does: Readonly<Record<string, (host: string) => Promise<unknown>>> = {
    off: (host) => lan.kill(host),
    on: (host) => lan.up([host]),
    // Where a secret would show: what the host was told to do, and who runs there.
    secrets: async (host) => {
      const said = await lan.console(host, 'cat /var/lib/parley/journal/*.jsonl; ps axww -o args=; journalctl -o cat');
      const kept = await lan.console(
        host,
        'for file in storage cluster; do cat /var/lib/parley/acme.example/$file.password; echo; done',
      );
      const secrets = kept.split('\n').filter((it) => it !== '');
      assert.equal(new Set(secrets).size, 2);
      for (const secret of secrets) assert.ok(!said.includes(secret), 'a password shows in a journal or a command');
      const open =
        'find /var/lib/parley/acme.example /etc/parley -name "*.password" -perm /077 -o -name "*.key" -perm /007';
      assert.equal((await lan.console(host, open)).trim(), '');
    },
    closed: async (host) => {
      // who is none of the hosts gets no further than the door, and who brings no TLS neither
      const port = `${await lan.ip('one')} 5432`;
      const words = await lan.console(
        host,
        `{ apt-get -qq update && apt-get -qq -y install postgresql-client-15 </dev/null; } >/dev/null 2>&1
PGPASSWORD=x psql "host=${port.split(' ')[0]} user=parley dbname=parley sslmode=require" -c 'select 1' 2>&1; exit 0`,
      );
      assert.match(words, /no pg_hba.conf entry/);
    },
  };
  createInterface({ input: child.stdout }).on('line', async (line) => {
    const [word, what = '', host = ''] = line.split(' ');
    if (word !== '!') return console.log(line);
    const done = await (does[what] as (host: string) => Promise<unknown>)(host).then(
      () => 'done',
      (error: Error) => `failed ${error.message.replace(/\s+/g, ' ')}`,
    );
    child.stdin.write(`${done}\n`);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, 'see above what the window was waiting for');
  // psql was installed there by this test, and nothing that a snapshot shows
  assert.equal(await lan.snapshot('four'), untouched, 'what the removed node left on its host');
});
