import type { Connection, PlanStep, Run, StepEvent } from '../../shared/console-api/provisioning.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';

/** What is told while a run goes on. */
export interface RunEvents {
  step(event: StepEvent): void;
  run(run: Run): void;
}

/** One run as it goes: kept in the fleet, told as events. */
export interface RunLog {
  readonly runId: string;
  current(): Run;
  event(event: StepEvent): void;
  end(outcome: Run['outcome'], summary: string, connection?: Connection): void;
}

export function openRunLog(
  store: FleetStore,
  events: RunEvents,
  what: Pick<Run, 'runId' | 'kind' | 'domain' | 'hostId' | 'hosts' | 'adds'> & {
    readonly steps: readonly PlanStep[];
    readonly summary: string;
  },
): RunLog {
  const startedAt = Date.now();
  const pending = ({ id: stepId, hostId }: PlanStep): StepEvent => ({
    ...{ runId: what.runId, stepId, at: startedAt, state: 'pending', seconds: null },
    ...(hostId !== undefined && { hostId }),
  });
  let run: Run = {
    ...what,
    startedAt,
    endedAt: null,
    outcome: 'running',
    steps: what.steps.map((step) => ({ ...step, event: pending(step) })),
    connection: null,
    canUndo: false,
  };
  const save = () => store.putRun(run);
  save();
  events.run(run);
  return {
    runId: what.runId,
    current: () => run,
    event(event) {
      run = withEvent(run, event);
      // Progress is worth telling, not keeping.
      if (event.progress === undefined && event.note === undefined) save();
      events.step(event);
    },
    end(outcome, summary, connection) {
      run = { ...run, endedAt: Date.now(), outcome, summary, connection: connection ?? null };
      run = { ...run, canUndo: changesLeft(run) };
      save();
      events.run(run);
    },
  };
}

/** The same step on another host is another. */
const isOf = (event: StepEvent, { id, hostId }: PlanStep): boolean => event.stepId === id && event.hostId === hostId;

export const withEvent = (run: Run, event: StepEvent): Run => ({
  ...run,
  steps: run.steps.map((step) => (isOf(event, step) ? { ...step, event } : step)),
});

/** Whether a step has begun to change the host and has not been taken back. The login leaves nothing. */
export const hasChanged = ({ id, event }: Run['steps'][number]): boolean =>
  id !== 'verify' && id !== 'cluster' && ['running', 'done', 'failed'].includes(event.state) && event.begun !== false;

export const changesLeft = (run: Run): boolean => run.kind === 'provision' && run.steps.some(hasChanged);

/** A run whose process is gone will never end by itself. */
export function settleOpenRuns(store: FleetStore, isAlive: (pid: number) => boolean): void {
  for (const { pid, record } of store.openRuns()) {
    if (isAlive(pid)) continue;
    const run: Run = {
      ...record,
      outcome: 'interrupted',
      endedAt: Date.now(),
      summary: 'Parley ended in the middle of this run. Provision again to finish it, or undo it.',
    };
    store.putRun({ ...run, canUndo: changesLeft(run) });
  }
}
