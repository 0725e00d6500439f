import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Run, StepEvent } from '../../../shared/console-api/provisioning.ts';
import { withEvent } from './step-event.ts';

const event = (stepId: StepEvent['stepId'], state: StepEvent['state'], at: number): StepEvent => ({
  ...{ runId: 'r', stepId, state, at, seconds: null },
});
const step = (id: StepEvent['stepId']): Run['steps'][number] => ({
  ...{ id, title: '', detail: '', touches: [], undo: '', state: 'todo' as const },
  event: event(id, 'pending', 0),
});
const run: Run = {
  ...{ runId: 'r', kind: 'provision', domain: 'd', hostId: 'h', startedAt: 0, endedAt: null, outcome: 'running' },
  ...{ summary: '', steps: [step('folders'), step('binary')], connection: null, canUndo: false },
};

test('an event changes its own step alone', () => {
  const next = withEvent(run, event('binary', 'running', 5));
  assert.deepEqual(
    next.steps.map((it) => it.event.state),
    ['pending', 'running'],
  );
});

test('progress does not set the clock of a step back', () => {
  const next = withEvent(withEvent(run, event('binary', 'running', 5)), event('binary', 'running', 9));
  assert.equal(next.steps[1]?.event.at, 5);
  assert.equal(withEvent(next, event('binary', 'done', 12)).steps[1]?.event.at, 12);
});

test('the same step on another host is another', () => {
  const over = { ...run, steps: ['a', 'b'].map((hostId) => ({ ...step('binary'), hostId })) };
  const next = withEvent(over, { ...event('binary', 'done', 5), hostId: 'b' });
  assert.deepEqual(
    next.steps.map((it) => it.event.state),
    ['pending', 'done'],
  );
});
