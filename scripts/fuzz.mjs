// npm run fuzz [-- --seconds 600]: every *.fuzz.test.ts with ever new seeds, for so long in all. PARLEY_FUZZ_SEED=n repeats one.
import { parseArgs } from 'node:util';
import { bun, filesOf, install, root, run } from './tools.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
await install();
const files = filesOf('server-node').filter((file) => file.endsWith('.fuzz.test.ts'));
const { readFileSync } = await import('node:fs');
const fuzzers = files.reduce((sum, file) => sum + readFileSync(file, 'utf8').split(/^fuzz\(/m).length - 1, 0);
const seconds = Math.max(1, Math.round(Number(values.seconds) / fuzzers));
console.log(`${fuzzers} fuzzers, ${seconds} s each.`);
process.exitCode = run(
  bun(),
  ['test', '--timeout', String(seconds * 1000 + 60_000), ...files.map((file) => `./${file.slice(root.length + 1)}`)],
  { env: { ...process.env, PARLEY_FUZZ_SECONDS: String(seconds) } },
);
