import { create } from 'zustand';
import type { Run } from '../../../shared/console-api/provisioning.ts';
import { call, on } from '../../api.ts';
import { withEvent } from './step-event.ts';

interface DemoPeople {
  readonly people: readonly { readonly jid: string; readonly password: string | null }[];
}

interface RunsState {
  readonly runs: Readonly<Record<string, Run>>;
  /** the people of the demo, with passwords that are shown this once */
  readonly demo: DemoPeople | null;
}

export const useRuns = create<RunsState>()(() => ({ runs: {}, demo: null }));

export const isRunning = (run: Run): boolean => run.outcome === 'running';

/** The last run for a domain that left something which undo would take back. */
export const lastToUndo = (runs: RunsState['runs'], domain: string): Run | undefined =>
  Object.values(runs)
    .filter((run) => run.domain === domain && run.kind === 'provision' && run.canUndo)
    .sort((a, b) => b.startedAt - a.startedAt)[0];

export function listenToRuns(): void {
  on('provisioning.run', (run) => {
    useRuns.setState(({ runs }) => ({ runs: { ...runs, [run.runId]: run } }));
    // what one run took back, another can no longer: only the engine knows
    if (run.outcome !== 'running') void loadRuns().catch(() => undefined);
  });
  on('provisioning.step', (event) =>
    useRuns.setState(({ runs }) => {
      const run = runs[event.runId];
      return run === undefined ? {} : { runs: { ...runs, [event.runId]: withEvent(run, event) } };
    }),
  );
}

export async function loadRuns(): Promise<void> {
  const { runs } = await call('provisioning.runs', {});
  useRuns.setState({ runs: Object.fromEntries(runs.map((run) => [run.runId, run])) });
}

export const cancel = (runId: string) => call('provisioning.cancel', { runId });

/** Answers with the run that takes it back. */
export const undo = async (runId: string): Promise<string> => (await call('provisioning.undo', { runId })).runId;

/** Begins the demo; its people are made when its run is done. */
export async function startDemo(): Promise<string> {
  useRuns.setState({ demo: null });
  const { runId } = await call('demo.start', {});
  void call('demo.people', {}).then(
    ({ people }) => useRuns.setState({ demo: { people } }),
    () => undefined, // the run's own page says why
  );
  return runId;
}

export const forgetDemoPasswords = (): void => useRuns.setState({ demo: null });
