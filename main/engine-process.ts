// The engine's own process: started by the window through Electron's utilityProcess, or as a fork of a plain Node.
import { serveEngine } from './engine/serve.ts';

interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): void;
}

const parentPort = (process as { parentPort?: ParentPort }).parentPort;

const served = serveEngine((message) => {
  if (parentPort) parentPort.postMessage(message);
  else process.send?.(message);
});

async function leave(): Promise<void> {
  await served.stop();
  process.exit(0);
}

function receive(message: unknown): void {
  if ((message as { kind?: unknown } | null)?.kind === 'stop') void leave();
  else served.receive(message);
}

if (parentPort) parentPort.on('message', ({ data }) => receive(data));
else {
  process.on('message', receive);
  // Without its window it has nobody to work for.
  process.on('disconnect', () => void leave());
}
process.on('SIGTERM', () => void leave());
