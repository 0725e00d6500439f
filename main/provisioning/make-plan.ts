import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Finding } from '../../shared/console-api/hosts.ts';
import type { Plan, PlanStep, ProvisionSpec } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { FleetStore, HostRow } from '../fleet/fleet-store.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { Host } from '../ssh/host.ts';
import { ClusterSecrets } from './cluster/cluster-secrets.ts';
import { clusterWorks } from './cluster/cluster-work.ts';
import { givenFindings } from './cluster/given-findings.ts';
import { type Facts, summaryOf } from './facts.ts';
import { keptPorts } from './findings.ts';
import type { Layout } from './layout.ts';
import { type PlanDraft, planFor, stepsFor } from './plan.ts';
import { probe, whatHolds } from './probe.ts';
import type { Releases } from './releases.ts';
import { type Site, stagesOf } from './stages.ts';
import type { ClusterWork } from './step.ts';
import { workFor } from './work.ts';

export interface PlanDeps {
  readonly store: FleetStore;
  readonly connect: (hostId: string, signal?: AbortSignal) => Promise<Host>;
  readonly releases: Releases;
  readonly cluster: { readonly secrets: () => SecretStore; readonly open: (signal?: AbortSignal) => Promise<void> };
  readonly hostRow: (id: string) => HostRow;
  readonly layoutOf: (row: HostRow, domain: string) => Layout;
  readonly nameOf: (row: HostRow) => string;
  readonly addressOf: (row: HostRow) => string;
}

/** A plan, and what acting on it takes. */
export interface Planned {
  readonly runId: string;
  readonly plan: Plan;
  readonly sites: readonly Site[];
  readonly secrets: ClusterSecrets | undefined;
  /** the host that gets a node more, in words */
  readonly adds?: string;
}

/** A host that was looked at; nothing was changed there. */
interface Looked {
  readonly row: HostRow;
  readonly host: Host;
  readonly layout: Layout;
  readonly facts: Facts;
}

interface Drafted extends Site {
  readonly facts: Facts;
  readonly draft: PlanDraft;
}

export const newId = (kind: string): string => `${kind}${Date.now().toString(36)}${randomBytes(3).toString('hex')}`;

/** Looks at each host, and says what would be done. @throws ParleyError: why one could not be looked at, and others */
export async function makePlan(deps: PlanDeps, given: ProvisionSpec, signal?: AbortSignal): Promise<Planned> {
  const spec = wholeSpec(deps, given);
  const hostIds = spec.cluster?.hosts ?? [spec.hostId];
  const looked = await Promise.all(hostIds.map((id) => look(deps, id, spec.domain, signal)));
  const { works, secrets } = await clusterOf(deps, spec, looked, signal);
  const runId = newId('r');
  const sites = await Promise.all(looked.map((it, i) => draft(deps, spec, runId, it, works?.[i], secrets, signal)));
  const [first] = sites as [Drafted, ...Drafted[]];
  const several = sites.length > 1;
  const travels = sites.filter((it) => it.draft.uploads);
  const bytes = await Promise.all(travels.map(({ work }) => deps.releases.packedBytes(work.release, work.codec)));
  const findings = findingsOver(spec, sites);
  const plan: Plan = {
    ...{ planId: newId('p'), spec, madeAt: Date.now(), facts: summaryOf(first.facts) },
    ...(several && {
      hosts: sites.map(({ hostId, hostName, facts }) => ({ hostId, host: hostName, facts: summaryOf(facts) })),
    }),
    summary: several ? summaryOver(spec.domain, sites, findings) : first.draft.summary,
    findings,
    steps: several ? stepsOver(sites) : first.draft.steps,
    uploadBytes: bytes.reduce((sum, it) => sum + it, 0),
  };
  return { runId, plan, sites, secrets };
}

/** A domain that has several hosts keeps them, though only one was named; none loses its host by being planned elsewhere. */
function wholeSpec({ store, hostRow, nameOf }: PlanDeps, given: ProvisionSpec): ProvisionSpec {
  const there = store.domain(given.domain);
  const nodes = store.nodes(given.domain).map((it) => it.host_id);
  const cluster = given.cluster ?? (nodes.includes(given.hostId) ? there?.spec.cluster : undefined);
  const hosts = cluster === undefined ? [given.hostId] : [...new Set([...nodes, ...cluster.hosts])];
  const hasThisComputer = hosts.map(hostRow).some((it) => it.kind === 'local');
  if (cluster !== undefined && hasThisComputer) throw thisComputer();
  if (there !== undefined && !hosts.includes(there.host_id))
    throw elsewhere(given.domain, nameOf(hostRow(there.host_id)));
  if (cluster === undefined) return given;
  // Planned again as it is, it keeps the certificate that it was given; one that is given now takes its place.
  const as = given.cluster === undefined && given.certificate.kind !== 'given' ? there?.spec : undefined;
  const { certificate } = as ?? given;
  return { ...given, certificate, hostId: hosts[0] ?? given.hostId, cluster: { ...cluster, hosts } };
}

