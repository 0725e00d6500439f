import type { StepEvent, StepId } from '../../shared/console-api/provisioning.ts';
import { faultOf } from '../../shared/errors.ts';
import type { Host } from '../ssh/host.ts';
import { failedCommand, failedOtherwise } from './failure.ts';
import type { Step } from './step.ts';

export interface UndoContext {
  readonly host: Host;
  readonly root: boolean;
  readonly runId: string;
  readonly steps: readonly Step[];
  /** only these are taken back; the others are left as they are */
  readonly which: ReadonlySet<StepId>;
  readonly record: (event: StepEvent) => Promise<void>;
  readonly emit: (event: StepEvent) => void;
  readonly signal: AbortSignal;
  /** said with each event, where a run has several hosts */
  readonly hostId?: string;
}

/** Takes steps back, the last one first; stops at the first that can't be. */
export async function undoSteps(ctx: UndoContext): Promise<'done' | 'nothing-to-do' | 'failed' | 'cancelled'> {
  let undone = 0;
  for (const step of ctx.steps.toReversed()) {
    const began = Date.now();
    const event = (state: StepEvent['state'], more: Partial<StepEvent> = {}): StepEvent => ({
      ...{ runId: ctx.runId, stepId: step.id, at: Date.now(), state },
      ...(ctx.hostId !== undefined && { hostId: ctx.hostId }),
      seconds: state === 'running' ? null : (Date.now() - began) / 1000,
      ...more,
    });
    if (step.undo === null || !ctx.which.has(step.id)) {
      ctx.emit(event('skipped'));
      continue;
    }
    // Not recorded on the host as running: there, that word means that the step itself has begun.
    ctx.emit(event('running'));
    try {
      const result = await ctx.host.exec(step.undo, { root: ctx.root, signal: ctx.signal });
      if (result.code !== 0) {
        ctx.emit(event('failed', { failure: failedCommand(step, step.undo, result) }));
        return 'failed';
      }
      await ctx.record(event('undone'));
      ctx.emit(event('undone'));
      undone += 1;
    } catch (error) {
      ctx.emit(event('failed', { failure: failedOtherwise(step, faultOf(error), step.undo.text) }));
      return ctx.signal.aborted ? 'cancelled' : 'failed';
    }
  }
  return undone === 0 ? 'nothing-to-do' : 'done';
}
