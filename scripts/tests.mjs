// Runs test programs and counts what they say.
import { spawn } from 'node:child_process';
import { root } from './tools.mjs';

/** What a test runner's closing lines say: Bun's, and Node's with its spec reporter. */
export function countsOf(text) {
  const number = (pattern) => [...text.matchAll(pattern)].reduce((sum, found) => sum + Number(found[1]), 0);
  return {
    passed: number(/^\s*(?:ℹ|#) pass (\d+)$/gm) + number(/^ (\d+) pass$/gm),
    failed: number(/^\s*(?:ℹ|#) (?:fail|cancelled) (\d+)$/gm) + number(/^ (\d+) fail$/gm),
    skipped: number(/^\s*(?:ℹ|#) (?:skipped|todo) (\d+)$/gm) + number(/^ (\d+) (?:skip|todo)$/gm),
  };
}

/** Runs a program; answers with its exit status and what it said, which is shown while it comes when `show`. */
export function tell(file, args, { show = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    const take = (stream) => (data) => {
      text += data;
      if (show) stream.write(data);
    };
    child.stdout.on('data', take(process.stdout));
    child.stderr.on('data', take(process.stderr));
    child.on('error', (error) => resolve({ status: 1, text: `${text}${error.message}` }));
    child.on('close', (code) => resolve({ status: code ?? 1, text }));
  });
}
