// npm run bench: builds parleyd for this machine and runs bench/load/bench.mjs with what stands behind --.
import { install, node24, run } from './tools.mjs';

await install();
const { buildNode } = await import('./build-node.mjs');
await buildNode(process.arch === 'arm64' ? 'arm64' : 'x64');
const args = process.argv.slice(2);
const kind = ['growth', 'soak'].find((name) => args.includes(`--${name}`)) ?? 'bench';
const program = args.includes('--cluster') ? 'bench/cluster/cluster.mjs' : `bench/load/${kind}.mjs`;
process.exitCode = run(args.includes('--cluster') ? node24() : 'node', [program, ...args]);