async function look(
  { store, connect, hostRow, layoutOf }: PlanDeps,
  hostId: string,
  domain: string,
  signal?: AbortSignal,
): Promise<Looked> {
  const row = hostRow(hostId);
  const host = await connect(row.id, signal);
  const layout = layoutOf(row, domain);
  const facts = await probe(host, layout, signal);
  store.hostSeen(row.id, Date.now(), `${facts.system}, ${facts.architecture}`);
  return { row, host, layout, facts };
}

async function clusterOf(
  { store: fleet, cluster: { secrets: store, open } }: PlanDeps,
  spec: ProvisionSpec,
  looked: readonly Looked[],
  signal?: AbortSignal,
): Promise<{ works?: ClusterWork[]; secrets: ClusterSecrets | undefined }> {
  const { cluster } = spec;
  if (cluster === undefined) return { secrets: undefined };
  await open(signal);
  const secrets = await ClusterSecrets.of(spec.domain, store());
  const hosts = await Promise.all(
    looked.map(async ({ row, facts, layout }) => {
      const found = await lookup(row.address, { all: true }).catch(() => []);
      return { hostId: row.id, address: row.address, resolved: found.map((it) => it.address), facts, layout };
    }),
  );
  // A NATS server may stand on a host that was the domain's before.
  const before = (id: string) => (fleet.domain(spec.domain) ? fleet.host(id)?.address : undefined);
  return { works: await clusterWorks({ ...spec, cluster }, hosts, secrets, before), secrets };
}

async function draft(
  { releases, addressOf, nameOf }: PlanDeps,
  spec: ProvisionSpec,
  runId: string,
  { row, host, layout, facts }: Looked,
  cluster: ClusterWork | undefined,
  secrets: ClusterSecrets | undefined,
  signal?: AbortSignal,
): Promise<Drafted> {
  const known = releases.architectures();
  // A host that parleyd does not run on still gets a plan: its findings tell why.
  const release = await releases.find(
    known.includes(facts.architecture) ? facts.architecture : (known[0] ?? facts.architecture),
  );
  const work = await workFor({
    ...{ runId, spec, layout, address: addressOf(row), release, facts },
    ...(cluster && { cluster }),
    ...(secrets && { shared: secrets.xmpp }),
  });
  const [holds, others] = await Promise.all([
    whatHolds(host, layout, stepsFor(work), signal),
    spec.cluster === undefined ? [] : givenFindings(spec.cluster, spec.domain, host),
  ]);
  const hostName = nameOf(row);
  return { hostId: row.id, hostName, work, facts, draft: planFor(work, hostName, facts, holds, others) };
}

/** What was found on each host, with its name where there are several; what all of them found is said once. */
function findingsOver(spec: ProvisionSpec, sites: readonly Drafted[]): Finding[] {
  const all = sites.flatMap(({ draft: { findings }, work, hostName }) =>
    [...findings, ...keptPorts(spec, work)].map((finding) => ({ finding, hostName })),
  );
  if (sites.length === 1) return all.map(({ finding }) => finding);
  const alike = (one: Finding) => all.filter(({ finding }) => JSON.stringify(finding) === JSON.stringify(one));
  return all.flatMap(({ finding, hostName }) => {
    const same = alike(finding);
    if (same.length < sites.length) return [{ ...finding, what: `${hostName}: ${finding.what}` }];
    return same[0]?.finding === finding ? [{ ...finding, what: `Each host: ${finding.what}` }] : [];
  });
}

/** In the order in which the run goes, each with its host. */
function stepsOver(sites: readonly Drafted[]): PlanStep[] {
  return stagesOf(sites).flatMap((stage) =>
    stage.flatMap(({ site, steps }) => {
      const drafted = sites.find((it) => it.hostId === site.hostId)?.draft.steps ?? [];
      return steps.flatMap(({ id }) =>
        drafted.filter((it) => it.id === id).map((it) => ({ ...it, hostId: site.hostId })),
      );
    }),
  );
}

function summaryOver(domain: string, sites: readonly Drafted[], findings: readonly Finding[]): string {
  const stops = findings.filter((it) => it.stops).length;
  if (stops > 0)
    return `Stopped by ${stops === 1 ? 'one finding' : `${stops} findings`}: nothing will be changed on any host.`;
  const changing = sites.map((it) => it.draft.steps.filter((step) => step.state === 'todo' && !isProof(step)).length);
  const total = changing.reduce((sum, it) => sum + it, 0);
  if (total === 0) return `Nothing to do: ${domain} is set up on all ${sites.length} hosts.`;
  const touched = changing.filter((it) => it > 0).length;
  return `${total} ${total === 1 ? 'step' : 'steps'} on ${touched === sites.length ? touched : `${touched} of ${sites.length}`} hosts, then logins and a look at the links as the proof.`;
}

const isProof = ({ id }: PlanStep): boolean => id === 'verify' || id === 'cluster';

const elsewhere = (domain: string, host: string) =>
  new ParleyError({
    code: 'domain-elsewhere',
    what: `${domain} is already on ${host}.`,
    why: 'A domain stays on the host it has; several hosts have to be asked for.',
    todo: 'Name that host among them, remove the domain there first, or choose another domain.',
  });

const thisComputer = () =>
  new ParleyError({
    code: 'local-host',
    what: 'This computer can be none of several hosts.',
    why: 'Nodes need an address by which the others reach them, and root to install PostgreSQL and NATS.',
    todo: 'Choose hosts that Parley reaches by SSH.',
  });
