// The executable that ships: alone on a host, whoever starts it, whatever lies beside it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PARLEYD } from '../clients/node-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'parleyd-alone-'));
chmodSync(folder, 0o777);
after(() => rmSync(folder, { recursive: true, force: true }));
const root = process.getuid?.() === 0;

/** e_machine of an ELF file: 62 is x86-64, 183 is AArch64. */
function machine(file: string): number {
  const head = Buffer.alloc(20);
  const fd = openSync(file, 'r');
  readSync(fd, head, 0, 20, 0);
  closeSync(fd);
  assert.equal(head.toString('latin1', 1, 4), 'ELF');
  return head.readUInt16LE(18);
}

test('it says its version, without any environment, as anybody, whatever lies in the folder', () => {
  writeFileSync(join(folder, '.env'), 'PARLEY_TEST=1\n');
  writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./evil.ts"]\n');
  writeFileSync(join(folder, 'evil.ts'), "require('node:fs').writeFileSync('evil', '')\n");
  const done = spawnSync(PARLEYD, ['version', '--json'], {
    cwd: folder,
    env: {},
    encoding: 'utf8',
    ...(root ? { uid: 65534, gid: 65534 } : {}),
  });
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal((JSON.parse(done.stdout) as { version: string }).version, version);
  assert.equal(existsSync(join(folder, 'evil')), false);
});

for (const [arch, code] of [
  ['x64', 62],
  ['arm64', 183],
] as const) {
  const file = PARLEYD.replace(/-(x64|arm64)$/, `-${arch}`);
  const skip = existsSync(file) ? false : `not built here: npm run build:node -- ${arch}`;
  test(`the executable for ${arch} is of its architecture`, { skip }, () => assert.equal(machine(file), code));
}

test('it needs no newer glibc than 2.17', {
  skip: spawnSync('objdump', ['--version']).status === 0 ? false : 'objdump is missing: apt-get install binutils',
}, () => {
  const { stdout } = spawnSync('objdump', ['-T', PARLEYD], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const versions = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map((found) => Number(found[1]));
  assert.ok(versions.length > 0);
  assert.ok(Math.max(...versions) <= 17, `GLIBC_2.${Math.max(...versions)}`);
});

const FAILURES: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['no command', [], 2, /parleyd init --domain/],
  ['an unknown command', ['dance'], 2, /no command 'dance'/],
  ['init without a folder', ['init', '--domain', 'example.org'], 2, /--data is missing/],
  ['an unknown option', ['run', '--fast'], 2, /Unknown option '--fast'/],
  [
    'a domain that can be none',
    ['init', '--domain', 'Example.org', '--data', join(folder, 'x')],
    1,
    /small letters: example.org/,
  ],
  [
    'an unknown key',
    ['init', '--domain', 'example.org', '--data', join(folder, 'x'), '--set', 'listen.c2ss=off'],
    1,
    /Did you mean listen.c2s\?/,
  ],
  ['a folder without a node', ['run', '--data', folder], 1, /There is no node in .*\n.*parleyd.toml.*\n.*parleyd init/],
  [
    'a certificate that is none',
    [
      'init',
      '--domain',
      'example.org',
      '--data',
      join(folder, 'y'),
      '--cert',
      join(folder, '.env'),
      '--key',
      join(folder, '.env'),
    ],
    1,
    /given certificate can't be used/,
  ],
];
for (const [what, args, code, words] of FAILURES) {
  test(`${what} ends with ${code} and says what to do`, () => {
    const done = spawnSync(PARLEYD, [...args], { encoding: 'utf8' });
    assert.equal(done.status, code, done.stderr);
    assert.match(done.stdout + done.stderr, words);
  });
}

test('--help of each command is at hand', () => {
  for (const command of ['init', 'run', 'check', 'user', 'pipe', 'version']) {
    const done = spawnSync(PARLEYD, [command, '--help'], { encoding: 'utf8' });
    assert.deepEqual([done.status, done.stdout.startsWith(`parleyd ${command}`)], [0, true], command);
  }
});

test('a second init leaves the first alone, and a given certificate is taken', () => {
  const data = join(folder, 'node');
  const init = (...more: string[]) =>
    spawnSync(PARLEYD, ['init', '--domain', 'example.org', '--data', data, ...more], { encoding: 'utf8' });
  assert.equal(init().status, 0);
  const before = readFileSync(join(data, 'parleyd.toml'), 'utf8');
  const again = init('--set', 'limits.depth=9');
  assert.deepEqual([again.status, readFileSync(join(data, 'parleyd.toml'), 'utf8')], [3, before]);
  const other = join(folder, 'other');
  const given = spawnSync(
    PARLEYD,
    [
      'init',
      '--domain',
      'example.org',
      '--data',
      other,
      '--cert',
      join(data, 'cert.pem'),
      '--key',
      join(data, 'key.pem'),
    ],
    { encoding: 'utf8' },
  );
  assert.equal(given.status, 0, given.stderr);
  assert.equal(readFileSync(join(other, 'cert.pem'), 'utf8'), readFileSync(join(data, 'cert.pem'), 'utf8'));
});

test('a node that can not start says why and ends', () => {
  const data = join(folder, 'taken');
  const port = '127.0.0.1:1';
  spawnSync(PARLEYD, [
    'init',
    '--domain',
    'example.org',
    '--data',
    data,
    '--set',
    `listen.c2s=${port}`,
    '--set',
    'listen.c2s_tls=off',
  ]);
  const nobody = root ? { uid: 65534, gid: 65534 } : {};
  if (root) spawnSync('chown', ['-R', '65534:65534', data]);
  const done = spawnSync(PARLEYD, ['run', '--data', data], { encoding: 'utf8', timeout: 20_000, ...nobody });
  assert.deepEqual([done.status, done.signal], [1, null], done.stderr);
  assert.match(done.stderr, /does not let parleyd listen on 127\.0\.0\.1 port 1\.\n.*1024.*\n.*higher port/);
  rmSync(join(data, 'parley.db'));
  const gone = spawnSync(PARLEYD, ['run', '--data', data], { encoding: 'utf8', timeout: 20_000, ...nobody });
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /there is no database/);
});
