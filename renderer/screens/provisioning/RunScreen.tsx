import { useEffect } from 'react';
import type { Run } from '../../../shared/console-api/provisioning.ts';
import { Button } from '../../components/Button.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { seconds, span } from '../../components/format.ts';
import { StepList } from '../../components/StepList.tsx';
import { useNow } from '../../components/useNow.ts';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { tellFault } from '../../stores/app/app.ts';
import { addressOf, useHosts } from '../../stores/hosts/hosts.ts';
import { canRetry, planAgain, retry, startWith, useProvision } from '../../stores/provisioning/provision.ts';
import { titleOf } from '../../stores/provisioning/run-words.ts';
import { cancel, lastToUndo, undo, useRuns } from '../../stores/provisioning/runs.ts';
import { go, replace } from '../../stores/route/route.ts';
import { RunResult } from './RunResult.tsx';

/** One run: what it does, what it did, and what is left. */
export function RunScreen({ runId }: { readonly runId: string }) {
  const run = useRuns((it) => it.runs[runId]);
  const now = useNow(run?.outcome === 'running' ? 500 : 10_000);
  if (run === undefined) {
    return (
      <main tabIndex={-1}>
        <p className="lead" role="status">
          This run is being started.
        </p>
      </main>
    );
  }
  return <RunPage run={run} now={now} />;
}

function RunPage({ run, now }: { readonly run: Run; readonly now: number }) {
  const host = useHosts((it) => it.hosts.find((one) => one.id === run.hostId));
  const busy = useProvision((it) => it.busy);
  const on = run.adds ?? (run.hosts ? `${run.hosts.length} hosts` : host ? addressOf(host) : 'its host');
  const before = useRuns((it) => lastToUndo(it.runs, run.domain));
  const toUndo = run.kind === 'provision' ? (run.canUndo ? run.runId : undefined) : before?.runId;
  const actions = actionsOf(run, host && !run.hosts ? on : '', busy !== null, toUndo);
  useEffect(() => offer('run', actions));
  const took = ((run.endedAt ?? now) - run.startedAt) / 1000;
  return (
    <main tabIndex={-1}>
      <div className="page">
        <header>
          <h1>{titleOf(run)}</h1>
          <span className="lead">
            on {on}, {run.outcome === 'running' ? `running for ${span(took * 1000)}` : `took ${seconds(took)}`}
          </span>
        </header>
        <Outcome run={run} />
        {run.connection && run.kind === 'provision' ? (
          <RunResult domain={run.domain} connection={run.connection} />
        ) : null}
        <div className="buttons">
          {actions
            .filter((it) => it.enabled)
            // who has added a node wants to see it among the others
            .sort((a, b) =>
              run.adds === undefined ? 0 : Number(b.id === 'run.cluster') - Number(a.id === 'run.cluster'),
            )
            .map((it, at) => (
              <Button
                key={it.id}
                look={at === 0 && it.id !== 'run.cancel' ? 'primary' : 'plain'}
                autoFocus={at === 0}
                {...pressable(it)}
              >
                {it.label}
              </Button>
            ))}
          <span className="lead" role="status">
            {busy === null ? '' : `${busy} …`}
          </span>
        </div>
        <StepList steps={run.steps} mode={modeOf(run)} now={now} hosts={run.hosts} />
      </div>
    </main>
  );
}

// A node that drains goes forward; one that leaves takes back what provisioning did, after its people have gone.
const modeOf = ({ kind }: Run) => (kind === 'undo' || kind === 'remove' || kind === 'remove-node' ? 'undo' : 'run');

/** What came of it, in one sentence. The step that failed says the rest. */
function Outcome({ run }: { readonly run: Run }) {
  const { outcome, summary } = run;
  if (outcome === 'running') return <p className="lead">{summary}</p>;
  if (outcome === 'done' || outcome === 'nothing-to-do') {
    return (
      <p className="lead" role="status">
        <strong>{summary}</strong>
      </p>
    );
  }
  const what =
    outcome === 'cancelled'
      ? 'You cancelled it.'
      : outcome === 'interrupted'
        ? 'It was cut off.'
        : FAILED[run.kind](run.domain);
  return (
    <FaultNote
      fault={{ what, why: summary.replace(/^Cancelled\. /, ''), todo: '' }}
      tone={outcome === 'failed' ? 'red' : 'amber'}
    />
  );
}

const FAILED: Readonly<Record<Run['kind'], (domain: string) => string>> = {
  provision: (domain) => `${domain} was not provisioned.`,
  undo: () => 'Not everything was taken back.',
  remove: (domain) => `${domain} was not removed whole.`,
  drain: () => 'The node was not drained.',
  undrain: () => 'The node was not taken back.',
  'remove-node': () => 'The node was not removed whole.',
};

function actionsOf(run: Run, host: string, busy: boolean, toUndo: string | undefined): readonly Action[] {
  const { runId, domain, kind, outcome, canUndo } = run;
  const running = outcome === 'running';
  const unwell = outcome === 'failed' || outcome === 'cancelled' || outcome === 'interrupted';
  const well = kind === 'provision' && run.connection !== null;
  const follow = (next: string | null) =>
    replace(next === null ? { screen: 'provision' } : { screen: 'run', runId: next });
  const again = () => {
    if (canRetry(runId)) return void retry(runId).then(follow, tellFault);
    if (run.hosts) void planAgain(domain, run.hostId);
    else startWith(domain, host);
    go({ screen: 'provision' });
  };
  return [
    {
      id: 'run.people',
      label: 'Add people',
      keys: 'a',
      enabled: well && run.adds === undefined,
      menu: 'Domain',
      perform: () => replace({ screen: 'domain', domain, tab: 'people', adding: true }),
    },
    {
      id: 'run.retry',
      label: kind === 'provision' ? 'Try again' : `Take ${domain} off again`,
      keys: 'r',
      enabled: unwell && !busy && kind === 'provision',
      menu: 'Domain',
      perform: again,
    },
    {
      id: 'run.again',
      label: 'Take back what is left',
      keys: 'r',
      enabled: unwell && !busy && kind !== 'provision' && canUndo,
      menu: 'Domain',
      perform: () => void undo(runId).then(follow, tellFault),
    },
    {
      id: 'run.undo',
      label: kind === 'provision' ? 'Undo' : 'Take back the run before it',
      keys: 'u',
      enabled:
        !running &&
        !busy &&
        toUndo !== undefined &&
        (kind === 'provision' || (outcome === 'done' && (kind === 'undo' || kind === 'remove'))),
      menu: 'Domain',
      perform: () => toUndo && void undo(toUndo).then((next) => go({ screen: 'run', runId: next }), tellFault),
    },
    {
      id: 'run.cancel',
      label: 'Cancel',
      keys: 'c',
      enabled: running,
      menu: 'Domain',
      perform: () => void cancel(runId).catch(tellFault),
    },
    {
      id: 'run.cluster',
      label: `Go to the nodes of ${domain}`,
      keys: 'n',
      enabled:
        !running &&
        (kind === 'drain' || kind === 'undrain' || kind === 'remove-node' || (well && run.hosts !== undefined)),
      menu: 'Domain',
      perform: () => replace({ screen: 'domain', domain, tab: 'cluster' }),
    },
    {
      id: 'run.fleet',
      label: 'Go to the fleet',
      keys: null,
      enabled: !running && !well,
      perform: () => go({ screen: 'fleet' }),
    },
  ];
}
