import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const dir = mkdtempSync(join(tmpdir(), 'parley-cli-'));
after(() => rmSync(dir, { recursive: true }));

const CLI = join(import.meta.dirname, '..', 'cli.ts');
/** Each takes a moment to start, so what is independent runs side by side. */
const parley = (...args: string[]) =>
  new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
    child.stdin?.end();
  });
const inFolder = (...args: string[]) => parley(...args, '--data', dir);

test('every command tells what it does and which exit codes it has', async () => {
  const commands = ['host', 'provision', 'undo', 'domain', 'user', 'sessions', 'vault', 'demo'];
  for (const [command, { status, stdout }] of await Promise.all(
    commands.map(async (it) => [it, await parley(it, '--help')] as const),
  )) {
    assert.equal(status, 0, command);
    assert.match(stdout, new RegExp(`^parley ${command}`), command);
    assert.match(stdout, /Exit codes: 0 done, 1 failed, 2 wrong command line, 3 /, command);
  }
  assert.match((await parley('--help')).stdout, /parley provision DOMAIN --host HOST/);
});

test('a wrong command line ends with 2 and says what is wrong', async () => {
  assert.equal((await parley()).status, 2);
  assert.equal((await parley('nonsense')).status, 2);
  const cases: [string[], RegExp][] = [
    [['host'], /add, list, trust, facts or remove/],
    [['host', 'add'], /USER@HOST is missing/],
    [['host', 'list', '--nonsense'], /--nonsense/],
    [['host', 'add', 'a b'], /not the address of a host|not a host/],
    [['provision', 'acme.example'], /--host is missing/],
    [['user', 'add', 'alice'], /NAME@DOMAIN/],
  ];
  const outcomes = cases.map(async ([args, words]) => ({ args, words, ...(await inFolder(...args)) }));
  for (const { args, words, status, stderr } of await Promise.all(outcomes)) {
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, words, args.join(' '));
  }
});

test('with --json a failure is one object on standard output', async () => {
  const { status, stdout } = await inFolder('provision', 'acme.example', '--host', 'root@192.0.2.7', '--json');
  assert.equal(status, 1);
  const { fault } = JSON.parse(stdout) as { fault: { code: string; todo: string } };
  assert.equal(fault.code, 'no-host');
  assert.match(fault.todo, /parley host add/);
});

test('an empty fleet says what to do first', async () => {
  assert.match((await inFolder('host', 'list')).stdout, /No hosts yet: parley host add/);
  assert.match((await inFolder('domain', 'list')).stdout, /No domains yet: parley provision/);
  assert.equal((await inFolder('domain', 'show', 'acme.example')).status, 1);
  assert.equal((await inFolder('undo', 'acme.example')).status, 1);
});
