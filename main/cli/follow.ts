import type { Run } from '../../shared/console-api/provisioning.ts';
import type { Session } from './command.ts';
import { EXIT } from './exit.ts';
import { stepWords } from './print.ts';

const TELL_MS = 1000;

/** Shows a run until it has ended; Ctrl-C cancels it, and it still says how it ended. */
export async function follow(
  { engine, out, onInterrupt }: Session,
  start: () => Promise<{ runId: string }>,
): Promise<{ run: Run; code: number }> {
  let run: Run | undefined;
  let told = 0;
  const { promise: ended, resolve } = endOf();
  const offStep = engine.on('provisioning.step', (event) => {
    if (event.runId !== run?.runId) return;
    if (event.progress && Date.now() - told < TELL_MS && event.progress.bytes < event.progress.total) return;
    if (event.progress) told = Date.now();
    if (event.state === 'running' && !event.progress && !process.stdout.isTTY) return;
    out.result({ step: event }, stepWords(run, event));
  });
  const offRun = engine.on('provisioning.run', (it) => {
    // The first that begins after start() was called is the one: steps may come before start() has answered.
    run ??= it;
    if (it.runId === run.runId && it.endedAt !== null) resolve(it);
  });
  try {
    const { runId } = await start();
    run = await engine.call('provisioning.get', { runId });
    onInterrupt(() => void engine.call('provisioning.cancel', { runId }).catch(() => undefined));
    const last = run.endedAt === null ? await ended : run;
    out.result({ run: last }, last.summary);
    if (!out.json && last.canUndo && last.outcome !== 'done') out.say(`To take it back: parley undo ${last.domain}`);
    return { run: last, code: codeOf(last) };
  } finally {
    offStep();
    offRun();
  }
}

function endOf(): { promise: Promise<Run>; resolve: (run: Run) => void } {
  let resolve: (run: Run) => void = () => undefined;
  const promise = new Promise<Run>((yes) => {
    resolve = yes;
  });
  return { promise, resolve };
}

const codeOf = ({ outcome }: Run): number =>
  outcome === 'done' || outcome === 'nothing-to-do' ? EXIT.ok : outcome === 'cancelled' ? EXIT.cancelled : EXIT.failed;
