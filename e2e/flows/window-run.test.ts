// A run that is cancelled, tried again, cut off from its host, and taken back, each by one key of its page.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Lan, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
let lan: Lan;

before(async () => {
  if (skip) return;
  lan = new Lan();
  await lan.up(['run'], '--user', 'root', '--auth', 'key');
  await lan.netem('run', 'rate 60mbit');
});
after(() => lan?.close());

test('cancel, try again, lose the host and find it, undo', { skip, timeout: 180_000 }, async () => {
  const [program = '', ...within] = lan.within;
  const script = join(import.meta.dirname, 'window-run.window.ts');
  const child = spawn(program, [...within, process.execPath, script, await lan.ip('run'), lan.key], {
    env: lan.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // what only the outside can do, when the inside asks for it
  createInterface({ input: child.stdout }).on('line', async (line) => {
    console.log(line);
    if (line === 'cut') await lan.cut('run');
    else if (line === 'heal') await lan.heal('run');
    else return;
    child.stdin.write('done\n');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, 'see above what the window was waiting for');
  assert.doesNotMatch(await lan.snapshot('run'), /parley/);
});
