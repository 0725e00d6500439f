import type { Readable } from 'node:stream';
import type { StepEvent, StepFailure, StepId } from '../../shared/console-api/provisioning.ts';
import { faultOf, ParleyError } from '../../shared/errors.ts';
import { Secret } from '../secrets/secret.ts';
import { cancelled, type Host } from '../ssh/host.ts';
import type { Command } from '../ssh/shell.ts';
import { failedCheck, failedCommand, failedOtherwise } from './failure.ts';
import type { Journal } from './journal.ts';
import { meter } from './progress.ts';
import type { Action, Step, Work } from './step.ts';

export interface RunContext {
  readonly host: Host;
  readonly work: Work;
  readonly steps: readonly Step[];
  readonly journal: Pick<Journal, 'add'>;
  /** written to the journal before the first change */
  readonly begin: () => Promise<void>;
  readonly upload: () => Promise<{ stream: Readable; bytes: number }>;
  readonly login: (signal: AbortSignal) => Promise<void>;
  readonly emit: (event: StepEvent) => void;
  readonly signal: AbortSignal;
  /** said with each event, where a run has several hosts */
  readonly hostId?: string;
}

export type RunEnd = 'done' | 'nothing-to-do' | 'failed' | 'cancelled';

/** How a step goes while it does. */
type How = Pick<StepEvent, 'progress' | 'note'>;

/** A step that did not succeed; the run ends with it. */
class StepFailed extends Error {
  readonly failure: StepFailure;

  constructor(failure: StepFailure) {
    super(failure.what);
    this.failure = failure;
  }
}

/** Does the steps in turn: check, apply, check again. Each is told and recorded as it happens; the first failure ends it. */
export async function runSteps(ctx: RunContext): Promise<RunEnd> {
  const changed = new Set<StepId>();
  for (const step of ctx.steps) {
    const began = Date.now();
    let begun = false;
    const event = (state: StepEvent['state'], more: Partial<StepEvent> = {}): StepEvent => ({
      runId: ctx.work.runId,
      stepId: step.id,
      ...(ctx.hostId !== undefined && { hostId: ctx.hostId }),
      at: Date.now(),
      state,
      seconds: state === 'running' ? null : (Date.now() - began) / 1000,
      ...more,
    });
    try {
      if (!(await isDue(ctx, step, changed))) {
        ctx.emit(event('skipped'));
        continue;
      }
      if (step.undo !== null && changed.size === 0) await ctx.begin();
      begun = true;
      await record(ctx, step, event('running'));
      if (step.undo !== null) changed.add(step.id);
      await apply(ctx, step, (how) => ctx.emit(event('running', how)));
      await record(ctx, step, event('done'));
    } catch (error) {
      const failure =
        error instanceof StepFailed ? error.failure : failedOtherwise(step, faultOf(error), step.check.text);
      await fail(ctx, step, event('failed', { failure, begun }));
      return ctx.signal.aborted ? 'cancelled' : 'failed';
    }
  }
  return changed.size === 0 ? 'nothing-to-do' : 'done';
}

async function isDue({ host, work, signal }: RunContext, step: Step, changed: ReadonlySet<StepId>): Promise<boolean> {
  const result = await host.exec(step.check, { root: work.layout.user !== null, signal });
  if (result.code !== 0 && result.code !== 1) throw new StepFailed(failedCommand(step, step.check, result));
  return result.code === 1 || step.after.some((id) => changed.has(id));
}

/** On the host before it is shown: what was told to the operator can be read there afterwards. */
async function record({ journal, emit, signal }: RunContext, step: Step, event: StepEvent): Promise<void> {
  if (step.undo !== null) await journal.add(event, signal);
  emit(event);
}

/** The host may be out of reach just now, which is why it failed; then the console alone remembers. */
async function fail({ journal, emit, signal }: RunContext, step: Step, event: StepEvent): Promise<void> {
  emit(event);
  if (step.undo !== null) await within(signal.aborted ? 500 : 2000, journal.add(event)).catch(() => undefined);
}

async function apply(ctx: RunContext, step: Step, tell: (how: How) => void) {
  const root = ctx.work.layout.user !== null;
  for (const action of step.apply) await act(ctx, step, action, tell);
  if (step.undo === null) return;
  const result = await ctx.host.exec(step.check, { root, signal: ctx.signal });
  if (result.code !== 0) throw new StepFailed(failedCheck(step, result));
}

async function act(ctx: RunContext, step: Step, action: Action, tell: (how: How) => void): Promise<void> {
  if (action.kind === 'login') return ctx.login(ctx.signal);
  const stdin = action.kind === 'upload' ? await measured(ctx, tell) : textOf(action.stdin);
  const tells = action.kind === 'run' && action.tells === true;
  await must(ctx, step, action.command, stdin, tells ? (note) => tell({ note }) : undefined);
}

async function measured(ctx: RunContext, tell: (how: How) => void): Promise<Readable> {
  const { stream, bytes } = await orCancelled(ctx.signal, ctx.upload());
  const through = meter(bytes, (progress) => tell({ progress }));
  stream.on('error', (error) => through.destroy(error));
  return stream.pipe(through);
}

const textOf = (stdin: string | Secret | undefined): string =>
  stdin instanceof Secret ? stdin.reveal() : (stdin ?? '');

async function must(
  ctx: RunContext,
  step: Step,
  command: Command,
  stdin: string | Readable,
  note?: (line: string) => void,
): Promise<void> {
  const root = ctx.work.layout.user !== null;
  const onStdout = note && ((chunk: Buffer) => lastLine(chunk, note));
  const options = { root, stdin, signal: ctx.signal, ...(onStdout && { onStdout }) };
  const result = await ctx.host.exec(command, options).catch((error: unknown) => {
    if (!(error instanceof ParleyError)) throw error;
    throw new StepFailed(failedOtherwise(step, error, command.text));
  });
  if (result.code !== 0) throw new StepFailed(failedCommand(step, command, result));
}

/** The newest whole line of what came. */
function lastLine(chunk: Buffer, note: (line: string) => void): void {
  const line = chunk.toString('utf8').trimEnd().split('\n').at(-1);
  if (line) note(line);
}

/** What goes on in this process is not waited for by who cancels; it may come in useful the next time. */
function orCancelled<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  const stopped = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(cancelled());
    signal.addEventListener('abort', () => reject(cancelled()), { once: true });
  });
  return Promise.race([promise, stopped]);
}

function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
