import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** A screen of its own, large enough for the largest window that is looked at. */
export async function openDisplay(): Promise<{ readonly name: string; close(): void }> {
  const child: ChildProcess = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '2600x1500x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  process.once('exit', () => child.kill());
  const number = await new Promise<string>((resolve, reject) => {
    child.once('error', () => reject(new Error('There is no Xvfb: apt-get install xvfb')));
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    (child.stdio[3] as Socket).once('data', (data: Buffer) => resolve(data.toString().trim()));
  });
  // a test that fails before it closes its screen is not to hang on it
  child.unref();
  (child.stdio[3] as Socket).unref();
  return { name: `:${number}`, close: () => void child.kill() };
}
