// npm run check: types, layers, lint and format, unit tests; side by side, in under a minute.
import { join } from 'node:path';
import { countsOf, tell } from './tests.mjs';
import { bun, filesOf, install, node24, root } from './tools.mjs';

const tsc = join('node_modules', 'typescript-native', 'bin', 'tsc');
const CODE = ['shared', 'server-node', 'main', 'renderer', 'e2e'];
const tests = (...places) =>
  filesOf(...places)
    .map((file) => file.slice(root.length + 1))
    .filter((file) => file.endsWith('.test.ts'));

const jobs = () => [
  // the server's tests run under the runtime that ships, and the console's under the one it has
  ['unit: server-node', bun(), ['test', '--timeout', '30000', ...tests('server-node').map((file) => `./${file}`)]],
  [
    'unit: console, shared, dialogues',
    node24(),
    ['--test', '--test-reporter=spec', ...tests('shared', 'main', 'renderer', 'e2e/dialogues', 'e2e/chaos')],
  ],
  ...['server', 'main', 'renderer', 'e2e', 'shared'].map((name) => [
    `types: ${name}`,
    node24(),
    [tsc, '-p', `tsconfig.${name}.json`],
  ]),
  [
    'layers',
    node24(),
    [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      'scripts/dependency-cruiser.cjs',
      ...CODE,
    ],
  ],
  ['lint and format', join('node_modules', '.bin', 'biome'), ['check', '--error-on-warnings', '.']],
];

/** Runs them all, two at a time; answers with the tests counted, each other job being one. */
export async function runCheck() {
  await install();
  const started = Date.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const failed = [];
  const queue = jobs();
  const work = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const [name, file, args] = job;
      const from = Date.now();
      const { status, text } = await tell(file, args);
      const counts = name.startsWith('unit')
        ? countsOf(text)
        : { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
      if (status !== 0 && counts.failed === 0) counts.failed = 1;
      for (const key of Object.keys(total)) total[key] += counts[key];
      const detail = name.startsWith('unit') ? `, ${counts.passed} passed` : '';
      console.log(
        `${status === 0 ? 'ok    ' : 'FAILED'} ${name}${detail} (${((Date.now() - from) / 1000).toFixed(1)} s)`,
      );
      if (status === 0) continue;
      failed.push(name);
      const said = text.split('\n').filter((line) => !/^\(pass\)|^✔/.test(line));
      console.log(
        said
          .slice(-120)
          .map((line) => `       ${line}`)
          .join('\n'),
      );
    }
  };
  await Promise.all([work(), work()]);
  console.log(
    `${failed.length === 0 ? 'All well' : `Failed: ${failed.join(', ')}`}, ${((Date.now() - started) / 1000).toFixed(0)} s.`,
  );
  return total;
}

if (process.argv[1]?.endsWith('check.mjs')) {
  const { passed, failed, skipped } = await runCheck();
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
