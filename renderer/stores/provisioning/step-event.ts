import type { Run, StepEvent } from '../../../shared/console-api/provisioning.ts';

/** A run with one step's news in it. A step that goes on keeps the time at which it began. */
export function withEvent(run: Run, event: StepEvent): Run {
  const put = (step: Run['steps'][number]) => {
    const goesOn = step.event.state === 'running' && event.state === 'running';
    return { ...step, event: goesOn ? { ...event, at: step.event.at } : event };
  };
  return {
    ...run,
    steps: run.steps.map((step) => (step.id === event.stepId && step.hostId === event.hostId ? put(step) : step)),
  };
}
