import { useEffect } from 'react';
import { Button } from '../../components/Button.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { addressOf } from '../../stores/hosts/hosts.ts';
import { backToForm, look, runPlan, trust, useProvision } from '../../stores/provisioning/provision.ts';
import { replace } from '../../stores/route/route.ts';
import { KeyCheck } from './KeyCheck.tsx';
import { PlanView } from './PlanView.tsx';
import { ProvisionForm } from './ProvisionForm.tsx';

async function start(): Promise<void> {
  const runId = await runPlan();
  if (runId !== null) replace({ screen: 'run', runId });
}

/** What is wanted, whether it is the right host, and what will be done: nothing changes before the last button. */
export function ProvisionScreen() {
  const { stage, busy, fault, hostKey, plan, host, hosts, form, nodeOf } = useProvision();
  const over = plan?.hosts?.length ?? hosts.length;
  const what = nodeOf === null ? 'Provision a domain' : `Add a node to ${nodeOf}`;
  const theHost = over > 1 || form.where === 'several' ? 'the hosts' : 'the host';
  const stopped = stage === 'plan' && (plan?.findings.some((it) => it.stops) ?? false);
  const changed = stage === 'key' && hostKey?.verdict === 'changed';
  const next = nextAction();
  const actions: readonly Action[] = [
    next,
    {
      id: 'provision.form',
      label: 'Change the form',
      keys: null,
      enabled: stage !== 'form' && busy === null,
      menu: 'Domain',
      perform: backToForm,
    },
    {
      id: 'provision.again',
      label: `Look at ${theHost} again`,
      keys: null,
      enabled: stage === 'plan' && busy === null,
      menu: 'Domain',
      perform: () => void look(),
    },
  ];
  useEffect(() => offer('provision', actions));

  function nextAction(): Action {
    const common = { id: 'provision.next', keys: 'mod+Enter', menu: 'Domain' } as const;
    if (stage === 'form')
      return { ...common, label: `Look at ${theHost}`, enabled: busy === null, perform: () => void look() };
    if (stage === 'key') {
      return { ...common, label: 'Trust this key', enabled: busy === null && !changed, perform: () => void trust() };
    }
    return {
      ...common,
      label: nodeOf === null ? `Provision ${plan?.spec.domain ?? form.domain}` : what,
      enabled: busy === null && !stopped,
      perform: () => void start(),
    };
  }

  const [, change, again] = actions as readonly [Action, Action, Action];
  return (
    <main tabIndex={-1}>
      <div className="page">
        <header>
          <h1>{stage === 'form' || nodeOf !== null ? what : `Provision ${form.domain}`}</h1>
          {host && stage === 'key' ? (
            <span className="lead">
              on {addressOf(host)}
              {hosts.length > 1 ? `, host ${hosts.findIndex((it) => it.id === host.id) + 1} of ${hosts.length}` : ''}
            </span>
          ) : null}
          {stage === 'plan' && plan?.hosts ? <span className="lead">on {over} hosts</span> : null}
          {stage === 'plan' && host && !plan?.hosts ? <span className="lead">on {addressOf(host)}</span> : null}
        </header>
        {stage === 'form' ? <ProvisionForm onSubmit={next.perform} /> : null}
        {stage === 'key' && hostKey ? <KeyCheck hostKey={hostKey} /> : null}
        {stage === 'plan' && plan ? <PlanView plan={plan} /> : null}
        {fault ? (
          <FaultNote fault={fault}>
            <Button onPress={() => void look()}>{again.label}</Button>
          </FaultNote>
        ) : null}
        <div className={`buttons${stage === 'plan' ? ' bar' : ''}`}>
          {stopped || changed ? null : (
            <Button key={stage} look="primary" {...pressable(next)} autoFocus={stage === 'plan'}>
              {next.label}
            </Button>
          )}
          {stage === 'plan' && again ? (
            <Button look={stopped ? 'primary' : 'plain'} {...pressable(again)} autoFocus={stopped}>
              {again.label}
            </Button>
          ) : null}
          {stage !== 'form' && change ? <Button {...pressable(change)}>{change.label}</Button> : null}
          <span className="lead" role="status">
            {busy === null ? '' : `${busy} …`}
          </span>
        </div>
      </div>
    </main>
  );
}
