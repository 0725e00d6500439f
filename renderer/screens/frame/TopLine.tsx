import { Search } from 'lucide-react';
import type { Run } from '../../../shared/console-api/provisioning.ts';
import { keysText } from '../../stores/actions/actions.ts';
import { useRuns } from '../../stores/provisioning/runs.ts';
import { go, type Route, useRoute } from '../../stores/route/route.ts';

/** Where I am, the way to anything, and what is going on now. */
export function TopLine({ onFind }: { readonly onFind: () => void }) {
  const route = useRoute((it) => it.route);
  const runs = useRuns((it) => it.runs);
  const going = Object.values(runs).filter((run) => run.outcome === 'running');
  return (
    <header className="top">
      <div className="where">
        <Where route={route} runs={runs} />
      </div>
      <button type="button" className="search-button" onClick={onFind}>
        <Search size={16} aria-hidden />
        <span>Find</span>
        <span className="kbd" aria-hidden="true">
          {keysText('mod+k')}
        </span>
      </button>
      <div className="running">
        {going.length === 0 ? <span className="idle">Nothing is running</span> : null}
        {going.slice(0, 2).map((run) => (
          <button key={run.runId} type="button" onClick={() => go({ screen: 'run', runId: run.runId })}>
            <span>{`${VERBS[run.kind]} ${run.domain}: ${nowDoing(run)}`}</span>
          </button>
        ))}
        {going.length > 2 ? <span className="idle">and {going.length - 2} more</span> : null}
      </div>
    </header>
  );
}

const VERBS: Readonly<Record<Run['kind'], string>> = {
  provision: 'Provisioning',
  undo: 'Taking back',
  remove: 'Removing',
  drain: 'Draining a node of',
  undrain: 'Taking back a node of',
  'remove-node': 'Removing a node of',
};

function nowDoing({ steps }: Run): string {
  const step = steps.find((it) => it.event.state === 'running');
  const done = steps.filter(
    (it) => it.event.state === 'done' || it.event.state === 'skipped' || it.event.state === 'undone',
  ).length;
  const progress = step?.event.progress;
  const sent = progress && progress.total > 0 ? `, ${Math.floor((100 * progress.bytes) / progress.total)} % sent` : '';
  return `step ${Math.min(done + 1, steps.length)} of ${steps.length}${sent}`;
}

function Where({ route, runs }: { readonly route: Route; readonly runs: Readonly<Record<string, Run>> }) {
  if (route.screen === 'fleet') return <strong>Fleet</strong>;
  const name =
    route.screen === 'domain'
      ? route.domain
      : route.screen === 'provision'
        ? 'Provision a domain'
        : nameOf(runs[route.runId]);
  return (
    <>
      <button type="button" onClick={() => go({ screen: 'fleet' })}>
        Fleet
      </button>
      <span aria-hidden="true">/</span>
      <strong>{name}</strong>
    </>
  );
}

const TITLES: Readonly<Record<Run['kind'], string>> = {
  provision: 'Provision',
  undo: 'Take back',
  remove: 'Remove',
  drain: 'Drain a node of',
  undrain: 'Undrain a node of',
  'remove-node': 'Remove a node of',
};
const nameOf = (run: Run | undefined): string => (run ? `${TITLES[run.kind]} ${run.domain}` : 'A run');
