import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { parseFacts } from './facts.ts';
import { factsScript } from './facts-script.ts';
import { systemLayout } from './layout.ts';

const SAID = `system Debian GNU/Linux 12 (bookworm)
machine x86_64
glibc 2.36
init systemd
memory 2048000
free-root 1000000
free-versions 1000000
free-state 900000
noexec 0
clock 1700000010
selinux 
zstd /usr/bin/zstd
missing runuser
other prosody
domain other.example
own-pid 812
data-owner parley-6e1f9873
port LISTEN 0      128    0.0.0.0:22   0.0.0.0:*    users:(("sshd",pid=300,fd=3))
port LISTEN 0      512          *:5222       *:*    users:(("parleyd",pid=812,fd=19))
port raw 00000000000000000000000000000000:1466
toml domain = "acme.example"
toml 
toml [listen]
`;

test('what a host says is understood', () => {
  const facts = parseFacts(SAID, 'root', 1_700_000_000_000);
  assert.equal(facts.system, 'Debian GNU/Linux 12 (bookworm)');
  assert.equal(facts.architecture, 'x64');
  assert.equal(facts.clockSkewSeconds, 10);
  assert.equal(facts.memoryBytes, 2_048_000 * 1024);
  assert.deepEqual(facts.missingTools, ['runuser']);
  assert.deepEqual(facts.domains, ['other.example']);
  assert.equal(facts.zstd, true);
  assert.deepEqual(facts.ports[1], { port: 5222, program: 'parleyd', pid: 812 });
  assert.deepEqual(facts.ports[2], { port: 0x1466, program: '', pid: null });
  assert.equal(facts.configuration, 'domain = "acme.example"\n\n[listen]');
});

test('a host that says nothing is no reason to fall over', () => {
  const facts = parseFacts('', 'none', 0);
  assert.deepEqual([facts.glibc, facts.configuration, facts.ownPid, facts.ports], [null, null, null, []]);
});

test('the script runs in a plain sh, here as anywhere, and leaves no question open', {
  skip: process.platform !== 'linux',
}, () => {
  const text = execFileSync('/bin/sh', ['-c', factsScript(systemLayout('never.example')).text], { encoding: 'utf8' });
  const facts = parseFacts(text, 'root', Date.now());
  assert.notEqual(facts.system, '');
  assert.ok(facts.free.versions > 0 && facts.free.state > 0 && facts.memoryBytes > 0);
  assert.ok(Math.abs(facts.clockSkewSeconds) <= 2);
  assert.equal(facts.configuration, null);
});
