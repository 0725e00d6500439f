// npm run e2e [-- NAME ...]: the flows under e2e/flows whose names begin so; without a name, all of them.
import { buildNode } from './build-node.mjs';
import { ensurePackages } from './packages.mjs';
import { countsOf, tell } from './tests.mjs';
import { filesOf, install, node24, root } from './tools.mjs';

export const flows = () =>
  filesOf('e2e/flows')
    .map((file) => file.slice(root.length + 1))
    .filter((file) => file.endsWith('.test.ts'));

/** Makes what the flows run: parleyd, for both architectures it ships for, and the window. */
export async function buildForFlows() {
  for (const arch of ['x64', 'arm64']) await buildNode(arch);
  const { buildApp } = await import('./build-app.mjs');
  await buildApp();
}

/** Runs flows one after the other: they share the machine's two cores, and hosts. */
export async function runFlows(files) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    console.log(`\n== ${file}`);
    const { status, text } = await tell(node24(), ['--test', '--test-reporter=spec', file], { show: true });
    const counts = countsOf(text);
    if (status !== 0 && counts.failed === 0) counts.failed = 1;
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  return total;
}

if (process.argv[1]?.endsWith('e2e.mjs')) {
  await install();
  const problem = ensurePackages();
  if (problem !== undefined) console.log(problem);
  await buildForFlows();
  const names = process.argv.slice(2);
  const wanted = flows().filter(
    (file) => names.length === 0 || names.some((name) => file.startsWith(`e2e/flows/${name}`)),
  );
  if (wanted.length === 0) throw new Error(`No flow is called so. There are: ${flows().join(', ')}`);
  const { passed, failed, skipped } = await runFlows(wanted);
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}
