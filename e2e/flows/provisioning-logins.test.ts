import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as v from 'valibot';
import { StepEvent } from '../../shared/console-api/provisioning.ts';
import { Lan, lastRun, PASSWORD, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const lan = skip ? undefined : new Lan();

const WAYS = [
  { name: 'root', user: 'root', options: ['--user', 'root', '--auth', 'key'], login: 'key' },
  { name: 'nopass', user: 'admin', options: ['--user', 'sudo-nopass', '--auth', 'key'], login: 'key' },
  { name: 'pass', user: 'admin', options: ['--user', 'sudo-pass', '--auth', 'password'], login: 'password' },
] as const;

before(async () => {
  for (const { name, options } of WAYS) await lan?.up([name], ...options);
});
after(() => lan?.close());

for (const { name, user, login } of WAYS)
  test(`a domain is installed, used and taken back as ${user} (${name})`, { skip }, async () => {
    assert.ok(lan);
    const untouched = await lan.snapshot(name);
    const host = await lan.add(name, user, ...(login === 'key' ? ['--key', lan.key] : ['--password']));
    const files = login === 'password' ? ['--password-file', lan.secret('password', PASSWORD)] : [];
    const domain = `${name}.example`;
    const provision = ['provision', domain, '--host', host, '--yes', ...files];

    const first = await lan.parley(...provision);
    assert.equal(first.code, 0, why(first));
    assert.equal(lastRun(first)?.outcome, 'done');
    const installed = await lan.snapshot(name);
    assert.notEqual(installed, untouched);

    const journal = await lan.console(name, `cat /var/lib/parley/journal/${domain}.jsonl`);
    const events = journal
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => v.parse(StepEvent, JSON.parse(line)));
    assert.equal(events.filter((it) => it.state === 'done').length, 6, 'each step that changed something is recorded');

    const again = await lan.parley(...provision);
    assert.equal(again.code, 0, why(again));
    assert.equal(lastRun(again)?.outcome, 'nothing-to-do');
    assert.match(lastRun(again)?.summary ?? '', /^Nothing to do: parleyd .* already serves/);
    assert.equal(await lan.snapshot(name), installed);

    const secret = lan.secret('alice', 'alice has a password');
    const added = await lan.parley('user', 'add', `alice@${domain}`, '--new-password-file', secret, ...files);
    assert.equal(added.code, 0, why(added));
    const refused = await lan.parley('undo', domain, ...files);
    assert.equal(refused.code, 1, why(refused));
    assert.match(lastRun(refused)?.summary ?? '', /is in use: 1 person has an account/);

    const kept = readdirSync(join(lan.dir, 'parley')).filter((file) => file !== 'cache');
    for (const file of kept)
      for (const secret of ['alice has a password', ...(files.length === 0 ? [] : [PASSWORD])])
        assert.ok(!readFileSync(join(lan.dir, 'parley', file), 'latin1').includes(`"${secret}"`), file);

    const removed = await lan.parley('user', 'remove', `alice@${domain}`, ...files);
    assert.equal(removed.code, 0, why(removed));
    const undone = await lan.parley('undo', domain, ...files);
    assert.equal(undone.code, 0, why(undone));
    assert.equal(await lan.snapshot(name), untouched);
    const none = await lan.parley('domain', 'list', ...files);
    assert.deepEqual(none.said[0], []);
  });

test('a wrong password is told, and changes nothing', { skip }, async () => {
  assert.ok(lan);
  const untouched = await lan.snapshot('pass');
  const host = await lan.add('pass', 'admin', '--password');
  const wrong = await lan.parley(
    'provision',
    'x.example',
    '--host',
    host,
    '--yes',
    '--password-file',
    lan.secret('wrong', 'not it'),
  );
  assert.equal(wrong.code, 3, why(wrong));
  assert.equal(wrong.said[0]?.fault?.code, 'login-refused');
  assert.match(wrong.said[0]?.fault?.what ?? '', /refused the login/);
  const sudo = ['--password-file', lan.secret('right', PASSWORD)];
  assert.equal((await lan.parley('host', 'facts', host, ...sudo)).code, 0);
  assert.equal(await lan.snapshot('pass'), untouched);
});

