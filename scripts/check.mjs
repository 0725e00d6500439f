// npm run check: types, layers, lint and format, unit tests; side by side, in under a minute.
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bun, filesOf, install, node24, root } from './tools.mjs';

await install();
const tsc = join('node_modules', 'typescript-native', 'bin', 'tsc');
const tests = (...places) =>
  filesOf(...places)
    .map((file) => file.slice(root.length + 1))
    .filter((file) => /\.test\.ts$/.test(file));

const jobs = [
  ...['shared', 'server', 'main', 'renderer', 'e2e'].map((name) => [
    `types: ${name}`,
    node24(),
    [tsc, '-p', `tsconfig.${name}.json`],
  ]),
  [
    'layers',
    node24(),
    [
      'node_modules/.bin/depcruise',
      '--config',
      'scripts/dependency-cruiser.cjs',
      'shared',
      'server-node',
      'main',
      'renderer',
      'e2e',
    ],
  ],
  ['lint and format', 'node_modules/.bin/biome', ['check', '--error-on-warnings', '.']],
  // the server's tests run under the runtime that ships, and the console's under the one it has
  ['unit: server-node', bun(), ['test', '--timeout', '30000', ...tests('server-node').map((file) => `./${file}`)]],
  ['unit: console and shared', node24(), ['--test', '--test-reporter=dot', ...tests('shared', 'main', 'renderer')]],
];

const failed = [];
const started = Date.now();
const counts = { passed: 0, failed: 0, skipped: 0 };
async function work() {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const [name, file, args] = job;
    const from = Date.now();
    const child = spawn(file, args, { cwd: root, env: { ...process.env, FORCE_COLOR: '0' } });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.stderr.on('data', (data) => (text += data));
    const status = await new Promise((resolve) => child.on('close', resolve).on('error', () => resolve(1)));
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
    if (status !== 0) {
      failed.push(name);
      console.log(
        text
          .trim()
          .split('\n')
          .map((line) => `       ${line}`)
          .join('\n'),
      );
    }
    counts[status === 0 ? 'passed' : 'failed']++;
  }
}
await Promise.all(Array.from({ length: Math.max(2, Math.min(4, cpus().length)) }, work));
console.log(
  `${failed.length === 0 ? 'All well' : `Failed: ${failed.join(', ')}`}, ${((Date.now() - started) / 1000).toFixed(0)} s.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
