import { randomBytes } from 'node:crypto';
import type { FactsSummary } from '../../shared/console-api/hosts.ts';
import type { Plan, ProvisionSpec, Run } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { FleetStore, HostRow } from '../fleet/fleet-store.ts';
import { addressText } from '../ssh/address.ts';
import type { Host } from '../ssh/host.ts';
import { summaryOf } from './facts.ts';
import { keptPorts } from './findings.ts';
import { type Layout, localLayout, systemLayout } from './layout.ts';
import { leadRun } from './lead-run.ts';
import { leadUndo } from './lead-undo.ts';
import { planFor, stepsFor } from './plan.ts';
import { probe, whatHolds } from './probe.ts';
import { createQueue } from './queue.ts';
import type { Releases } from './releases.ts';
import { openRunLog, type RunEvents, type RunLog, settleOpenRuns } from './run-log.ts';
import type { Work } from './step.ts';
import { workFor } from './work.ts';

export interface ProvisioningDeps {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  /** where a domain of this computer lives */
  readonly localRoot: string;
  readonly events: RunEvents;
  /** true: this process stays after a plan was made, so it is worth beginning what the run will need */
  readonly longLived: boolean;
}

/** How long a plan may be acted on: after that the host may have become another. */
const PLAN_MS = 10 * 60_000;

export type Provisioning = ReturnType<typeof createProvisioning>;

