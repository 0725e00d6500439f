// npm start: sets up what is missing, then opens the console; without a display it runs the demo domain with the engine
// alone. npm start -- --check runs the demo headless, lets two clients chat, and says what it did.
import { spawnSync } from 'node:child_process';
import { buildNode } from './build-node.mjs';
import { install, node24, root, run } from './tools.mjs';

const checking = process.argv.includes('--check');
const linux = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
const display = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;

/** Chromium's sandbox refuses to start as root. */
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** Electron's own program, which npm did not bring: its launcher fetches it once. Answers with what went wrong, if so. */
function electronProblem() {
  const { status, stderr } = spawnSync(node24(), ['node_modules/electron/cli.js', ...asRoot, '--version'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return stderr.split('\n').find((line) => /\w*Error: /.test(line)) ?? `it ended with ${status}`;
}

async function main() {
  await install();
  if (linux) await buildNode(process.arch);
  if (checking) {
    if (!linux) {
      console.error(
        'parleyd runs on Linux: on this computer the demo has nothing to run. Start the console: npm start',
      );
      return 1;
    }
    return run(node24(), ['main/cli.ts', 'demo', '--check']);
  }
  if (display) {
    const { buildApp } = await import('./build-app.mjs');
    await buildApp();
    const problem = electronProblem();
    if (problem === undefined) {
      return run(node24(), ['node_modules/electron/cli.js', ...asRoot, '.', ...process.argv.slice(2)]);
    }
    console.log(`The window can't open: Electron could not be had (${problem.trim()}).`);
    console.log('With a network, this fetches it: npx install-electron. Until then the engine runs alone.');
  } else {
    console.log('There is no display here, so the engine runs alone. On a desktop, npm start opens the console;');
    console.log('on this machine, `npm run parley -- --help` shows the same engine as a command.');
  }
  if (!linux) return 1;
  return run(node24(), ['main/cli.ts', 'demo']);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
