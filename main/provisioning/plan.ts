import type { Finding } from '../../shared/console-api/hosts.ts';
import type { PlanStep, StepId } from '../../shared/console-api/provisioning.ts';
import { clusterFindings } from './cluster/cluster-findings.ts';
import type { Facts } from './facts.ts';
import { findingsOf } from './findings.ts';
import type { Step, Work } from './step.ts';
import { binary } from './steps/binary.ts';
import { certificate } from './steps/certificate.ts';
import { cluster } from './steps/cluster.ts';
import { clusterFiles } from './steps/cluster-files.ts';
import { configuration } from './steps/configuration.ts';
import { databaseSteps } from './steps/database.ts';
import { folders } from './steps/folders.ts';
import { natsSteps } from './steps/nats.ts';
import { start } from './steps/start.ts';
import { systemUser } from './steps/system-user.ts';
import { unit } from './steps/unit.ts';
import { verify } from './steps/verify.ts';

/** The steps on a host, in the order in which they are done; undo goes the other way. */
export const stepsFor = (work: Work): Step[] => Object.values(stepsByPart(work)).flat();

/** The same by what they are for: over several hosts, one part is whole everywhere before the next begins. */
export const stepsByPart = (work: Work) => ({
  database: databaseSteps(work),
  nats: natsSteps(work),
  node: nodeSteps(work),
  proof: work.cluster ? [cluster(work, work.cluster)] : [],
});

function nodeSteps(work: Work): Step[] {
  const systemd = work.layout.manager === 'systemd';
  return [
    ...(systemd ? [systemUser(work)] : []),
    folders(work),
    binary(work),
    ...(work.cluster ? [clusterFiles(work, work.cluster)] : []),
    configuration(work),
    certificate(work),
    ...(systemd ? [unit(work)] : []),
    start(work),
    verify(work),
  ];
}

export interface PlanDraft {
  readonly findings: Finding[];
  readonly steps: PlanStep[];
  readonly summary: string;
  /** whether the executable has to travel */
  readonly uploads: boolean;
}

/**
 * What would be done, from what is known. `holds` are the steps whose check said that it is so already; `others` what was found of
 * servers elsewhere that the host will need.
 */
export function planFor(
  work: Work,
  hostName: string,
  facts: Facts,
  holds: ReadonlySet<StepId>,
  others: readonly Finding[] = [],
): PlanDraft {
  const due = new Set<StepId>();
  const steps = stepsFor(work).map((step): PlanStep => {
    const todo = !holds.has(step.id) || step.after.some((id) => due.has(id));
    if (todo) due.add(step.id);
    return { ...inWords(step), state: todo ? 'todo' : 'satisfied' };
  });
  const uploads = due.has('binary');
  const findings = [...findingsOf(facts, work, uploads), ...clusterFindings(facts, work, due), ...others];
  return { findings, steps, uploads, summary: summaryOf(work, hostName, findings, due) };
}

export const inWords = ({ id, title, detail, touches, undoes }: Step) => ({
  id,
  title,
  detail,
  touches: [...touches],
  undo: undoes,
});

function summaryOf(work: Work, hostName: string, findings: Finding[], due: Set<StepId>): string {
  const stops = findings.filter((it) => it.stops).length;
  const changing = [...due].filter((id) => id !== 'verify').length;
  if (stops > 0)
    return `Stopped by ${stops === 1 ? 'one finding' : `${stops} findings`}: nothing will be changed on ${hostName}.`;
  if (changing === 0) return nothingToDo(work, hostName);
  return `${changing} ${changing === 1 ? 'step' : 'steps'} on ${hostName}, then a login as the proof.`;
}

export const nothingToDo = (work: Work, hostName: string): string =>
  `Nothing to do: parleyd ${work.release.version} already serves ${work.domain} on ${hostName}.`;
