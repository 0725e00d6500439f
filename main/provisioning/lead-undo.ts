import { type Run, type StepEvent, StepId } from '../../shared/console-api/provisioning.ts';
import { faultOf } from '../../shared/errors.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
import { sh } from '../ssh/shell.ts';
import { changedSteps, type Journal, type JournalLine, journalOn } from './journal.ts';
import type { Layout } from './layout.ts';
import { whereOf } from './lead-run.ts';
import type { Releases } from './releases.ts';
import { changesLeft, hasChanged, type RunLog, withEvent } from './run-log.ts';
import { type Part, type Site, stagesOf } from './stages.ts';
import { binary } from './steps/binary.ts';
import { undoSteps } from './undo.ts';
import { requireUnused, workToUndo } from './work-to-undo.ts';

/** A host where something is taken back. */
export interface Place {
  readonly hostId: string;
  readonly hostName: string;
  readonly address: string;
  readonly layout: Layout;
}

export interface LeadUndo {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly log: RunLog;
  readonly places: readonly Place[];
  /** the run that is taken back; undefined: everything of the domain is */
  readonly target: Run | undefined;
  readonly signal: AbortSignal;
}

/** A host as it is found before anything is taken back there. */
interface Found extends Site {
  readonly host: Host;
  readonly journal: Journal;
  readonly lines: readonly JournalLine[];
  readonly which: ReadonlySet<StepId>;
}

/** Takes back one run, or all of a domain. It never rejects: the run's record says how it ended. */
export async function leadUndo(ctx: LeadUndo): Promise<void> {
  const { log, signal } = ctx;
  try {
    const end = await takeBack(ctx);
    log.end(end.outcome, end.summary);
  } catch (error) {
    const { what, why, todo } = faultOf(error);
    log.end(signal.aborted ? 'cancelled' : 'failed', `${what} ${why} ${todo}`);
  }
}

async function takeBack(ctx: LeadUndo): Promise<{ outcome: Run['outcome']; summary: string }> {
  const { log, target, places, signal } = ctx;
  const { domain } = log.current();
  const found = await Promise.all(places.map((place) => find(ctx, place)));
  const made = found.find((it) => target && it.which.has('configuration') && it.work.cluster?.first !== false);
  if (made) await requireUnused(made.host, made.work, signal);
  const ends: Awaited<ReturnType<typeof undoSteps>>[] = [];
  for (const stage of stagesOf(found).toReversed()) {
    const these = await Promise.all(stage.map((part) => undoPart(ctx, part, found)));
    const bad = these.find((it) => it === 'cancelled') ?? these.find((it) => it === 'failed');
    if (bad) return { outcome: bad, summary: stopped(log.current(), bad) };
    ends.push(...these);
  }
  for (const it of found) if (target === undefined) await dropOlder(it, signal);
  await tidy(ctx, found);
  const where = whereOf(places);
  const words = target
    ? `What that run changed on ${where} is taken back.`
    : `${domain} is off ${where}; nothing of it is left there.`;
  return { outcome: ends.includes('done') ? 'done' : 'nothing-to-do', summary: words };
}

async function find({ connect, log, target, signal, releases }: LeadUndo, place: Place): Promise<Found> {
  const { hostId, hostName, layout, address } = place;
  const { domain } = log.current();
  const host = await connect(hostId, signal);
  const journal = journalOn(host, layout);
  const lines = await journal.read(signal);
  const work = await workToUndo({ releases, target, layout, address, hostId }, domain, lines);
  const which = target ? changedBy(target, hostId, lines) : new Set<StepId>(StepId.options);
  return { hostId, hostName, host, journal, lines, work, which };
}

function undoPart({ store, log, target, places, signal }: LeadUndo, { site, steps }: Part, found: readonly Found[]) {
  const { host, journal, which, work } = found.find((it) => it.hostId === site.hostId) as Found;
  const settle = async (event: StepEvent) => {
    if (target) {
      await journal.add(event, signal);
      markUndone(store, target.runId, event);
    }
  };
  return undoSteps({
    ...{ host, root: work.layout.user !== null, runId: log.runId, which, signal, steps, emit: log.event },
    ...(places.length > 1 && { hostId: site.hostId }),
    record: settle,
  });
}

/** A domain that was upgraded has brought more than one version; each goes, unless another domain runs it. */
async function dropOlder({ host, work, lines }: Found, signal: AbortSignal): Promise<void> {
  for (const line of lines) {
    const undo = 'release' in line ? binary({ ...work, release: line.release }).undo : null;
    if (undo !== null) await host.exec(undo, { root: work.layout.user !== null, signal });
  }
  const { versions, user } = work.layout;
  const empty = sh`if [ -d ${versions} ]; then rmdir --ignore-fail-on-non-empty ${versions}; fi`;
  await host.exec(empty, { root: user !== null, signal });
}

/** The journal goes last, when no change of any run is left to be known. */
async function tidy({ store, log, target }: LeadUndo, found: readonly Found[]): Promise<void> {
  const { domain } = log.current();
  const left: Found[] = [];
  for (const it of found) {
    if (target && changedSteps(await it.journal.read()).size > 0) left.push(it);
    else await it.journal.remove();
  }
  if (left.length > 0) {
    // A host that the run had only just brought is none of the domain's any more.
    for (const it of found) if (!left.includes(it)) store.removeNode(domain, it.hostId);
    return;
  }
  for (const run of store.runs(domain)) if (run.canUndo) store.putRun({ ...run, canUndo: false });
  store.removeDomain(domain);
}

/** What the host's journal says, and what this console saw: the host may have lost its last lines in a power cut. */
function changedBy(target: Run, hostId: string, lines: readonly JournalLine[]): Set<StepId> {
  const here = target.steps.filter((it) => it.hostId === undefined || it.hostId === hostId);
  return new Set([...changedSteps(lines, target.runId), ...here.filter(hasChanged).map((it) => it.id)]);
}

function markUndone(store: FleetStore, runId: string, event: StepEvent): void {
  const run = store.run(runId);
  if (run === undefined) return;
  const next = withEvent(run, { ...event, runId });
  store.putRun({ ...next, canUndo: changesLeft(next) });
}

function stopped(run: Run, end: 'failed' | 'cancelled'): string {
  const failure = run.steps.find((step) => step.event.state === 'failed')?.event.failure;
  return `${end === 'cancelled' ? 'Cancelled.' : (failure?.what ?? 'A step could not be taken back.')} What is left can be undone again.`;
}
