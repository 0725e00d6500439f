// The main job: from a fresh host to two people who chat, through the real window. The window and its clients live in the
// hosts' network, so a program of its own drives them there: main-job.window.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { electronRuntime } from '../electron/runtime.ts';
import { Lan, whyNoHosts } from '../hosts/hosts.ts';

const skip = whyNoHosts() ?? false;
let lan: Lan;

before(async () => {
  if (skip) return;
  electronRuntime(); // fetched here, since the hosts' network has no way out
  lan = new Lan();
  await lan.up(['one', 'two'], '--user', 'root', '--auth', 'both');
});
after(() => lan?.close());

async function drive(how: 'mouse' | 'keyboard', host: string): Promise<void> {
  const [program = '', ...within] = lan.within;
  const script = join(import.meta.dirname, 'main-job.window.ts');
  const child = spawn(program, [...within, process.execPath, script, how, await lan.ip(host), lan.key], {
    env: lan.env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, 'see above what the window was waiting for');
}

test('a fresh host, one click, two people, and both sessions live on the screen', { skip, timeout: 240_000 }, () =>
  drive('mouse', 'one'),
);
test('the same with the mouse unplugged', { skip, timeout: 240_000 }, () => drive('keyboard', 'two'));
