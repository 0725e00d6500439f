import { stepsByPart, stepsFor } from './plan.ts';
import type { Step, Work } from './step.ts';

/** A host that a run works on, and what it has to do there. */
export interface Site {
  readonly hostId: string;
  readonly hostName: string;
  readonly work: Work;
}

export interface Part {
  readonly site: Site;
  readonly steps: readonly Step[];
}

/**
 * The steps of all hosts: the parts of one stage go on side by side, the next begins when all of them are whole. Undo goes
 * the other way.
 */
export function stagesOf(sites: readonly Site[]): Part[][] {
  const part = (site: Site, steps: readonly Step[]): Part[] => (steps.length === 0 ? [] : [{ site, steps }]);
  if (sites.every(({ work }) => work.cluster === undefined))
    return [sites.flatMap((site) => part(site, stepsFor(site.work)))];
  const of = (which: keyof ReturnType<typeof stepsByPart>, some: readonly Site[] = sites) =>
    some.flatMap((site) => part(site, stepsByPart(site.work)[which]));
  const first = sites.filter(({ work }) => work.cluster?.first);
  const others = sites.filter(({ work }) => !work.cluster?.first);
  return [of('database'), of('nats'), of('node', first), of('node', others), of('proof')].filter((it) => it.length > 0);
}
