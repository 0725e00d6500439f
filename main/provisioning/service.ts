import type { FactsSummary } from '../../shared/console-api/hosts.ts';
import type { Plan, ProvisionSpec, Run, StepEvent } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { FleetStore, HostRow } from '../fleet/fleet-store.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { addressText } from '../ssh/address.ts';
import type { Host } from '../ssh/host.ts';
import { closeTo, closingStep } from './close-to.ts';
import { ClusterSecrets } from './cluster/cluster-secrets.ts';
import { summaryOf } from './facts.ts';
import { type Layout, localLayout, systemLayout } from './layout.ts';
import { type Leaving, leadLeave, leavingSteps, leavingWords } from './lead-leave.ts';
import { leadRun, whereOf } from './lead-run.ts';
import { leadUndo } from './lead-undo.ts';
import { makePlan, newId, type Planned } from './make-plan.ts';
import { forgetNode, requireCluster, requireNode, requireRemovable, specWith } from './nodes.ts';
import { probe } from './probe.ts';
import { createQueue, underAll } from './queue.ts';
import type { Releases } from './releases.ts';
import { openRunLog, type RunEvents, type RunLog, settleOpenRuns } from './run-log.ts';
import { workToUndo } from './work-to-undo.ts';

export interface ProvisioningDeps {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  /** where a domain of this computer lives */
  readonly localRoot: string;
  readonly events: RunEvents;
  /** where what holds a domain's hosts together is kept, and how that is opened */
  readonly cluster: {
    readonly secrets: () => SecretStore;
    readonly open: (signal?: AbortSignal) => Promise<void>;
  };
  /** true: this process stays after a plan was made, so it is worth beginning what the run will need */
  readonly longLived: boolean;
}

/** How long a plan may be acted on: after that the host may have become another. */
const PLAN_MS = 10 * 60_000;

export type Provisioning = ReturnType<typeof createProvisioning>;

