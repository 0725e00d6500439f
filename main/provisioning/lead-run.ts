import type { ProvisionSpec, Run } from '../../shared/console-api/provisioning.ts';
import { faultOf } from '../../shared/errors.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
import { journalOn } from './journal.ts';
import { nothingToDo, stepsFor } from './plan.ts';
import { connectionOf, proveLogin } from './proof.ts';
import type { Releases } from './releases.ts';
import { runSteps } from './run.ts';
import { changesLeft, type RunLog } from './run-log.ts';
import type { Work } from './step.ts';

export interface LeadRun {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly log: RunLog;
  readonly work: Work;
  readonly spec: ProvisionSpec;
  readonly hostName: string;
  readonly signal: AbortSignal;
}

/** One provisioning from its first step to its end, whatever that is: it never rejects, the run's record says all. */
export async function leadRun({ store, connect, releases, log, work, spec, hostName, signal }: LeadRun): Promise<void> {
  try {
    const host = await connect(spec.hostId, signal);
    const journal = journalOn(host, work.layout);
    const { runId, release } = work;
    const end = await runSteps({
      ...{ host, work, journal, signal, steps: stepsFor(work), emit: log.event },
      begin: () => journal.add({ runId, kind: 'provision', at: Date.now(), spec, release }, signal),
      upload: () => releases.open(release, work.codec),
      login: (stop) => proveLogin(host, work, stop),
    });
    if (end !== 'done' && end !== 'nothing-to-do') return finish(store, log, end, hostName);
    const connection = await connectionOf(host, work, signal);
    store.setConnection(work.domain, connection);
    const done = `${work.domain} runs on ${hostName}, and a login from here works.`;
    log.end(end, end === 'done' ? done : `${nothingToDo(work, hostName)} A login from here works.`, connection);
  } catch (error) {
    const { what, why, todo } = faultOf(error);
    log.end(signal.aborted ? 'cancelled' : 'failed', `${what} ${why} ${todo}`);
    forgetUntouched(store, log.current());
  }
}

function finish(store: FleetStore, log: RunLog, end: 'failed' | 'cancelled', hostName: string): void {
  const run = log.current();
  const failure = run.steps.find((step) => step.event.state === 'failed')?.event.failure;
  const left = changesLeft(run)
    ? `What was done before it is still on ${hostName}: provision again to go on, or undo to take it back.`
    : `Nothing was changed on ${hostName}.`;
  log.end(end, `${end === 'cancelled' ? 'Cancelled.' : (failure?.what ?? 'A step failed.')} ${left}`);
  forgetUntouched(store, run);
}

/** A domain that never came to be is not kept in the fleet. */
function forgetUntouched(store: FleetStore, run: Run): void {
  const kept = store.runs(run.domain).some(changesLeft) || store.domain(run.domain)?.connection != null;
  if (!kept) store.removeDomain(run.domain);
}
