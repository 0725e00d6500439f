import { useEffect, useState } from 'react';
import type { Domain } from '../../../shared/console-api/domains.ts';
import type { Run } from '../../../shared/console-api/provisioning.ts';
import { Age } from '../../components/Age.tsx';
import { Button } from '../../components/Button.tsx';
import { Facts } from '../../components/Facts.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { bytes, number, span } from '../../components/format.ts';
import { Health } from '../../components/Health.tsx';
import { useNow } from '../../components/useNow.ts';
import { type Action, offer } from '../../stores/actions/actions.ts';
import { useApp } from '../../stores/app/app.ts';
import { load, NOTHING, openDomain, useDomain } from '../../stores/domain/domain.ts';
import { useFleet } from '../../stores/fleet/fleet.ts';
import { planAgain, startWith } from '../../stores/provisioning/provision.ts';
import { useRuns } from '../../stores/provisioning/runs.ts';
import { type DomainTab, go, replace } from '../../stores/route/route.ts';
import { ClusterPanel } from './ClusterPanel.tsx';
import { ConnectionPanel } from './ConnectionPanel.tsx';
import { LogPanel } from './LogPanel.tsx';
import { PeoplePanel } from './PeoplePanel.tsx';
import { SessionsPanel } from './SessionsPanel.tsx';
import { Tabs } from './Tabs.tsx';

export interface DomainScreenProps {
  readonly name: string;
  readonly tab: DomainTab;
  readonly adding: boolean;
}

/** One domain: how it is, who is there, who is online, what it says. */
export function DomainScreen({ name, tab, adding }: DomainScreenProps) {
  const domain = useFleet((it) => it.domains[name]);
  const now = useNow();
  useEffect(() => openDomain(name), [name]);
  if (domain === undefined) {
    return (
      <main tabIndex={-1}>
        <FaultNote
          fault={{
            what: `${name} is not in the fleet.`,
            why: 'It was removed, or has not been told of yet.',
            todo: 'The fleet lists those that are.',
          }}
        >
          <Button onPress={() => go({ screen: 'fleet' })}>Go to the fleet</Button>
        </FaultNote>
      </main>
    );
  }
  return <Page domain={domain} tab={tab} adding={adding} now={now} />;
}

interface PageProps {
  readonly domain: Domain;
  readonly tab: DomainTab;
  readonly adding: boolean;
  readonly now: number;
}

function Page({ domain, tab, adding, now }: PageProps) {
  const { name, host, health } = domain;
  const engineLost = useApp((it) => it.engine.state === 'lost');
  const live = !engineLost && (health.state === 'well' || health.state === 'warning');
  const known = useDomain((it) => it.known[name] ?? NOTHING);
  // the list is told of each login, the domain's own count follows within two seconds
  const sessions = live && known.sessionsAsOf !== null ? Object.keys(known.sessions).length : domain.sessions;
  const people = live && known.peopleAsOf !== null && known.search === '' ? known.total : domain.people;
  const [removing, setRemoving] = useState(false);
  const show = (next: DomainTab) => replace({ screen: 'domain', domain: name, tab: next });
  const last = useRuns((it) => latest(it.runs, name));
  const showLast = () => last && go({ screen: 'run', runId: last.runId });
  const again = () => {
    if (domain.nodes) void planAgain(name, domain.hostId);
    else startWith(name, host === 'this computer' ? '' : host);
    go({ screen: 'provision' });
  };
  const tabAction = (to: DomainTab, label: string, keys: string): Action => ({
    id: `domain.${to}`,
    label,
    keys,
    enabled: true,
    menu: 'Domain',
    perform: () => show(to),
  });
  const actions: readonly Action[] = [
    tabAction('people', 'Show people', '1'),
    tabAction('sessions', 'Show sessions', '2'),
    tabAction('log', 'Show the log', '3'),
    tabAction('connection', 'Show connection and certificate', '4'),
    tabAction('cluster', 'Show the cluster: nodes and links', '5'),
    {
      id: 'domain.run',
      label: 'Show the last run',
      keys: null,
      enabled: last !== undefined,
      menu: 'Domain',
      perform: showLast,
    },
    {
      id: 'domain.again',
      label: `Provision ${name} again`,
      keys: null,
      enabled: host !== 'this computer',
      menu: 'Domain',
      perform: again,
    },
    {
      id: 'domain.remove',
      label: `Remove ${name}`,
      keys: null,
      enabled: true,
      menu: 'Domain',
      perform: () => setRemoving(true),
    },
  ];
  useEffect(() => offer('domain', actions));
  const unfinished = last !== undefined && UNWELL.includes(last.outcome);
  return (
    <main className="fill" tabIndex={-1}>
      <div className="head-row">
        <h1>{name}</h1>
        <Health {...health} now={now} long />
      </div>
      {health.problem ? (
        <FaultNote fault={health.problem} tone={health.state === 'warning' ? 'amber' : 'red'}>
          <Button onPress={() => void load(name)}>Ask again</Button>
          {host === 'this computer' ? null : <Button onPress={again}>{`Provision ${name} again`}</Button>}
        </FaultNote>
      ) : null}
      {unfinished ? (
        <FaultNote
          fault={{ what: 'The last run for this domain did not end well.', why: last.summary, todo: '' }}
          tone="amber"
        >
          <Button onPress={showLast}>Show the last run</Button>
        </FaultNote>
      ) : null}
      <div className={live ? undefined : 'stale'}>
        <Facts across facts={factsOf({ ...domain, sessions, people }, now, live)} />
      </div>
      <Tabs selected={tab} onSelect={show} />
      <div className="panels">
        <PeoplePanel domain={name} live={live} shown={tab === 'people'} adding={adding} now={now} />
        <SessionsPanel domain={name} live={live} shown={tab === 'sessions'} now={now} />
        <LogPanel domain={name} live={live} shown={tab === 'log'} />
        <ConnectionPanel
          domain={domain}
          shown={tab === 'connection'}
          now={now}
          removing={removing}
          onRemoving={setRemoving}
        />
        <ClusterPanel domain={domain} shown={tab === 'cluster'} live={live} now={now} />
      </div>
    </main>
  );
}

const UNWELL: readonly Run['outcome'][] = ['failed', 'cancelled', 'interrupted'];

const latest = (runs: Readonly<Record<string, Run>>, domain: string): Run | undefined =>
  Object.values(runs)
    .filter((run) => run.domain === domain)
    .reduce<Run | undefined>(
      (last, run) => (last === undefined || run.startedAt > last.startedAt ? run : last),
      undefined,
    );

function factsOf(
  { host, version, sessions, people, memoryBytes, startedAt, health, nodes }: Domain,
  now: number,
  live: boolean,
) {
  const or = (value: number | null, show: (value: number) => string) =>
    value === null ? 'not known yet' : show(value);
  return [
    { name: nodes ? 'Runs on' : 'Host', value: host },
    { name: 'parleyd', value: version ?? 'not known yet' },
    { name: live ? 'Sessions now' : 'Sessions then', value: or(sessions, number) },
    { name: 'People', value: or(people, number) },
    { name: nodes ? 'Memory, all nodes' : 'Memory', value: or(memoryBytes, bytes) },
    ...(nodes ? [] : [{ name: 'Running for', value: live ? or(startedAt, (at) => span(now - at)) : 'not known' }]),
    ...(live
      ? []
      : [{ name: 'As of', value: health.asOf === null ? 'never heard' : <Age at={health.asOf} now={now} /> }]),
  ];
}
