import { type PlanStep, type StepEvent, StepId } from '../../shared/console-api/provisioning.ts';
import { faultOf } from '../../shared/errors.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import type { Host } from '../ssh/host.ts';
import { journalOn } from './journal.ts';
import type { Place } from './lead-undo.ts';
import { inWords, stepsByPart } from './plan.ts';
import type { Releases } from './releases.ts';
import { runSteps } from './run.ts';
import type { RunLog } from './run-log.ts';
import type { Step, Work } from './step.ts';
import { drain } from './steps/drain.ts';
import { undrain } from './steps/undrain.ts';
import { undoSteps } from './undo.ts';
import { workToUndo } from './work-to-undo.ts';

export interface LeadLeave {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly log: RunLog;
  readonly place: Place;
  readonly how: Leaving;
  /** lets PostgreSQL forget a host that has left. @throws ParleyError: why it could not */
  readonly close: (emit: (event: StepEvent) => void) => Promise<void>;
  readonly signal: AbortSignal;
}

/** drain: it stays, empty; undrain: and is taken back; remove: it goes, with or without the folder that holds its configuration */
export type Leaving = { readonly kind: 'drain' | 'undrain' } | { readonly kind: 'remove'; readonly keepData: boolean };

// All of the node's data is in the database that the nodes share: this is its configuration, certificate and passwords.
const DATA: readonly StepId[] = ['system-user', 'folders', 'cluster-files', 'configuration', 'certificate'];
const WAIT_SECONDS = 60;

/** A node drains, and leaves when that is wanted. It never rejects: the run's record says how it ended. */
export async function leadLeave(ctx: LeadLeave): Promise<void> {
  const { log, signal } = ctx;
  try {
    const end = await leave(ctx);
    const failure = log.current().steps.find((it) => it.event.state === 'failed')?.event.failure;
    if (end === 'failed' || end === 'cancelled')
      return log.end(
        end,
        `${end === 'cancelled' ? 'Cancelled.' : (failure?.what ?? 'A step failed.')} ${ctx.place.hostName} is still one of the domain's hosts.`,
      );
    log.end('done', `${summaryOf(ctx)}${ctx.how.kind === 'remove' ? await closed(ctx) : ''}`);
  } catch (error) {
    const { what, why, todo } = faultOf(error);
    log.end(signal.aborted ? 'cancelled' : 'failed', `${what} ${why} ${todo}`);
  }
}

async function leave({ connect, releases, log, place, how, signal, store }: LeadLeave) {
  const { runId, domain } = log.current();
  const { layout, address, hostId } = place;
  const host = await connect(hostId, signal);
  const journal = journalOn(host, layout);
  const lines = await journal.read(signal);
  const { cluster } = store.domain(domain)?.spec ?? {};
  const work = await workToUndo({ releases, target: undefined, cluster, layout, address, hostId }, domain, lines);
  const drained = await runSteps({
    ...{ host, work: { ...work, runId }, journal, signal, steps: [firstStep(work, how)], emit: log.event },
    begin: async () => undefined,
    upload: () => releases.open(work.release, work.codec),
    login: async () => undefined,
  });
  if (how.kind !== 'remove' || drained === 'failed' || drained === 'cancelled') return drained;
  const kept = how.keepData ? DATA : [];
  const which = new Set(StepId.options.filter((id) => !kept.includes(id)));
  const end = await undoSteps({
    ...{ host, root: layout.user !== null, runId, which, signal, steps: nodeSteps(work), emit: log.event },
    record: async () => undefined,
  });
  if (end === 'failed' || end === 'cancelled') return end;
  if (!how.keepData) await journal.remove();
  dropNode(store, domain, hostId);
  return 'done' as const;
}

/** The node is gone whatever comes of this, so what comes of it is only told. */
async function closed({ close, log }: LeadLeave): Promise<string> {
  try {
    await close(log.event);
    return '';
  } catch (error) {
    const { what, todo } = faultOf(error);
    return ` PostgreSQL lets it in until the domain is provisioned again: ${what} ${todo}`;
  }
}

const nodeSteps = (work: Work): Step[] => stepsByPart(work).node.filter((step) => step.undo !== null);

const firstStep = (work: Work, { kind }: Leaving): Step =>
  kind === 'undrain' ? undrain(work) : drain(work, WAIT_SECONDS);

export const leavingWords = ({ kind }: Leaving, host: string): string =>
  ({
    drain: `Draining the node on ${host}.`,
    undrain: `Taking back the node on ${host}.`,
    remove: `Removing the node on ${host}.`,
  })[kind];

/** What will be done, before it is. */
export function leavingSteps(work: Work, how: Leaving, closing: PlanStep | undefined): PlanStep[] {
  const inPlan = (step: Step): PlanStep => ({ ...inWords(step), state: 'todo' });
  const first = inPlan(firstStep(work, how));
  if (how.kind !== 'remove') return [first];
  // What is shown of the steps that follow is what taking them back does; draining goes forward here too.
  const back = nodeSteps(work).toReversed().map(inPlan);
  return [{ ...first, undo: first.detail }, ...back, ...(closing ? [closing] : [])];
}

/** The fleet forgets that the host is one of the domain's. */
export function dropNode(store: FleetStore, domain: string, hostId: string): void {
  store.removeNode(domain, hostId);
  const spec = store.domain(domain)?.spec;
  if (spec?.cluster === undefined) return;
  const hosts = spec.cluster.hosts.filter((it) => it !== hostId);
  store.putDomain({ ...spec, hostId: hosts[0] ?? spec.hostId, cluster: { ...spec.cluster, hosts } }, Date.now());
}

function summaryOf({ log, place, how, store }: LeadLeave): string {
  const { domain } = log.current();
  if (how.kind === 'drain')
    return `${place.hostName} takes nobody in any more. Undrain it to take people in again, or remove its node.`;
  if (how.kind === 'undrain') return `${place.hostName} takes people in again.`;
  const left = store.nodes(domain).length;
  const kept = how.kind === 'remove' && how.keepData ? ` ${place.layout.data} was left there.` : '';
  return `${place.hostName} is no longer one of the hosts of ${domain}; ${left} are left.${kept}`;
}
