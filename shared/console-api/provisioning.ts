import * as v from 'valibot';
import { DomainName } from '../domain/domain-name.ts';
import { Timestamp } from '../domain/node.ts';
import { method } from '../rpc.ts';
import { FactsSummary, Finding, HostId } from './hosts.ts';

const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

const FilePath = v.pipe(v.string(), v.nonEmpty('say which file'));

/** A domain over several hosts: a node on each, one PostgreSQL and NATS between them. */
export const ClusterSpec = v.strictObject({
  /** a node on each; the first makes the tables */
  hosts: v.pipe(v.array(HostId), v.minLength(2, 'a domain over several hosts takes two or more')),
  postgres: v.variant('kind', [
    /** from the distribution, on one of the hosts */
    v.strictObject({ kind: v.literal('installed'), hostId: HostId, port: v.optional(Port, 5432) }),
    /** one that is there; password and authority are files on this computer */
    v.strictObject({
      kind: v.literal('given'),
      url: v.pipe(
        v.string(),
        v.regex(/^postgres(ql)?:\/\/[^:@/?#\s]+@[^/?#\s]+\/[^/?#\s]+$/, 'postgres://user@host:5432/database'),
      ),
      passwordFile: v.optional(FilePath),
      /** who signs its certificate, PEM; without it, the authorities that browsers know */
      caFile: v.optional(FilePath),
    }),
  ]),
  nats: v.variant('kind', [
    /** one server, or three that are one another's routes */
    v.strictObject({
      kind: v.literal('installed'),
      hostIds: v.pipe(
        v.array(HostId),
        v.check((it) => it.length === 1 || it.length === 3, 'NATS is installed on one host or on three'),
      ),
      port: v.optional(Port, 4222),
    }),
    v.strictObject({
      kind: v.literal('given'),
      servers: v.pipe(
        v.array(
          v.pipe(v.string(), v.regex(/^(nats|tls):\/\/([^\s:@/]+@)?[^\s:@/]+(:\d{1,5})?$/, 'tls://user@host:4222')),
        ),
        v.minLength(1, 'say which NATS servers'),
      ),
      passwordFile: v.optional(FilePath),
      caFile: v.optional(FilePath),
    }),
  ]),
});
export type ClusterSpec = v.InferOutput<typeof ClusterSpec>;

export const ProvisionSpec = v.strictObject({
  domain: DomainName,
  hostId: HostId,
  /** STARTTLS */
  c2sPort: v.optional(Port, 5222),
  /** direct TLS (XEP-0368) */
  c2sTlsPort: v.optional(Port, 5223),
  certificate: v.optional(
    v.variant('kind', [
      v.strictObject({ kind: v.literal('self-signed') }),
      /** paths on this computer, PEM; the key never leaves but over the SSH connection */
      v.strictObject({ kind: v.literal('given'), certFile: v.string(), keyFile: v.string() }),
    ]),
    { kind: 'self-signed' },
  ),
  /** the domain is to run on several hosts, `hostId` being the first of them */
  cluster: v.optional(ClusterSpec),
});
export type ProvisionSpec = v.InferOutput<typeof ProvisionSpec>;
export type ProvisionInput = v.InferInput<typeof ProvisionSpec>;

export const StepId = v.picklist([
  'database-package',
  'database',
  'nats-package',
  'nats',
  'system-user',
  'folders',
  'binary',
  'cluster-files',
  'configuration',
  'certificate',
  'unit',
  'start',
  'verify',
  'cluster',
  'drain',
  'undrain',
]);
export type StepId = v.InferOutput<typeof StepId>;

export const PlanStep = v.object({
  id: StepId,
  /** on which host, where a run has several */
  hostId: v.optional(HostId),
  title: v.string(),
  detail: v.string(),
  /** files, accounts and services of the host that it makes or changes */
  touches: v.array(v.string()),
  /** what undo would do about it */
  undo: v.string(),
  state: v.picklist(['todo', 'satisfied']),
});
export type PlanStep = v.InferOutput<typeof PlanStep>;

export const Plan = v.object({
  planId: v.string(),
  spec: ProvisionSpec,
  madeAt: Timestamp,
  /** one sentence: `Nothing to do: …`, `7 steps on 192.0.2.7`, `Stopped by 2 findings` */
  summary: v.string(),
  facts: FactsSummary,
  /** of each host, where there are several; `facts` are those of the first */
  hosts: v.optional(v.array(v.object({ hostId: HostId, host: v.string(), facts: FactsSummary }))),
  findings: v.array(Finding),
  steps: v.array(PlanStep),
  /** what would travel over the SSH connection */
  uploadBytes: v.number(),
});
export type Plan = v.InferOutput<typeof Plan>;

export const StepFailure = v.object({
  /** what was tried, and what came of it */
  what: v.string(),
  /** the likely reason, in Parley's words */
  why: v.string(),
  /** quoted as the host said them; empty when it said nothing */
  hostWords: v.string(),
  todo: v.string(),
  command: v.string(),
  /** null: it did not end by itself */
  exitCode: v.nullable(v.number()),
});
export type StepFailure = v.InferOutput<typeof StepFailure>;

export const StepProgress = v.object({
  bytes: v.number(),
  total: v.number(),
  bytesPerSecond: v.number(),
  /** null: not known yet */
  secondsLeft: v.nullable(v.number()),
});
export type StepProgress = v.InferOutput<typeof StepProgress>;

/** The one shape of what happens to a step: in the journal on the host, over IPC, and on the command line. */
export const StepEvent = v.object({
  runId: v.string(),
  stepId: StepId,
  /** on which host, where a run has several */
  hostId: v.optional(HostId),
  at: Timestamp,
  state: v.picklist(['pending', 'running', 'done', 'skipped', 'failed', 'undone']),
  /** how long it took; null while it has not ended */
  seconds: v.nullable(v.number()),
  progress: v.optional(StepProgress),
  /** how it goes, in the words of the moment */
  note: v.optional(v.string()),
  failure: v.optional(StepFailure),
  /** false with `failed`: it had changed nothing yet, so there is nothing of it to undo */
  begun: v.optional(v.boolean()),
});
export type StepEvent = v.InferOutput<typeof StepEvent>;

/** What a client needs to connect. */
export const Connection = v.object({
  domain: v.string(),
  address: v.string(),
  /** of every node, where the domain runs on several hosts */
  addresses: v.optional(v.array(v.string())),
  c2sPort: v.number(),
  c2sTlsPort: v.nullable(v.number()),
  /** SHA-256 of the certificate, 64 hexadecimal digits */
  certificateFingerprint: v.string(),
  selfSigned: v.boolean(),
});
export type Connection = v.InferOutput<typeof Connection>;

export const Run = v.object({
  runId: v.string(),
  kind: v.picklist(['provision', 'undo', 'remove', 'drain', 'undrain', 'remove-node']),
  domain: v.string(),
  hostId: HostId,
  /** all of them, where there are several */
  hosts: v.optional(v.array(v.object({ hostId: HostId, host: v.string() }))),
  /** the host that gets a node more, as the operator knows it, where that is what it is for */
  adds: v.optional(v.string()),
  startedAt: Timestamp,
  endedAt: v.nullable(Timestamp),
  outcome: v.picklist(['running', 'done', 'nothing-to-do', 'failed', 'cancelled', 'interrupted']),
  /** one sentence for the operator; says what is left on the host when the run did not end well */
  summary: v.string(),
  steps: v.array(v.object({ ...PlanStep.entries, event: StepEvent })),
  connection: v.nullable(Connection),
  /** true while undo would still take something back */
  canUndo: v.boolean(),
});
export type Run = v.InferOutput<typeof Run>;

const runId = v.strictObject({ runId: v.string() });
const started = v.object({ runId: v.string() });

export const provisioningMethods = {
  /** probes the host, changing nothing there; may prompt. Call it again to retry: what is satisfied is said so. */
  'provisioning.plan': method(ProvisionSpec, Plan),
  /** fault `stopped-by-finding` when the plan has one that stops; `plan-gone` when it is too old to be trusted */
  'provisioning.run': method(v.strictObject({ planId: v.string() }), started),
  /** honoured within a second; what has been done stays until undo */
  'provisioning.cancel': method(runId, v.object({})),
  /** takes back, in reverse, what that run changed */
  'provisioning.undo': method(runId, started),
  'provisioning.runs': method(v.strictObject({ domain: v.optional(v.string()) }), v.object({ runs: v.array(Run) })),
  'provisioning.get': method(runId, Run),
};

export const provisioningEvents = {
  'provisioning.step': StepEvent,
  /** a run began or ended */
  'provisioning.run': Run,
};
