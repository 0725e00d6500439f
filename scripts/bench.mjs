// npm run bench: builds parleyd for this machine and runs bench/load/bench.mjs with what stands behind --.
import { install, run } from './tools.mjs';

await install();
const { buildNode } = await import('./build-node.mjs');
await buildNode(process.arch === 'arm64' ? 'arm64' : 'x64');
const args = process.argv.slice(2);
process.exitCode = run('node', [`bench/load/${args.includes('--growth') ? 'growth' : 'bench'}.mjs`, ...args]);
