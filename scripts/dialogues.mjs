// npm run dialogues: conversations with a server, from text files; e2e/dialogues/README.md says how they read.
import { buildNode } from './build-node.mjs';
import { install, node24, run } from './tools.mjs';

await install();
const args = process.argv.slice(2);
const elsewhere =
  args.some((arg) => /^--(?:server|against)/.test(arg)) && !args.includes('parleyd') && !args.includes('cluster');
if (!elsewhere) await buildNode(process.arch === 'arm64' ? 'arm64' : 'x64');
process.exitCode = run(node24(), ['e2e/dialogues/runner/main.ts', ...args]);
