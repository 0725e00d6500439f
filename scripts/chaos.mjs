// npm run chaos: builds parleyd for this machine and runs e2e/chaos/chaos.ts with what stands behind --.
import { install, node24, run } from './tools.mjs';

await install();
const { buildNode } = await import('./build-node.mjs');
await buildNode(process.arch === 'arm64' ? 'arm64' : 'x64');
process.exitCode = run(node24(), ['e2e/chaos/chaos.ts', ...process.argv.slice(2)]);
