// Time from spawn to the first accepted connection, the median of eleven, and memory two seconds after the last start.
// run: node start.mjs COMMAND...     e.g. `node start.mjs ./floor-bun` or `node start.mjs node floor.mjs`; a port is appended to COMMAND
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [file, ...args] = process.argv.slice(2);
const times = [];
let memory = '';
for (let n = 0; n < 11; n++) {
  const port = 7100 + 2 * n,
    from = performance.now();
  const child = spawn(file, [...args, String(port)], { stdio: 'ignore' });
  while (
    !(await new Promise((resolve) => {
      const s = connect(port, '127.0.0.1');
      s.on('connect', () => {
        s.destroy();
        resolve(true);
      });
      s.on('error', () => resolve(false));
    }))
  )
    await sleep(2);
  times.push(performance.now() - from);
  if (n === 10) {
    await sleep(2000);
    const text = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'latin1');
    memory = ['Rss', 'Pss', 'Anonymous']
      .map((k) => `${k} ${(Number(new RegExp(`^${k}:\\s+(\\d+)`, 'm').exec(text)[1]) / 1024).toFixed(1)}`)
      .join(', ');
  }
  const gone = new Promise((r) => child.on('exit', r));
  child.kill('SIGKILL');
  await gone;
}
times.sort((a, b) => a - b);
console.log(
  `${[file, ...args].join(' ')}: ready after ${times[5].toFixed(0)} ms (least ${times[0].toFixed(0)}), MiB: ${memory}`,
);
