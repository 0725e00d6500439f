import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { failureOf, Lan, lastRun, type Running, why, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
const lan = skip ? undefined : new Lan();
const NAMES = ['net', 'power', 'cancel'];

before(() => lan?.up(NAMES, '--user', 'root'));
after(() => lan?.close());

/** A provisioning that has come to the middle of its upload. */
async function inMidUpload(name: string): Promise<{ host: string; running: Running; untouched: string }> {
  assert.ok(lan);
  const untouched = await lan.snapshot(name);
  const host = await lan.add(name, 'root', '--key', lan.key);
  await lan.netem(name, 'rate 60mbit');
  const running = lan.start('provision', `${name}.example`, '--host', host, '--yes');
  await running.until((it) => (it.step?.progress?.bytes ?? 0) > 2e6);
  return { host, running, untouched };
}

async function finishes(name: string, host: string, untouched: string): Promise<void> {
  assert.ok(lan);
  const retry = await lan.parley('provision', `${name}.example`, '--host', host, '--yes');
  assert.equal(retry.code, 0, why(retry));
  assert.equal(lastRun(retry)?.outcome, 'done');
  assert.equal((await lan.console(name, 'find /opt -name "*.part"')).trim(), '');
  const undone = await lan.parley('undo', `${name}.example`);
  assert.equal(undone.code, 0, why(undone));
  assert.equal(await lan.snapshot(name), untouched);
}

test('the network is cut in mid-upload: said within seconds, and a retry finishes it', { skip }, async () => {
  assert.ok(lan);
  const { host, running, untouched } = await inMidUpload('net');
  await lan.cut('net');
  const outcome = await running.done;
  assert.equal(outcome.code, 1, why(outcome));
  assert.match(failureOf(outcome)?.what ?? '', /^'Upload parleyd .*': The connection to root@.* was lost/);
  assert.match(lastRun(outcome)?.summary ?? '', /provision again to go on, or undo/);
  await lan.heal('net');
  await lan.netem('net', 'off');
  await finishes('net', host, untouched);
});

test('the power is cut in mid-run: provisioning again repairs it', { skip }, async () => {
  assert.ok(lan);
  const { host, running, untouched } = await inMidUpload('power');
  await lan.kill('power');
  const outcome = await running.done;
  assert.equal(outcome.code, 1, why(outcome));
  assert.match(failureOf(outcome)?.what ?? '', /was lost/);
  await lan.up(['power']);
  await lan.netem('power', 'off');
  await finishes('power', host, untouched);
});

test('Ctrl-C in mid-upload ends it, and says what is left and how to take it back', { skip }, async () => {
  assert.ok(lan);
  const { running, untouched } = await inMidUpload('cancel');
  const at = Date.now();
  running.child.kill('SIGINT');
  const outcome = await running.done;
  assert.equal(outcome.code, 130, why(outcome));
  assert.ok(Date.now() - at < 3000, 'cancel is to be honoured at once');
  assert.equal(lastRun(outcome)?.outcome, 'cancelled');
  assert.match(lastRun(outcome)?.summary ?? '', /^Cancelled\. What was done before it is still on .* undo/);
  assert.equal(lastRun(outcome)?.canUndo, true);
  assert.equal((await lan.parley('undo', 'cancel.example')).code, 0);
  assert.equal(await lan.snapshot('cancel'), untouched);
});
