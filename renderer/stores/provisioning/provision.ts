import { create } from 'zustand';
import type { Host, HostKey } from '../../../shared/console-api/hosts.ts';
import type { Plan } from '../../../shared/console-api/provisioning.ts';
import { type Fault, faultOf } from '../../../shared/errors.ts';
import { call } from '../../api.ts';
import { authOf, EMPTY, type Field, type Form, hostsOf, problemsOf, specOf } from './form.ts';

/** form: what is wanted; key: is this the right host?; plan: what will be done */
export type Stage = 'form' | 'key' | 'plan';

interface ProvisionState {
  readonly form: Form;
  /** fields that were left once: from then on they are checked while typing */
  readonly left: ReadonlySet<Field>;
  /** what the engine says of the typed host; null: it understands it, or was not asked yet */
  readonly hostProblem: string | null;
  readonly stage: Stage;
  /** what is being done, in words; null: nothing */
  readonly busy: string | null;
  readonly fault: Fault | null;
  readonly host: Host | null;
  readonly hostKey: HostKey | null;
  /** all that were asked for, in order; `host` is the one whose key is looked at */
  readonly hosts: readonly Host[];
  /** the domain that is to get a node more; null: a domain is to be provisioned */
  readonly nodeOf: string | null;
  readonly moreProblem: string | null;
  readonly plan: Plan | null;
}

const START = {
  ...{ form: EMPTY, left: new Set<Field>(), hostProblem: null },
  ...{ stage: 'form' as const, busy: null, fault: null, host: null, hostKey: null, plan: null },
  ...{ hosts: [] as readonly Host[], nodeOf: null, moreProblem: null },
};

export const useProvision = create<ProvisionState>()(() => START);

export const problemsNow = ({
  form,
  hostProblem,
  moreProblem,
}: Pick<ProvisionState, 'form' | 'hostProblem' | 'moreProblem'>) => ({
  ...(hostProblem === null ? {} : { host: hostProblem }),
  ...(moreProblem === null ? {} : { more: moreProblem }),
  ...problemsOf(form),
});

/** What was answered to an older question must not overwrite the newer. */
let asked = 0;

export function edit<K extends Field>(field: K, value: Form[K]): void {
  useProvision.setState(({ form }) => ({ form: { ...form, [field]: value }, stage: 'form', fault: null, plan: null }));
  if ((field === 'host' || field === 'more') && useProvision.getState().left.has(field)) void checkHost();
}

export function leave(field: Field): void {
  useProvision.setState(({ left }) => ({ left: new Set([...left, field]) }));
  if (field === 'host' || field === 'more') void checkHost();
}

async function checkHost(): Promise<void> {
  const mine = ++asked;
  const { left, form } = useProvision.getState();
  const [host = '', ...more] = hostsOf(form);
  const hostProblem = left.has('host') ? await problemOf(host) : null;
  const others = left.has('more') ? await Promise.all(more.map(problemOf)) : [];
  if (mine === asked) useProvision.setState({ hostProblem, moreProblem: others.find((it) => it !== null) ?? null });
}

const problemOf = async (text: string): Promise<string | null> =>
  text === ''
    ? null
    : call('hosts.parse', { text }).then(
        () => null,
        (e) => `${faultOf(e).why} ${faultOf(e).todo}`,
      );

/** Asks each host for its key, and if all are known already, for the plan. */
export async function look(): Promise<void> {
  const all = Object.keys(EMPTY) as Field[];
  useProvision.setState({ left: new Set(all) });
  const { form } = useProvision.getState();
  if (useProvision.getState().plan?.hosts && form.host.trim() === '') return planAgain(form.domain, null);
  await checkHost();
  if (Object.keys(problemsNow(useProvision.getState())).length > 0) return;
  const names = hostsOf(form);
  await busy(names.length > 1 ? 'Asking the hosts for their keys' : 'Asking the host for its key', async () => {
    const hosts: Host[] = [];
    for (const text of names) hosts.push((await call('hosts.add', { text, auth: authOf(form) })).host);
    useProvision.setState({ hosts });
    await nextKey();
  });
}

/** The first host whose key nobody has confirmed is looked at; when there is none, the plan is made. */
async function nextKey(): Promise<void> {
  const { hosts } = useProvision.getState();
  for (const host of hosts) {
    const hostKey = await call('hosts.key', { hostId: host.id });
    useProvision.setState({ host, hostKey });
    if (hostKey.verdict !== 'trusted') return useProvision.setState({ stage: 'key' });
  }
  await makePlan();
}

