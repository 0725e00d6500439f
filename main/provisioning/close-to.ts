import type { ClusterSpec, PlanStep, StepEvent } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import { journalOn } from './journal.ts';
import { makePlan, type PlanDeps } from './make-plan.ts';
import { requireCluster } from './nodes.ts';
import { stepsByPart } from './plan.ts';
import { runSteps } from './run.ts';
import type { Work } from './step.ts';

/**
 * Lets PostgreSQL know the hosts that are left, where Parley has installed it: a plan for them is made, and of it only the
 * database's part is done. @throws ParleyError: why it could not be
 */
export async function closeTo(
  deps: PlanDeps,
  domain: string,
  runId: string,
  emit: (event: StepEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = requireCluster(deps.store, domain);
  if (spec.cluster.postgres.kind !== 'installed') return;
  const { sites } = await makePlan(deps, spec, signal);
  const site = sites.find(({ work }) => work.cluster?.database);
  if (site === undefined) return;
  const host = await deps.connect(site.hostId, signal);
  let why = '';
  const end = await runSteps({
    ...{ host, work: { ...site.work, runId }, journal: journalOn(host, site.work.layout), signal },
    steps: stepsByPart(site.work).database,
    begin: async () => undefined,
    upload: () => deps.releases.open(site.work.release, site.work.codec),
    login: async () => undefined,
    emit: (event) => {
      why ||= event.failure?.what ?? '';
      if (event.stepId === 'database') emit(event);
    },
  });
  if (end === 'failed' || end === 'cancelled') throw stillOpen(site.hostName, why);
}

/** What is shown for it; it touches what the database's step touches. */
export const closingStep = ({ postgres }: ClusterSpec, { layout }: Work): PlanStep | undefined =>
  postgres.kind === 'installed'
    ? {
        ...{ id: 'database', title: 'Close the database to it', state: 'todo' },
        detail: 'PostgreSQL lets in the hosts that are left, and no other.',
        touches: [`/etc/postgresql/VERSION/${layout.servers.database}/pg_hba.conf`],
        undo: 'PostgreSQL lets in the hosts that are left, and no other.',
      }
    : undefined;

const stillOpen = (hostName: string, why: string) =>
  new ParleyError({
    code: 'still-open',
    what: `${hostName} still lets it in.`,
    why: why === '' ? 'It was cancelled.' : why,
    todo: 'Provision the domain again.',
  });
