import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LineClient } from '../clients/line-client.ts';
import { failureOf, Lan, lastRun, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const lan = skip ? undefined : new Lan();
const DOMAIN = 'acme.example';
let host = '';
let untouched = '';

before(async () => {
  await lan?.up(['life'], '--user', 'root');
  untouched = (await lan?.snapshot('life')) ?? '';
  host = (await lan?.add('life', 'root', '--key', lan.key)) ?? '';
});
after(() => lan?.close());

const provision = (...more: string[]) => ['provision', DOMAIN, '--host', host, '--yes', ...more];

test('a firewall in the way is told apart from a server that is ill', { skip }, async () => {
  assert.ok(lan);
  await lan.console(
    'life',
    `nft add table inet wall
nft add chain inet wall in '{ type filter hook input priority 0; }'
nft add rule inet wall in iifname != lo tcp dport 5222 reject with tcp reset`,
  );
  const behind = await lan.parley(...provision());
  assert.equal(behind.code, 1, why(behind));
  assert.match(failureOf(behind)?.what ?? '', /runs, but port 5222 of .* can't be reached from here/);
  assert.match(failureOf(behind)?.why ?? '', /a firewall stands between/);
  await lan.console('life', 'nft delete table inet wall');
  const again = await lan.parley(...provision());
  assert.equal(again.code, 0, why(again));
  assert.equal(lastRun(again)?.outcome, 'nothing-to-do');
});

test('two people chat, and the console sees them come, the line break and come back', { skip }, async () => {
  assert.ok(lan);
  const people = ['alice', 'bob'];
  for (const name of people) {
    const password = lan.secret(name, `${name} has a password`);
    assert.equal((await lan.parley('user', 'add', `${name}@${DOMAIN}`, '--new-password-file', password)).code, 0);
  }
  const certificate = join(lan.dir, 'cert.pem');
  writeFileSync(certificate, await lan.console('life', `cat /var/lib/parley/${DOMAIN}/cert.pem`));
  const watch = lan.start('sessions', DOMAIN, '--watch');
  await watch.until((it) => Array.isArray(it));
  const to = { host: await lan.ip('life'), port: 5222, how: 'starttls', certificate, within: lan.within } as const;
  const [alice, bob] = people.map((name) =>
    LineClient.xmppJs({ ...to, jid: `${name}@${DOMAIN}`, password: `${name} has a password` }),
  );
  assert.ok(alice && bob);
  try {
    await alice.hears(/^online alice@/);
    await bob.hears(/^online bob@/);
    alice.tell(`send bob@${DOMAIN} are you there`);
    await bob.hears(/^message alice@acme\.example\/\S+ are you there/);
    for (const name of people)
      await watch.until((it) => it['event'] === 'opened' && JSON.stringify(it).includes(`"${name}@`));

    await lan.cut('life');
    await watch.until((it) => it['event'] === 'health' && JSON.stringify(it).includes('"state":"unreachable"'));
    await lan.heal('life');
    await watch.until((it) => it['event'] === 'health' && JSON.stringify(it).includes('"state":"well"'));
  } finally {
    await Promise.all([alice.quit(), bob.quit()]);
    watch.child.kill('SIGINT');
  }
  assert.equal((await watch.done).code, 0);
});

test('after a power cut the domain is back by itself', { skip }, async () => {
  assert.ok(lan);
  await lan.kill('life');
  const off = await lan.parley('domain', 'show', DOMAIN);
  assert.equal(off.code, 1, why(off));
  assert.match(JSON.stringify(off.said), /"state":"unreachable"/);
  await lan.up(['life']);
  await lan.console(
    'life',
    `for i in $(seq 50); do systemctl is-active -q parleyd-${DOMAIN} && exit 0; sleep 0.1; done; exit 1`,
  );
  const on = await lan.parley('domain', 'show', DOMAIN);
  assert.equal(on.code, 0, why(on));
  assert.equal(on.said[0]?.['people'], 2);
});

test('a certificate that was given takes the place of the first one, and undo puts that back, with people there', {
  skip,
}, async () => {
  assert.ok(lan);
  const first = (await lan.parley('domain', 'show', DOMAIN)).said[0]?.['connection'] as {
    certificateFingerprint: string;
  };
  const [cert, key] = [join(lan.dir, 'given.pem'), join(lan.dir, 'given.key')];
  const openssl = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  execFileSync(
    'openssl',
    [...openssl, '-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN}`, '-out', cert, '-keyout', key],
    { stdio: 'ignore' },
  );
  const placed = await lan.parley(...provision('--cert', cert, '--cert-key', key));
  assert.equal(placed.code, 0, why(placed));
  const print = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], {
    encoding: 'utf8',
  });
  assert.equal(
    lastRun(placed)?.connection?.certificateFingerprint,
    print.trim().split('=')[1]?.replaceAll(':', '').toLowerCase(),
  );
  const undone = await lan.parley('undo', lastRun(placed)?.runId ?? '');
  assert.equal(undone.code, 0, why(undone));
  const back = await lan.parley(...provision());
  assert.equal(lastRun(back)?.outcome, 'nothing-to-do', 'the domain runs as before');
  assert.equal(lastRun(back)?.connection?.certificateFingerprint, first.certificateFingerprint);

  const wrong = await lan.parley(
    'provision',
    'other.example',
    '--host',
    host,
    '--yes',
    '--cert',
    cert,
    '--cert-key',
    key,
  );
  assert.equal(wrong.said[0]?.fault?.code, 'bad-certificate');
});

test('removing the domain takes all of it off the host', { skip }, async () => {
  assert.ok(lan);
  const removed = await lan.parley('domain', 'remove', DOMAIN, '--yes');
  assert.equal(removed.code, 0, why(removed));
  assert.equal(await lan.snapshot('life'), untouched);
});
