import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disagreements, nodesDisagree, rostersDisagree } from './agreement.ts';
import { FAKETIME } from './chaos-node.ts';
import { check, type Finding, Ledger } from './check.ts';
import { Dice } from './dice.ts';
import { type Fault, KINDS, planOf, tellOf } from './faults.ts';
import { History } from './history.ts';
import { PEOPLE, People } from './people.ts';
import { Site } from './site.ts';

const ARTIFACTS = join(import.meta.dirname, '..', 'artifacts');
const HEALED_MS = 10_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface RoundOptions {
  readonly seed: string;
  readonly faults: number;
  readonly only?: readonly string[] | undefined;
  /** another parleyd, that two of the three nodes run */
  readonly earlier?: string | undefined;
  readonly tell: (line: string) => void;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly sum: string;
}

/** Kinds of faults that this machine can have. */
export const possible = (): string[] =>
  Object.keys(KINDS).filter(
    (name) => (name !== 'clock' || FAKETIME !== undefined) && (name !== 'disk' || process.getuid?.() === 0),
  );

/** what a round that is cut off has to put away */
let running: Site | undefined;

/** Ends what a round has started, and takes it away: for who stops it. */
export async function putAway(): Promise<void> {
  await running?.remove();
  running = undefined;
}

/** A cluster of its own, people who chat, so many faults, and what is left when all is healed. */
export async function round({ seed, faults, only, earlier, tell }: RoundOptions): Promise<Verdict> {
  const names = only ?? possible();
  const plan = planOf(new Dice(seed), faults, names);
  const kinds = new Set(plan.map(({ name }) => name));
  const site = await Site.make({ people: PEOPLE, skewed: kinds.has('clock'), smallDisk: kinds.has('disk'), earlier });
  running = site;
  const history = new History();
  const people = new People(seed, history, () => site.doors);
  const findings: Finding[] = [];
  const state = (lines: readonly string[]) => findings.push(...lines.map((text): Finding => ({ rule: 'state', text })));
  try {
    people.begin();
    const before = await agreed(people, 40_000);
    if (before.length > 0) throw new Error(`they did not come to know each other: ${before.join('; ')}`);
    await nemesis(site, plan, history, tell);
    const healing = history.now;
    await site.heal();
    people.settle();
    await site.healthy();
    const healed = history.now;
    history.note({ kind: 'healed', what: 'all' });
    state(await agreed(people, HEALED_MS));
    const agreedAt = history.now;
    await quiet(people, history);
    await sleep(500);
    state((await eventually(() => nodesDisagree(site, people), 5000)).map((line) => `nodes: ${line}`));
    state(disagreements(people));
    state(await rostersDisagree(site, people));
    for (const bug of site.bugs()) findings.push({ rule: 'state', text: `a log says: ${bug}` });
    await people.end();
    findings.push(...check(history.events));
    const { messages, sessions, overtaken, inDoubt } = new Ledger(history.events);
    const acked = [...messages.values()].filter(({ ackedAt }) => ackedAt !== undefined).length;
    const resumed = history.events.filter(({ kind }) => kind === 'resumed').length;
    const sum = `${messages.size} messages, ${acked} acknowledged; ${sessions.size} sessions, ${resumed} resumed; well ${healed - healing} ms after the last fault, agreed ${agreedAt - healed} ms later; ${overtaken} overtaken over a resumption, ${inDoubt} refused or lost`;
    return { findings, sum };
  } catch (error) {
    findings.push({ rule: 'state', text: `the run broke off: ${error instanceof Error ? error.stack : error}` });
    return { findings, sum: 'broken off' };
  } finally {
    await people.end().catch(() => {});
    if (findings.length > 0) keep(seed, plan, history, findings, site);
    await putAway();
  }
}

async function nemesis(
  site: Site,
  plan: readonly Fault[],
  history: History,
  tell: (line: string) => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for (const fault of plan) {
    await sleep(fault.after);
    const what = tellOf(fault);
    const { deed } = KINDS[fault.name] ?? {};
    if (deed === undefined) throw new Error(`there is no fault '${fault.name}'`);
    history.note({ kind: 'fault', what });
    tell(`${(history.now / 1000).toFixed(1).padStart(6)} s  ${what}`);
    const done = deed(site, fault, () => sleep(fault.lasts)).then(() => history.note({ kind: 'healed', what }));
    running.add(done);
    done.then(
      () => running.delete(done),
      () => {},
    );
  }
  await Promise.all(running);
}

/** Waits until clients agree on who is there; answers with what they don't agree on after that time. */
const agreed = (people: People, ms: number): Promise<string[]> => eventually(async () => disagreements(people), ms);

async function eventually(of: () => Promise<string[]>, ms: number): Promise<string[]> {
  const until = performance.now() + ms;
  for (;;) {
    const lines = await of();
    if (lines.length === 0 || performance.now() > until) return lines;
    await sleep(100);
  }
}

/** Waits until all that was sent is acknowledged and nothing is missing, but not for ever. */
async function quiet(people: People, history: History): Promise<void> {
  const until = performance.now() + 20_000;
  while (performance.now() < until) {
    const open = people.clients.some((client) => client.open > 0);
    if (!open && new Ledger(history.events).missing().length === 0) return;
    await sleep(250);
  }
}

function keep(seed: string, plan: readonly Fault[], history: History, findings: readonly Finding[], site: Site): void {
  mkdirSync(ARTIFACTS, { recursive: true });
  const text = JSON.stringify({ seed, plan, findings, events: history.events }, undefined, 0);
  writeFileSync(join(ARTIFACTS, `chaos-${seed}.json`), text.replaceAll('},{', '},\n{'));
  site.keepLogs(ARTIFACTS, `chaos-${seed}`);
}
