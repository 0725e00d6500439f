import { type Run, type StepEvent, StepId } from '../../shared/console-api/provisioning.ts';
import { faultOf, ParleyError } from '../../shared/errors.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import { Secret } from '../secrets/secret.ts';
import type { Host } from '../ssh/host.ts';
import { sh } from '../ssh/shell.ts';
import { changedSteps, type Journal, type JournalLine, journalOn, type RunHeader } from './journal.ts';
import type { Layout } from './layout.ts';
import { stepsFor } from './plan.ts';
import type { Releases } from './releases.ts';
import { changesLeft, hasChanged, type RunLog, withEvent } from './run-log.ts';
import { binaryPath, type Work } from './step.ts';
import { parleyd } from './steps/as-user.ts';
import { binary } from './steps/binary.ts';
import { undoSteps } from './undo.ts';

export interface LeadUndo {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly log: RunLog;
  readonly layout: Layout;
  /** the run that is taken back; undefined: everything of the domain is */
  readonly target: Run | undefined;
  readonly address: string;
  readonly hostName: string;
  readonly signal: AbortSignal;
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
  const { store, connect, log, layout, target, hostName, signal } = ctx;
  const { runId, domain, hostId } = log.current();
  const host = await connect(hostId, signal);
  const journal = journalOn(host, layout);
  const lines = await journal.read(signal);
  const root = layout.user !== null;
  const work = await workToUndo(ctx, domain, lines);
  const which = target ? changedBy(target, lines) : new Set<StepId>(StepId.options);
  if (target && which.has('configuration')) await requireUnused(host, work, signal);
  const settle = async (event: StepEvent) => {
    if (target) {
      await journal.add(event, signal);
      markUndone(store, target.runId, event);
    }
  };
  const end = await undoSteps({
    ...{ host, root, runId, which, signal, steps: stepsFor(work), emit: log.event },
    record: settle,
  });
  if (end === 'failed' || end === 'cancelled') return { outcome: end, summary: stopped(log.current(), end) };
  if (target === undefined) await dropOlder(host, work, lines, signal);
  await tidy(ctx, journal);
  const words = target
    ? `What that run changed on ${hostName} is taken back.`
    : `${domain} is off ${hostName}; nothing of it is left there.`;
  return { outcome: end, summary: words };
}

/** A domain that was upgraded has brought more than one version; each goes, unless another domain runs it. */
async function dropOlder(host: Host, work: Work, lines: readonly JournalLine[], signal: AbortSignal): Promise<void> {
  for (const line of lines) {
    const undo = 'release' in line ? binary({ ...work, release: line.release }).undo : null;
    if (undo !== null) await host.exec(undo, { root: work.layout.user !== null, signal });
  }
}

/** The journal goes last, when no change of any run is left to be known. */
async function tidy({ store, log, target }: LeadUndo, journal: Journal): Promise<void> {
  const { domain } = log.current();
  if (target && changedSteps(await journal.read()).size > 0) return;
  await journal.remove();
  for (const run of store.runs(domain)) if (run.canUndo) store.putRun({ ...run, canUndo: false });
  store.removeDomain(domain);
}

/** What the host's journal says, and what this console saw: the host may have lost its last lines in a power cut. */
function changedBy(target: Run, lines: readonly JournalLine[]): Set<StepId> {
  const seen = target.steps.filter(hasChanged).map((it) => it.id);
  return new Set([...changedSteps(lines, target.runId), ...seen]);
}

function markUndone(store: FleetStore, runId: string, event: StepEvent): void {
  const run = store.run(runId);
  if (run === undefined) return;
  const next = withEvent(run, { ...event, runId });
  store.putRun({ ...next, canUndo: changesLeft(next) });
}

/** As much of the work as undoing it takes: which executable it was, and whether a certificate was given. */
async function workToUndo(ctx: LeadUndo, domain: string, lines: readonly JournalLine[]): Promise<Work> {
  const { releases, layout, address, target } = ctx;
  const headers = lines.filter((line): line is RunHeader => 'spec' in line);
  const header = headers.find((it) => it.runId === target?.runId) ?? headers.at(-1);
  const release = header?.release ?? (await releases.find(releases.architectures()[0] ?? 'x64'));
  const given = header?.spec.certificate.kind === 'given';
  return {
    ...{ runId: target?.runId ?? 'none', domain, address, layout, release, codec: 'none', settings: {} },
    ports: { c2s: 5222, c2sTls: 5223 },
    certificate: given ? { pem: '', sha256: '', key: new Secret('') } : null,
  };
}

/** Undo would take accounts and messages with it; that is what Remove asks about. */
async function requireUnused(host: Host, work: Work, signal: AbortSignal): Promise<void> {
  const path = binaryPath(work);
  const list = parleyd(work, path, ['user', 'list', '--json', '--data', work.layout.data]);
  const whole = sh`[ -x ${path} ] && [ -f ${work.layout.data}/parleyd.toml ]`;
  const root = work.layout.user !== null;
  const { code, stdout, stderr } = await host.exec(
    sh`{ ${whole}; } || exit 0
${list}`,
    { root, signal },
  );
  if (code !== 0) throw cantTell(work.domain, stderr.trim());
  const people = JSON.parse(stdout.trim().split('\n').at(-1) || '[]') as unknown;
  if (Array.isArray(people) && people.length > 0)
    throw new ParleyError({
      code: 'in-use',
      what: `${work.domain} is in use: ${people.length} ${people.length === 1 ? 'person has' : 'people have'} an account.`,
      why: 'Undo would take their accounts and messages with it.',
      todo: `If that is meant, remove the domain: parley domain remove ${work.domain}.`,
    });
}

const cantTell = (domain: string, words: string) =>
  new ParleyError({
    code: 'in-use',
    what: `Whether ${domain} is in use can't be told.`,
    why: `Asked for its people, the host said: ${words}`,
    todo: `If it may go with all that is in it, remove the domain: parley domain remove ${domain}.`,
  });

function stopped(run: Run, end: 'failed' | 'cancelled'): string {
  const failure = run.steps.find((step) => step.event.state === 'failed')?.event.failure;
  return `${end === 'cancelled' ? 'Cancelled.' : (failure?.what ?? 'A step could not be taken back.')} What is left can be undone again.`;
}
