import type { ProvisionSpec, Run, StepEvent } from '../../shared/console-api/provisioning.ts';
import { faultOf } from '../../shared/errors.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
import { journalOn } from './journal.ts';
import { nothingToDo } from './plan.ts';
import { connectionOf, proveLogin } from './proof.ts';
import type { Releases } from './releases.ts';
import { type RunEnd, runSteps } from './run.ts';
import { changesLeft, type RunLog } from './run-log.ts';
import { type Part, type Site, stagesOf } from './stages.ts';

export interface LeadRun {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly log: RunLog;
  /** the first is the one that clients are told of */
  readonly sites: readonly Site[];
  readonly spec: ProvisionSpec;
  readonly signal: AbortSignal;
}

/** One provisioning from its first step to its end, whatever that is: it never rejects, the run's record says all. */
export async function leadRun(ctx: LeadRun): Promise<void> {
  const { store, connect, log, sites, signal } = ctx;
  const where = whereOf(sites);
  try {
    const hosts = await Promise.all(sites.map(({ hostId }) => connect(hostId, signal)));
    const end = await runStages(ctx, new Map(sites.map(({ hostId }, i) => [hostId, hosts[i] as Host])));
    if (end !== 'done' && end !== 'nothing-to-do') return finish(store, log, end, where);
    const [first] = sites as readonly [Site];
    const connection = await connectionOf(hosts[0] as Host, first.work, signal);
    const all = { ...connection, ...(sites.length > 1 && { addresses: sites.map(({ work }) => work.address) }) };
    const { domain } = first.work;
    store.setConnection(domain, all);
    const proof =
      sites.length > 1 ? 'each node sees the others, and logins from here work' : 'and a login from here works';
    const done = `${domain} runs on ${where}, ${proof}.`;
    log.end(
      end,
      end === 'done' ? done : `${nothingToDo(first.work, where)} ${capital(proof.replace(/^and /, ''))}.`,
      all,
    );
  } catch (error) {
    const { what, why, todo } = faultOf(error);
    log.end(signal.aborted ? 'cancelled' : 'failed', `${what} ${why} ${todo}`);
    forgetUntouched(store, log.current());
  }
}

export const whereOf = (sites: readonly { readonly hostName: string }[]): string =>
  sites.length === 1 ? (sites[0]?.hostName ?? '') : `${sites.length} hosts`;

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** Stage after stage, the hosts of each side by side; one that fails lets the others of its stage come to their end. */
async function runStages(ctx: LeadRun, hosts: ReadonlyMap<string, Host>): Promise<RunEnd> {
  const begun = new Map<string, Promise<void>>();
  const ends: RunEnd[] = [];
  for (const stage of stagesOf(ctx.sites)) {
    const these = await Promise.all(
      stage.map((part) => runPart(ctx, part, hosts.get(part.site.hostId) as Host, begun)),
    );
    const bad = these.find((it) => it === 'cancelled') ?? these.find((it) => it === 'failed');
    if (bad) return bad;
    ends.push(...these);
  }
  return ends.includes('done') ? 'done' : 'nothing-to-do';
}

function runPart(
  { releases, log, spec, sites, signal }: LeadRun,
  part: Part,
  host: Host,
  begun: Map<string, Promise<void>>,
) {
  const { site, steps } = part;
  const { hostId, work } = site;
  const journal = journalOn(host, work.layout);
  const { runId, release } = work;
  const several = sites.length > 1;
  const begin = () => journal.add({ runId, kind: 'provision', at: Date.now(), spec, release }, signal);
  return runSteps({
    ...{ host, work, journal, signal, steps },
    ...(several && { hostId }),
    emit: (event) => log.event(several ? naming(event, site.hostName) : event),
    // One header a host, whichever of its parts changes something first.
    begin: () => {
      const before = begun.get(hostId) ?? begin();
      begun.set(hostId, before);
      return before;
    },
    upload: () => releases.open(release, work.codec),
    login: (stop) => proveLogin(host, work, stop),
  });
}

/** Where there are several hosts, a failure says on which. */
const naming = (event: StepEvent, hostName: string): StepEvent =>
  event.failure ? { ...event, failure: { ...event.failure, what: `${hostName}: ${event.failure.what}` } } : event;

function finish(store: FleetStore, log: RunLog, end: 'failed' | 'cancelled', where: string): void {
  const run = log.current();
  const failure = run.steps.find((step) => step.event.state === 'failed')?.event.failure;
  const left = changesLeft(run)
    ? `What was done before it is still on ${where}: provision again to go on, or undo to take it back.`
    : `Nothing was changed on ${where}.`;
  log.end(end, `${end === 'cancelled' ? 'Cancelled.' : (failure?.what ?? 'A step failed.')} ${left}`);
  forgetUntouched(store, run);
}

/** A domain that never came to be is not kept in the fleet. */
function forgetUntouched(store: FleetStore, run: Run): void {
  const kept = store.runs(run.domain).some(changesLeft) || store.domain(run.domain)?.connection != null;
  if (!kept) store.removeDomain(run.domain);
}
