import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { failureOf, Lan, lastRun, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const lan = skip ? undefined : new Lan();
let busyUntouched = '';

before(async () => {
  await lan?.up(['busy'], '--user', 'root');
  await lan?.up(['plain'], '--user', 'root', '--init', 'none');
  await lan?.up(['tiny'], '--user', 'root', '--disk', '64M');
  await lan?.up(['small'], '--user', 'root', '--disk', '320M');
});
after(() => lan?.close());

/** Provisioning ends before it begins: with this finding, and the host as it was. */
async function stops(name: string, code: string, words: RegExp): Promise<void> {
  assert.ok(lan);
  const untouched = await lan.snapshot(name);
  const host = await lan.add(name, 'root', '--key', lan.key);
  const outcome = await lan.parley('provision', `${name}.example`, '--host', host, '--yes');
  assert.equal(outcome.code, 4, why(outcome));
  const finding = outcome.said[0]?.plan?.findings.find((it) => it.stops);
  assert.equal(finding?.code, code);
  assert.match(finding?.what ?? '', words);
  assert.equal(await lan.snapshot(name), untouched);
}

test('a host that runs something on 5222 keeps it', { skip }, async () => {
  assert.ok(lan);
  await lan.console(
    'busy',
    `systemd-run --unit other python3 -c 'import socket, time
s = socket.create_server(("", 5222))
time.sleep(9999)'
sleep 1`,
  );
  busyUntouched = await lan.snapshot('busy');
  await stops('busy', 'port-taken', /^Port 5222 is taken by python3/);
  assert.equal((await lan.console('busy', 'systemctl is-active other')).trim(), 'active');
});

test('the same host takes the domain on other ports', { skip }, async () => {
  assert.ok(lan);
  const host = await lan.add('busy', 'root', '--key', lan.key);
  const other = ['provision', 'busy.example', '--host', host, '--yes', '--port', '6222', '--tls-port', '6223'];
  const outcome = await lan.parley(...other);
  assert.equal(outcome.code, 0, why(outcome));
  assert.match(await lan.console('busy', 'ss -Hltn'), /:6222 /);
});

test('two domains of one host share the executable, and each leaves the other what it needs', { skip }, async () => {
  assert.ok(lan);
  const host = await lan.add('busy', 'root', '--key', lan.key);
  const same = await lan.parley('provision', 'second.example', '--host', host, '--port', '6222', '--plan');
  assert.equal(same.code, 4, why(same));
  assert.match(same.said[0]?.plan?.findings[0]?.what ?? '', /^Port 6222 is taken by parleyd/);
  const second = await lan.parley(
    'provision',
    'second.example',
    '--host',
    host,
    '--yes',
    '--port',
    '7222',
    '--tls-port',
    '7223',
  );
  assert.equal(second.code, 0, why(second));
  assert.ok(second.said.some((it) => it.step?.stepId === 'binary' && it.step.state === 'skipped'));

  assert.equal((await lan.parley('domain', 'remove', 'busy.example', '--yes')).code, 0);
  assert.equal((await lan.parley('domain', 'show', 'second.example')).code, 0);
  const again = await lan.parley('provision', 'second.example', '--host', host, '--yes');
  assert.equal(lastRun(again)?.outcome, 'nothing-to-do', 'a node keeps its ports');
  assert.equal((await lan.parley('domain', 'remove', 'second.example', '--yes')).code, 0);
  assert.equal(await lan.snapshot('busy'), busyUntouched);
});

test('a host without systemd is refused in words', { skip }, () =>
  stops('plain', 'no-systemd', /does not run systemd/),
);

test('a host with too small a disk is refused in words', { skip }, () =>
  stops('tiny', 'disk-full', /^Not enough room on the disk/),
);

test('a disk that fills up in mid-upload: said, cleared away, and finished once there is room', { skip }, async () => {
  assert.ok(lan);
  const untouched = await lan.snapshot('small');
  const host = await lan.add('small', 'root', '--key', lan.key);
  await lan.netem('small', 'rate 60mbit');
  const running = lan.start('provision', 'small.example', '--host', host, '--yes');
  await running.until((it) => (it.step?.progress?.bytes ?? 0) > 2e6);
  await lan.console('small', "fallocate -l $(( $(df -Pk / | awk 'NR==2 {print $4}') - 2048 ))K /filler || true");
  const outcome = await running.done;
  await lan.netem('small', 'off');
  assert.equal(outcome.code, 1, why(outcome));
  assert.match(failureOf(outcome)?.hostWords ?? '', /No space left on device/);
  assert.match(failureOf(outcome)?.why ?? '', /disk is full/);
  assert.equal((await lan.console('small', 'find /opt -name "*.part"')).trim(), '');

  await lan.console('small', 'rm /filler');
  const retry = await lan.parley('provision', 'small.example', '--host', host, '--yes');
  assert.equal(retry.code, 0, why(retry));
  assert.equal(lastRun(retry)?.outcome, 'done');
  assert.equal((await lan.parley('undo', 'small.example')).code, 0);
  assert.equal(await lan.snapshot('small'), untouched);
});
