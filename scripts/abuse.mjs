// npm run abuse: builds parleyd for this machine and runs bench/abuse/abuse.mjs with what stands behind --.
import { install, node24, run } from './tools.mjs';

await install();
const { buildNode } = await import('./build-node.mjs');
await buildNode(process.arch === 'arm64' ? 'arm64' : 'x64');
process.exitCode = run(node24(), ['bench/abuse/abuse.mjs', ...process.argv.slice(2)]);
