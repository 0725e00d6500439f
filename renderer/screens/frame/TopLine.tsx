import { Search } from 'lucide-react';
import type { Run } from '../../../shared/console-api/provisioning.ts';
import { keysText } from '../../stores/actions/actions.ts';
import { useProvision } from '../../stores/provisioning/provision.ts';
import { doingOf, nodeWorkOf, titleOf } from '../../stores/provisioning/run-words.ts';
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
            <span>{`${doingOf(run)}: ${nowDoing(run)}`}</span>
          </button>
        ))}
        {going.length > 2 ? <span className="idle">and {going.length - 2} more</span> : null}
      </div>
    </header>
  );
}

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
  const nodeOf = useProvision((it) => it.nodeOf);
  if (route.screen === 'fleet') return <strong>Fleet</strong>;
  const { domain, name } = placeOf(route, runs, nodeOf);
  return (
    <>
      <button type="button" onClick={() => go({ screen: 'fleet' })}>
        Fleet
      </button>
      <span aria-hidden="true">/</span>
      {domain === undefined ? null : (
        <>
          <button type="button" onClick={() => go({ screen: 'domain', domain, tab: 'cluster' })}>
            {domain}
          </button>
          <span aria-hidden="true">/</span>
        </>
      )}
      <strong>{name}</strong>
    </>
  );
}

/** What is done with one node stands behind its domain. */
function placeOf(
  route: Exclude<Route, { screen: 'fleet' }>,
  runs: Readonly<Record<string, Run>>,
  nodeOf: string | null,
): { readonly domain?: string; readonly name: string } {
  if (route.screen === 'domain') return { name: route.domain };
  if (route.screen === 'provision')
    return nodeOf === null ? { name: 'Provision a domain' } : { domain: nodeOf, name: 'Add a node' };
  const run = runs[route.runId];
  const work = run && nodeWorkOf(run);
  if (run && work !== undefined) return { domain: run.domain, name: work };
  return { name: run ? titleOf(run) : 'A run' };
}