/** The operator has compared the fingerprint; one that has changed, by pasting what they have from somewhere else. */
export async function trust(pasted = false): Promise<void> {
  const { hostKey } = useProvision.getState();
  if (hostKey === null || (hostKey.verdict === 'changed' && !pasted)) return;
  const { hostId, fingerprint } = hostKey;
  await busy('Remembering the key', async () => {
    const { host } = await call('hosts.trust', { hostId, fingerprint });
    useProvision.setState({ host, hostKey: { ...hostKey, verdict: 'trusted' } });
    await nextKey();
  });
}

async function makePlan(): Promise<void> {
  const { form, hosts, nodeOf } = useProvision.getState();
  const words = hosts.length > 1 || nodeOf !== null ? 'Looking at the hosts' : 'Looking at the host';
  useProvision.setState({ busy: `${words}, changing nothing` });
  const [first] = hosts;
  const plan =
    nodeOf !== null && first
      ? await call('nodes.plan', { domain: nodeOf, hostId: first.id })
      : await call(
          'provisioning.plan',
          specOf(
            form,
            hosts.map((it) => it.id),
          ),
        );
  useProvision.setState({ plan, stage: 'plan' });
}

/** Plans a domain of several hosts again as it is; with a host id it begins anew. */
export async function planAgain(domain: string, hostId: string | null): Promise<void> {
  if (hostId !== null) again = hostId;
  useProvision.setState({ ...START, form: { ...EMPTY, domain, where: 'several' } });
  await busy('Looking at the hosts, changing nothing', async () => {
    const plan = await call('provisioning.plan', specOf({ ...EMPTY, domain }, [again]));
    useProvision.setState({ plan, stage: 'plan' });
  });
}
let again = '';

/** Starts what the plan says; answers with the run, or null when it did not start. */
export async function runPlan(): Promise<string | null> {
  const { plan } = useProvision.getState();
  if (plan === null) return null;
  let runId: string | null = null;
  await busy('Starting', async () => {
    runId = (await call('provisioning.run', { planId: plan.planId })).runId;
    specs.set(runId, plan.spec);
    useProvision.setState(START);
  });
  return runId;
}

const specs = new Map<string, Plan['spec']>();

/** Plans a run's work once more and does what is left; null: the form or plan now shown says why not. */
export async function retry(runId: string): Promise<string | null> {
  const spec = specs.get(runId);
  if (spec === undefined) return null;
  useProvision.setState({ form: formOf(spec, useProvision.getState().form), fault: null });
  let next: string | null = null;
  await busy('Looking at the host again', async () => {
    const plan = await call('provisioning.plan', spec);
    useProvision.setState({ plan, stage: 'plan' });
    if (!plan.findings.some((it) => it.stops)) next = await runPlan();
  });
  return next;
}

export const canRetry = (runId: string): boolean => specs.has(runId);

export const backToForm = (): void => useProvision.setState({ stage: 'form', fault: null, plan: null });

/** Begins with what is known of a domain, so that its name and host need not be typed again. */
export function startWith(domain: string, host: string): void {
  useProvision.setState({ ...START, form: { ...EMPTY, domain, host } });
}

/** A domain of several hosts is to get one more. */
export const startNode = (domain: string): void =>
  useProvision.setState({ ...START, nodeOf: domain, form: { ...EMPTY, domain } });

/** Several hosts from the start. */
export const startSeveral = (): void => useProvision.setState({ ...START, form: { ...EMPTY, where: 'several' } });

export const startAnew = (): void => useProvision.setState(START);

async function busy(words: string, work: () => Promise<void>): Promise<void> {
  useProvision.setState({ busy: words, fault: null });
  try {
    await work();
  } catch (error) {
    useProvision.setState({ fault: faultOf(error) });
  } finally {
    useProvision.setState({ busy: null });
  }
}

function formOf(spec: Plan['spec'], form: Form): Form {
  const { domain, c2sPort, c2sTlsPort, certificate } = spec;
  const files = certificate.kind === 'given' ? { certFile: certificate.certFile, keyFile: certificate.keyFile } : {};
  return {
    ...form,
    domain,
    c2sPort: String(c2sPort),
    c2sTlsPort: String(c2sTlsPort),
    certificate: certificate.kind,
    ...files,
  };
}
