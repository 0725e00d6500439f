import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { StepEvent, StepId } from '../../shared/console-api/provisioning.ts';
import { fakeHost, type Ran } from '../ssh/fake-host.ts';
import type { ExecResult } from '../ssh/host.ts';
import { WORK } from './fixtures.ts';
import { changedSteps, type JournalLine } from './journal.ts';
import { stepsFor } from './plan.ts';
import { runSteps } from './run.ts';
import { undoSteps } from './undo.ts';

const steps = stepsFor(WORK);

/** A host that remembers which steps were done to it; `fails` answers in place of a step's command. */
function host(done: Set<StepId>, fails: Partial<Record<StepId, Partial<ExecResult>>> = {}) {
  return fakeHost(({ text }: Ran) => {
    const checked = steps.find((step) => step.check.text === text);
    if (checked) return { code: done.has(checked.id) ? 0 : 1 };
    const applied = steps.find((step) => step.apply.some((it) => it.kind !== 'login' && it.command.text === text));
    if (applied && fails[applied.id]) return fails[applied.id];
    if (applied) done.add(applied.id);
    const undone = steps.find((step) => step.undo?.text === text);
    if (undone) done.delete(undone.id);
    return {};
  });
}

async function run(done: Set<StepId>, fails = {}, abort = new AbortController()) {
  const events: StepEvent[] = [];
  const journal: JournalLine[] = [];
  const it = host(done, fails);
  const end = await runSteps({
    ...{ host: it, work: WORK, steps, signal: abort.signal },
    journal: { add: async (line) => void journal.push(line) },
    begin: async () => undefined,
    upload: async () => ({ stream: Readable.from([Buffer.from('executable')]), bytes: 10 }),
    login: async () => undefined,
    emit: (event) => void events.push(event),
  });
  const states = events.filter((event) => !event.progress).map((event) => `${event.stepId} ${event.state}`);
  return { end, events, journal, states, ran: it.ran };
}

test('each step is begun, done and recorded in turn', async () => {
  const done = new Set<StepId>();
  const { end, states, journal, ran } = await run(done);
  assert.equal(end, 'done');
  assert.deepEqual(
    states,
    steps.flatMap((step) => [`${step.id} running`, `${step.id} done`]),
  );
  assert.deepEqual(changedSteps(journal), new Set(steps.slice(0, -1).map((step) => step.id)));
  assert.ok(ran.some((it) => it.stdin === 'executable'));
  assert.ok(ran.every((it) => it.root));
});

test('running again changes nothing, and writes nothing to the journal', async () => {
  const { end, states, journal } = await run(new Set(steps.slice(0, -1).map((step) => step.id)));
  assert.equal(end, 'nothing-to-do');
  assert.deepEqual(journal, []);
  assert.ok(states.slice(0, -2).every((state) => state.endsWith('skipped')));
});

test('a failure ends the run with what was tried, the words of the host and a reason', async () => {
  const { end, events, states } = await run(new Set(), {
    binary: { code: 1, stderr: 'gzip: stdout: No space left on device\n' },
  });
  assert.equal(end, 'failed');
  const failure = events.at(-1)?.failure;
  assert.equal(failure?.hostWords, 'gzip: stdout: No space left on device');
  assert.equal(failure?.why, 'The disk is full.');
  assert.equal(failure?.exitCode, 1);
  assert.equal(states.at(-1), 'binary failed');
});

test('a command that succeeds without effect is a failure too', async () => {
  const never = fakeHost(({ text }) => (steps.some((step) => step.check.text === text) ? { code: 1 } : {}));
  const events: StepEvent[] = [];
  const end = await runSteps({
    ...{ host: never, work: WORK, steps, signal: new AbortController().signal },
    journal: { add: async () => undefined },
    begin: async () => undefined,
    upload: async () => ({ stream: Readable.from([]), bytes: 0 }),
    login: async () => undefined,
    emit: (event) => void events.push(event),
  });
  assert.equal(end, 'failed');
  assert.match(events.at(-1)?.failure?.what ?? '', /was done, but looking again does not show it/);
});

test('a cancelled run ends as cancelled, at the step where it was', async () => {
  const abort = new AbortController();
  abort.abort();
  const { end, events } = await run(new Set(), {}, abort);
  assert.equal(end, 'cancelled');
  assert.match(events.at(-1)?.failure?.what ?? '', /This was cancelled/);
});

test('undo takes back what was changed, in reverse, and leaves the rest', async () => {
  const done = new Set<StepId>(['system-user', 'folders', 'binary']);
  const events: StepEvent[] = [];
  const it = host(done);
  const which = new Set<StepId>(['folders', 'binary']);
  const end = await undoSteps({
    ...{ host: it, root: true, runId: 'u1', steps, which, signal: new AbortController().signal },
    record: async () => undefined,
    emit: (event) => void events.push(event),
  });
  assert.equal(end, 'done');
  assert.deepEqual(
    events.filter((event) => event.state === 'undone').map((event) => event.stepId),
    ['binary', 'folders'],
  );
  assert.deepEqual(done, new Set(['system-user']));
});

test('the journal knows what is left: begun counts, taken back does not', () => {
  const line = (runId: string, stepId: StepId, state: StepEvent['state']): StepEvent => ({
    runId,
    stepId,
    at: 0,
    state,
    seconds: null,
  });
  const lines = [
    ...[line('r1', 'system-user', 'running'), line('r1', 'system-user', 'done'), line('r1', 'binary', 'running')],
    ...[line('r2', 'binary', 'running'), line('r2', 'binary', 'done'), line('u1', 'binary', 'undone')],
  ];
  assert.deepEqual(changedSteps(lines), new Set(['system-user']));
  assert.deepEqual(changedSteps(lines, 'r1'), new Set(['system-user']));
  assert.deepEqual(changedSteps(lines.slice(0, -1), 'r2'), new Set(['binary']));
});
