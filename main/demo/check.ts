import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConsoleMethods } from '../../shared/console-api/contract.ts';
import { faultOf } from '../../shared/errors.ts';
import type { Result } from '../../shared/rpc.ts';
import { defaultReleasesDir } from '../engine/paths.ts';
import { createEngine } from '../engine.ts';
import { VERSION } from '../version.ts';
import { connectClient } from './client.ts';

export interface CheckDemo {
  readonly releasesDir?: string | undefined;
  readonly say: (line: string) => void;
}

/**
 * The whole of the demo without a window: provisions demo.localhost in a folder of its own, lets two clients that
 * others wrote log in and chat both ways, and removes all of it.
 * @returns the exit code: 0, or 1 after saying why
 */
export async function checkDemo({ releasesDir, say }: CheckDemo): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-'));
  const ssh = { folder: join(dataDir, 'ssh'), agent: undefined };
  const engine = createEngine({
    dataDir,
    releasesDir: releasesDir ?? defaultReleasesDir(),
    version: VERSION,
    ssh,
    watch: false,
  });
  engine.on('provisioning.step', (event) => {
    if (event.state === 'done' || event.state === 'undone')
      say(`${event.state}: ${event.stepId}, ${event.seconds?.toFixed(1)} s`);
    if (event.failure) say(`failed: ${event.failure.what} ${event.failure.hostWords} ${event.failure.why}`);
  });
  let code = 1;
  try {
    await engine.call('demo.start', {});
    engine.on('sessions.opened', ({ session }) =>
      say(`the console sees ${session.jid}, ${session.tls}, ${session.mechanism}`),
    );
    await chat(await engine.call('demo.people', {}), say);
    code = 0;
  } catch (error) {
    const { what, why, todo } = faultOf(error);
    say(`failed: ${what} ${why} ${todo}`);
  }
  const removed = await takeDown(engine, say);
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
  say(
    code === 0 && removed
      ? 'All is well: demo.localhost ran, two clients chatted, and nothing of it is left.'
      : 'The check did not pass.',
  );
  return removed ? code : 1;
}

async function chat({ connection, people }: Result<ConsoleMethods, 'demo.people'>, say: (line: string) => void) {
  const [alice, bob] = await Promise.all(people.map((person) => connectClient(connection, person)));
  if (alice === undefined || bob === undefined) throw new Error('two people were expected');
  say(`${alice.jid} and ${bob.jid} logged in over STARTTLS`);
  for (const [from, to] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const text = `Hello ${to.jid}`;
    const arrived = to.next();
    await from.send(to.jid, text);
    if ((await arrived) !== text) throw new Error('another text arrived than was sent');
    say(`${from.jid} wrote to ${to.jid}, and it arrived`);
  }
  await Promise.all([alice.end(), bob.end()]);
}

async function takeDown(engine: ReturnType<typeof createEngine>, say: (line: string) => void): Promise<boolean> {
  const domain = 'demo.localhost';
  if ((await engine.call('domains.list', {})).domains.length === 0) return true;
  const ended = new Promise<string>((resolve) => {
    engine.on('provisioning.run', (run) => run.kind === 'remove' && run.endedAt !== null && resolve(run.outcome));
  });
  await engine.call('domains.remove', { domain, typed: domain });
  const outcome = await ended;
  say(outcome === 'done' ? `removed ${domain}` : `${domain} could not be removed: ${outcome}`);
  return outcome === 'done';
}
