import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElevation } from './elevation.ts';
import { sh } from './shell.ts';

/** A host whose probe says this, and whose sudo takes this password. */
function host(probe: string, right = '', refusal = '1 incorrect password attempt') {
  const tried: string[] = [];
  const run = async ({ text }: { text: string }, stdin?: string) => {
    if (!text.includes("sudo -k -S -p '' true")) return { code: 0, stdout: probe, stderr: '' };
    tried.push(stdin ?? '');
    return stdin === `${right}\n` ? { code: 0, stdout: '', stderr: '' } : { code: 1, stdout: '', stderr: refusal };
  };
  return { run, tried };
}
const answers =
  (...list: (string | null)[]) =>
  async () => {
    const next = list.shift() ?? null;
    return next === null ? null : [next];
  };

test('root needs nothing, sudo without a password needs no answer', async () => {
  const root = createElevation('h', host('root\n').run, answers(), () => undefined);
  assert.ok(!(await root.wrap(sh`id`)).command.text.includes('sudo'));
  const sudo = await createElevation('h', host('Welcome!\nsudo\n').run, answers(), () => undefined).wrap(sh`id`);
  assert.match(sudo.command.text, /^sudo -n -- /);
  assert.equal(sudo.before, '');
});

test('the sudo password goes before standard input and into no command; the login password is tried first', async () => {
  const { run, tried } = host('sudo-password', 'right');
  const { command, before } = await createElevation('h', run, answers(), () => 'right').wrap(sh`id`);
  assert.equal(before, 'right\n');
  assert.ok(!command.text.includes('right'));
  assert.deepEqual(tried, ['right\n']);
});

test('a wrong password is asked for again, and a later call may still get it right', async () => {
  const { run } = host('sudo-password', 'right');
  const elevation = createElevation('h', run, answers('a', 'b', 'c', 'right'), () => undefined);
  await assert.rejects(elevation.rights(), { code: 'wrong-sudo-password' });
  assert.equal(await elevation.rights(), 'sudo-password');
});

test('who may not use sudo, or has none, is told so', async () => {
  const refused = host('sudo-password', 'x', 'plain is not in the sudoers file.');
  await assert.rejects(createElevation('h', refused.run, answers('pw'), () => undefined).rights(), { code: 'no-root' });
  await assert.rejects(createElevation('h', host('none').run, answers(), () => undefined).wrap(sh`id`), {
    code: 'no-root',
  });
  await assert.rejects(createElevation('h', host('sudo-password').run, answers(null), () => undefined).rights(), {
    code: 'declined',
  });
});