/** Plans, runs and their undoing: one run at a time on a host. */
export function createProvisioning(deps: ProvisioningDeps) {
  const { store, connect, releases, events } = deps;
  const plans = new Map<string, { plan: Plan; work: Work }>();
  const active = new Map<string, { abort: AbortController; ended: Promise<Run>; log: RunLog }>();
  const queue = createQueue();
  settleOpenRuns(store, isAlive);

  const hostRow = (id: string): HostRow => store.host(id) ?? notFound('host', id, 'parley host list shows them.');
  const layoutOf = (row: HostRow, domain: string): Layout =>
    row.kind === 'local' ? localLayout(domain, deps.localRoot) : systemLayout(domain);
  const addressOf = (row: HostRow) => (row.kind === 'local' ? '127.0.0.1' : row.address);
  const nameOf = (row: HostRow) => (row.kind === 'local' ? 'this computer' : addressText(row));

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

  function lead(log: RunLog, row: HostRow, work: (signal: AbortSignal) => Promise<void>): string {
    const abort = new AbortController();
    const ended = queue(row.id, () => work(abort.signal)).then(() => log.current());
    const { runId } = log;
    active.set(runId, { abort, ended, log });
    const done = () => active.delete(runId);
    ended.then(done, done);
    return runId;
  }

  return {
    layoutOf: (domain: string): Layout => layoutOf(hostRow(store.domain(domain)?.host_id ?? ''), domain),

    async facts(hostId: string, signal?: AbortSignal): Promise<FactsSummary> {
      const row = hostRow(hostId);
      const facts = await probe(await connect(hostId, signal), layoutOf(row, 'host.invalid'), signal);
      store.hostSeen(hostId, Date.now(), `${facts.system}, ${facts.architecture}`);
      return summaryOf(facts);
    },

    /** @throws ParleyError: why the host could not be looked at, `domain-elsewhere`, `bad-certificate`, `no-release` */
    async plan(spec: ProvisionSpec, signal?: AbortSignal): Promise<Plan> {
      const row = hostRow(spec.hostId);
      const other = store.domain(spec.domain);
      if (other !== undefined && other.host_id !== row.id) throw elsewhere(spec.domain, nameOf(hostRow(other.host_id)));
      const host = await connect(row.id, signal);
      const layout = layoutOf(row, spec.domain);
      const facts = await probe(host, layout, signal);
      store.hostSeen(row.id, Date.now(), `${facts.system}, ${facts.architecture}`);
      const known = releases.architectures();
      // A host that parleyd does not run on still gets a plan: its findings tell why.
      const release = await releases.find(
        known.includes(facts.architecture) ? facts.architecture : (known[0] ?? facts.architecture),
      );
      const work = await workFor({ runId: newId('r'), spec, layout, address: addressOf(row), release, facts });
      const holds = await whatHolds(host, layout, stepsFor(work), signal);
      const draft = planFor(work, nameOf(row), facts, holds);
      const findings = [...draft.findings, ...keptPorts(spec, work)];
      const plan: Plan = {
        ...{ planId: newId('p'), spec, madeAt: Date.now(), facts: summaryOf(facts) },
        ...{ summary: draft.summary, findings, steps: draft.steps },
        uploadBytes: draft.uploads ? await releases.packedBytes(release, work.codec) : 0,
      };
      if (draft.uploads && deps.longLived) releases.prepare(release, work.codec);
      plans.set(plan.planId, { plan, work });
      return plan;
    },

    /** Begins what a plan says. @throws ParleyError `plan-gone`, `stopped-by-finding`, `busy` */
    run(planId: string): string {
      const found = plans.get(planId);
      if (found === undefined || Date.now() - found.plan.madeAt > PLAN_MS) throw planGone();
      const { plan, work } = found;
      const stopper = plan.findings.find((it) => it.stops);
      if (stopper) throw fault('stopped-by-finding', stopper.what, stopper.why, stopper.todo);
      requireIdle(work.domain);
      plans.delete(planId);
      const row = hostRow(plan.spec.hostId);
      const what = { runId: work.runId, kind: 'provision', domain: work.domain, hostId: row.id } as const;
      store.putDomain(plan.spec, Date.now());
      const log = openRunLog(store, events, { ...what, steps: plan.steps, summary: plan.summary });
      return lead(log, row, (signal) =>
        leadRun({ ...deps, log, work, spec: plan.spec, hostName: nameOf(row), signal }),
      );
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
      return leadBack(target.domain, target.hostId, target);
    },

    /** Takes everything of a domain off its host. @throws ParleyError `no-domain`, `busy` */
    remove(domain: string): string {
      const row = store.domain(domain) ?? notFound('domain', domain, 'parley domain list shows them.');
      requireIdle(domain);
      return leadBack(domain, row.host_id);
    },

    runs: (domain?: string): Run[] => store.runs(domain),
    get: (runId: string): Run => requireRun(store, runId),

    /** Stops what goes on; waits for it, so that each run is recorded as it ended. */
    async close(): Promise<void> {
      for (const it of active.values()) it.abort.abort();
      await Promise.allSettled([...active.values()].map((it) => it.ended));
    },
  };

  function leadBack(domain: string, hostId: string, target?: Run): string {
    const row = hostRow(hostId);
    const layout = layoutOf(row, domain);
    const runId = newId('u');
    const words = target ? 'Taking back what the run changed.' : `Taking ${domain} off ${nameOf(row)}.`;
    const kind = target ? 'undo' : 'remove';
    const last = target ?? store.runs(domain).find((it) => it.kind === 'provision');
    const log = openRunLog(store, events, {
      runId,
      kind,
      domain,
      hostId,
      steps: last?.steps.map(bare) ?? [],
      summary: words,
    });
    return lead(log, row, (signal) =>
      leadUndo({ ...deps, log, layout, target, address: addressOf(row), hostName: nameOf(row), signal }),
    );
  }
}

const bare = ({ event: _event, ...step }: Run['steps'][number]) => ({ ...step, state: 'todo' as const });

const newId = (kind: string): string => `${kind}${Date.now().toString(36)}${randomBytes(3).toString('hex')}`;

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

const elsewhere = (domain: string, host: string) =>
  fault(
    'domain-elsewhere',
    `${domain} is already on ${host}.`,
    'A domain lives on one host.',
    'Remove it there first, or choose another domain.',
  );