/** Plans, runs and their undoing: one run at a time on a host. */
export function createProvisioning(deps: ProvisioningDeps) {
  const { store, connect, releases, events } = deps;
  const plans = new Map<string, Planned>();
  const active = new Map<string, { abort: AbortController; ended: Promise<Run>; log: RunLog }>();
  const queue = createQueue();
  settleOpenRuns(store, isAlive);

  const hostRow = (id: string): HostRow => store.host(id) ?? notFound('host', id, 'parley host list shows them.');
  const layoutOf = (row: HostRow, domain: string): Layout =>
    row.kind === 'local' ? localLayout(domain, deps.localRoot) : systemLayout(domain);
  const addressOf = (row: HostRow) => (row.kind === 'local' ? '127.0.0.1' : row.address);
  const nameOf = (row: HostRow) => (row.kind === 'local' ? 'this computer' : addressText(row));

  const planDeps = { ...deps, hostRow, layoutOf, nameOf, addressOf };

  function requireIdle(domain: string): void {
    const going = [...active.values()].map((it) => it.log.current());
    for (const it of going)
      if (it.domain === domain && it.endedAt === null)
        throw fault(
          'busy',
          `${domain} is being worked on.`,
          'Another run for it goes on.',
          'Wait until it ends, or cancel it.',
        );
  }

  function lead(log: RunLog, work: (signal: AbortSignal) => Promise<void>): string {
    const abort = new AbortController();
    const { hostId, hosts } = log.current();
    const keys = hosts?.map((it) => it.hostId) ?? [hostId];
    const ended = underAll(queue, keys, () => work(abort.signal)).then(() => log.current());
    const { runId } = log;
    active.set(runId, { abort, ended, log });
    const done = () => active.delete(runId);
    ended.then(done, done);
    return runId;
  }

  return {
    layoutOf: (domain: string, hostId = store.domain(domain)?.host_id ?? ''): Layout =>
      layoutOf(hostRow(hostId), domain),

    async facts(hostId: string, signal?: AbortSignal): Promise<FactsSummary> {
      const row = hostRow(hostId);
      const facts = await probe(await connect(hostId, signal), layoutOf(row, 'host.invalid'), signal);
      store.hostSeen(hostId, Date.now(), `${facts.system}, ${facts.architecture}`);
      return summaryOf(facts);
    },

    /** @throws ParleyError: why a host could not be looked at, `domain-elsewhere`, `bad-certificate`, `no-release` */
    async plan(given: ProvisionSpec, signal?: AbortSignal): Promise<Plan> {
      const planned = await makePlan(planDeps, given, signal);
      const { plan, sites } = planned;
      const [first] = sites;
      if (first && plan.uploadBytes > 0 && deps.longLived) releases.prepare(first.work.release, first.work.codec);
      plans.set(plan.planId, planned);
      return plan;
    },

    /** Begins what a plan says. @throws ParleyError `plan-gone`, `stopped-by-finding`, `busy` */
    async run(planId: string): Promise<string> {
      const found = plans.get(planId);
      if (found === undefined || Date.now() - found.plan.madeAt > PLAN_MS) throw planGone();
      const { runId, plan, sites, secrets, adds } = found;
      const { spec, steps, summary } = plan;
      const stopper = plan.findings.find((it) => it.stops);
      if (stopper) throw fault('stopped-by-finding', stopper.what, stopper.why, stopper.todo);
      requireIdle(spec.domain);
      plans.delete(planId);
      // Kept before a host has any of them: what was lost between could be put right by nobody.
      await secrets?.save(deps.cluster.secrets());
      requireIdle(spec.domain);
      const what = {
        runId,
        kind: 'provision',
        domain: spec.domain,
        hostId: spec.hostId,
        ...(adds && { adds }),
      } as const;
      store.putDomain(spec, Date.now());
      for (const hostId of spec.cluster?.hosts ?? []) store.addNode(spec.domain, hostId, Date.now());
      const log = openRunLog(store, events, { ...what, ...several(sites), steps, summary });
      return lead(log, (signal) => leadRun({ ...deps, log, sites, spec, signal }));
    },

    cancel(runId: string): void {
      active.get(runId)?.abort.abort();
    },

    /** resolves when a run has ended, however it ended */
    ended: (runId: string): Promise<Run> => active.get(runId)?.ended ?? Promise.resolve(requireRun(store, runId)),

    /** Takes a run back. @throws ParleyError `nothing-to-undo`, `busy` */
    undo(runId: string): string {
      const target = requireRun(store, runId);
      if (!target.canUndo)
        throw fault(
          'nothing-to-undo',
          'There is nothing to undo.',
          'That run has changed nothing that is still there.',
          'Nothing needs to be done.',
        );
      requireIdle(target.domain);
      return leadBack(target.domain, target.hosts?.map((it) => it.hostId) ?? [target.hostId], target);
    },

    /** Takes everything of a domain off its host. @throws ParleyError `no-domain`, `busy` */
    remove(domain: string): string {
      const row = store.domain(domain) ?? notFound('domain', domain, 'parley domain list shows them.');
      requireIdle(domain);
      const nodes = store.nodes(domain).map((it) => it.host_id);
      return leadBack(domain, nodes.length === 0 ? [row.host_id] : nodes);
    },

    /** One host more for a domain. @throws ParleyError `alone`, and those of plan() */
    async planNode(domain: string, hostId: string, signal?: AbortSignal): Promise<Plan> {
      const plan = await this.plan(specWith(requireCluster(store, domain), hostId), signal);
      const planned = plans.get(plan.planId);
      if (planned) plans.set(plan.planId, { ...planned, adds: nameOf(hostRow(hostId)) });
      return plan;
    },

    /** Sends a node's people elsewhere, and takes it off its host when that is wanted; or lets people in again. @throws ParleyError `busy`, `no-node`, `carries-servers`, `last-nodes` */
    async leave(domain: string, hostId: string, how: Leaving): Promise<string> {
      const { cluster } = requireCluster(store, domain).spec;
      requireNode(store, domain, hostId);
      if (how.kind === 'remove') requireRemovable(store, domain, hostId);
      requireIdle(domain);
      const place = placeOf(hostRow(hostId), domain);
      const work = await workToUndo({ releases, target: undefined, cluster, ...place }, domain, []);
      const kind = how.kind === 'remove' ? 'remove-node' : how.kind;
      const log = openRunLog(store, events, {
        ...{ runId: newId('n'), kind, domain, hostId, steps: leavingSteps(work, how, closingStep(cluster, work)) },
        summary: leavingWords(how, place.hostName),
      });
      return lead(log, (signal) => {
        const close = (emit: (event: StepEvent) => void) => closeTo(planDeps, domain, log.runId, emit, signal);
        return leadLeave({ ...deps, log, place, how, signal, close });
      });
    },

    /** @throws ParleyError `busy`, `no-node`, `carries-servers`, `last-nodes` */
    forgetNode(domain: string, hostId: string): void {
      requireIdle(domain);
      forgetNode(store, domain, hostId);
    },

    runs: (domain?: string): Run[] => store.runs(domain),
    get: (runId: string): Run => requireRun(store, runId),

    /** Stops what goes on; waits for it, so that each run is recorded as it ended. */
    async close(): Promise<void> {
      for (const it of active.values()) it.abort.abort();
      await Promise.allSettled([...active.values()].map((it) => it.ended));
    },
  };

  function placeOf(row: HostRow, domain: string) {
    return { hostId: row.id, hostName: nameOf(row), address: addressOf(row), layout: layoutOf(row, domain) };
  }

  function leadBack(domain: string, hostIds: readonly string[], target?: Run): string {
    const places = hostIds.map((id) => placeOf(hostRow(id), domain));
    const runId = newId('u');
    const words = target ? 'Taking back what the run changed.' : `Taking ${domain} off ${whereOf(places)}.`;
    const kind = target ? 'undo' : 'remove';
    const last = target ?? store.runs(domain).find((it) => it.kind === 'provision');
    const log = openRunLog(store, events, {
      ...{ runId, kind, domain, hostId: hostIds[0] ?? '', ...several(places) },
      ...{ steps: last?.steps.map(bare) ?? [], summary: words },
    });
    return lead(log, async (signal) => {
      await leadUndo({ ...deps, log, places, target, signal });
      const gone = places.length > 1 && store.domain(domain) === undefined;
      if (gone) await ClusterSecrets.forget(domain, deps.cluster.secrets()).catch(() => undefined);
    });
  }
}

const several = (sites: readonly { readonly hostId: string; readonly hostName: string }[]) =>
  sites.length < 2 ? {} : { hosts: sites.map(({ hostId, hostName }) => ({ hostId, host: hostName })) };

const bare = ({ event: _event, ...step }: Run['steps'][number]) => ({ ...step, state: 'todo' as const });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function requireRun(store: FleetStore, runId: string): Run {
  return store.run(runId) ?? notFound('run', runId, 'parley undo DOMAIN finds the last one.');
}

function notFound(kind: string, id: string, todo: string): never {
  throw fault(`no-${kind}`, `There is no ${kind} '${id}'.`, 'The fleet does not know it.', todo);
}

const fault = (code: string, what: string, why: string, todo: string) => new ParleyError({ code, what, why, todo });

const planGone = () =>
  fault(
    'plan-gone',
    'This plan can no longer be run.',
    'It was run already, or was made more than ten minutes ago.',
    'Look at the host again: a new plan says what is to be done now.',
  );
