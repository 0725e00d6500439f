// npm run simulate -- [--online N] [--nodes N] [--memory GiB]: bench/cluster/simulate.ts, in the runtime that parleyd has.
import { bun, install, run } from './tools.mjs';

await install();
process.exitCode = run(bun(), ['bench/cluster/simulate.ts', ...process.argv.slice(2)]);
