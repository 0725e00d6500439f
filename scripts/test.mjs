// npm test: everything, from a fresh clone: set-up, check, builds, and the flows across processes. Closes with the counts.
import { runCheck } from './check.mjs';
import { buildForFlows, flows, runFlows } from './e2e.mjs';
import { ensurePackages } from './packages.mjs';
import { tell } from './tests.mjs';
import { install, node24 } from './tools.mjs';

const started = Date.now();
await install();
const problem = ensurePackages();
if (problem !== undefined) console.log(problem);

const total = await runCheck();
const add = (counts) => {
  for (const key of Object.keys(total)) total[key] += counts[key];
};

let built = true;
await buildForFlows().catch((error) => {
  console.error(error.message);
  built = false;
  add({ passed: 0, failed: 1, skipped: 0 });
});
if (built) {
  console.log('\n== npm start -- --check');
  const { status } = await tell(node24(), ['scripts/start.mjs', '--check'], { show: true });
  add({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 });
  add(await runFlows(flows()));
}
if (problem !== undefined) console.log(`\n${problem}`);
console.log(`\nTook ${((Date.now() - started) / 60_000).toFixed(1)} min.`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