test('a password that a host asks for in its own words is given too', { skip }, async () => {
  assert.ok(lan);
  const asks = 'PasswordAuthentication no\nKbdInteractiveAuthentication yes\nUsePAM yes\n';
  await lan.console('pass', `printf '${asks}' > /etc/ssh/sshd_config.d/00-asks.conf && systemctl restart ssh`);
  const host = await lan.add('pass', 'admin', '--password');
  const facts = await lan.parley('host', 'facts', host, '--password-file', lan.secret('right', PASSWORD));
  assert.equal(facts.code, 0, why(facts));
  assert.equal(facts.said[0]?.['rights'], 'sudo-password');
  const wrong = await lan.parley('host', 'facts', host, '--password-file', lan.secret('wrong', 'not it'));
  assert.equal(wrong.said[0]?.fault?.code, 'login-refused');
});

test('a password is remembered in the vault, and asked for no more', { skip }, async () => {
  assert.ok(lan);
  const host = await lan.add('pass', 'admin', '--password');
  const vault = ['--vault-passphrase-file', lan.secret('passphrase', 'correct horse battery staple')];
  assert.equal((await lan.parley('vault', 'create', ...vault)).code, 0);
  const password = ['--password-file', lan.secret('right', PASSWORD)];
  assert.equal((await lan.parley('host', 'facts', host, ...vault, ...password, '--remember')).code, 0);
  assert.equal((await lan.parley('host', 'facts', host, ...vault)).code, 0);
  assert.equal((await lan.parley('host', 'facts', host)).said[0]?.fault?.code, 'declined');
  const kept = readFileSync(join(lan.dir, 'parley', 'vault.json'), 'utf8');
  assert.ok(!kept.includes(PASSWORD));
});

test('a key with a passphrase, and the keys of an agent', { skip }, async () => {
  assert.ok(lan);
  const locked = join(lan.dir, 'locked');
  copyFileSync(lan.key, locked);
  chmodSync(locked, 0o600);
  execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', locked]);
  const host = await lan.add('nopass', 'admin', '--key', locked);
  assert.equal((await lan.parley('host', 'facts', host)).said[0]?.fault?.code, 'declined');
  const passphrase = ['--passphrase-file', lan.secret('sesame', 'open sesame')];
  assert.equal((await lan.parley('host', 'facts', host, ...passphrase)).code, 0);

  await lan.parley('host', 'add', host, '--agent');
  assert.equal((await lan.parley('host', 'facts', host)).said[0]?.fault?.code, 'no-agent');
  const agent = spawn('ssh-agent', ['-D', '-a', join(lan.dir, 'agent')]);
  lan.env['SSH_AUTH_SOCK'] = join(lan.dir, 'agent');
  try {
    while (!existsSync(join(lan.dir, 'agent'))) await new Promise((resolve) => setTimeout(resolve, 20));
    execFileSync('ssh-add', ['-q', lan.key], { env: lan.env });
    assert.equal((await lan.parley('host', 'facts', host)).code, 0);
  } finally {
    agent.kill();
    lan.env['SSH_AUTH_SOCK'] = '';
  }
});

test('without a password to give, the host is not asked in vain', { skip }, async () => {
  assert.ok(lan);
  const host = await lan.add('pass', 'admin', '--password');
  const none = await lan.parley('host', 'facts', host);
  assert.equal(none.code, 3, why(none));
  assert.equal(none.said[0]?.fault?.code, 'declined');
  assert.match(none.said[0]?.fault?.todo ?? '', /--password-file/);
});

test('a changed host key stops everything until it is trusted anew', { skip }, async () => {
  assert.ok(lan);
  const host = await lan.add('root', 'root', '--key', lan.key);
  await lan.console('root', 'rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh');
  const stopped = await lan.parley('provision', 'x.example', '--host', host, '--yes');
  assert.equal(stopped.code, 3, why(stopped));
  assert.equal(stopped.said[0]?.fault?.code, 'host-key-changed');
  assert.match(stopped.said[0]?.fault?.why ?? '', /^Since \d{4}-\d\d-\d\d it was known by SHA256:/);

  const shown = await lan.parley('host', 'trust', host);
  assert.equal(shown.said[0]?.['verdict'], 'changed');
  const other = await lan.parley('host', 'trust', host, 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
  assert.equal(other.said[0]?.fault?.code, 'other-fingerprint');
  await lan.parley('host', 'trust', host, String(shown.said[0]?.['fingerprint']));
  assert.equal((await lan.parley('host', 'facts', host)).code, 0);
});
