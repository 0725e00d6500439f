import { useEffect, useMemo, useRef, useState } from 'react';
import { Button } from '../../components/Button.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { Table } from '../../components/Table.tsx';
import { useNow } from '../../components/useNow.ts';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { useApp } from '../../stores/app/app.ts';
import { loadFleet, select, setFilter, sortBy, useFleet } from '../../stores/fleet/fleet.ts';
import { fits } from '../../stores/fleet/order.ts';
import { go } from '../../stores/route/route.ts';
import { columnsFor, isStale } from './columns.tsx';
import { EmptyFleet } from './EmptyFleet.tsx';
import { Peek } from './Peek.tsx';
import { Summary } from './Summary.tsx';
import { useWidth } from './useWidth.ts';

const open = (domain: string) => go({ screen: 'domain', domain, tab: 'people' });

/** Every domain: is it well, since when, what should I do? */
export function FleetScreen() {
  const { domains, order, sort, filter, selected, loaded, fault } = useFleet();
  const engine = useApp((it) => it.engine.state);
  const [peeking, setPeeking] = useState(false);
  const now = useNow();
  const search = useRef<HTMLInputElement>(null);
  const wide = useWidth() >= 1800;
  const items = useMemo(
    () => order.flatMap((name) => (domains[name] && fits(domains[name], filter) ? [domains[name]] : [])),
    [order, domains, filter],
  );
  const chosen = items.find((it) => it.name === selected);

  const actions = {
    open: {
      id: 'fleet.open',
      label: chosen ? `Open ${chosen.name}` : 'Open the domain',
      keys: null,
      enabled: chosen !== undefined,
      perform: () => chosen && open(chosen.name),
    },
    peek: {
      id: 'fleet.peek',
      label: peeking ? 'Close the side panel' : 'Look at the selected domain',
      keys: null,
      enabled: chosen !== undefined,
      menu: 'View',
      perform: () => setPeeking(!peeking),
    },
    filter: {
      id: 'fleet.filter',
      label: 'Filter the fleet',
      keys: '/',
      enabled: order.length > 0,
      menu: 'View',
      perform: () => search.current?.focus(),
    },
    provision: {
      id: 'fleet.provision',
      label: 'Provision a domain',
      keys: null,
      enabled: true,
      perform: () => go({ screen: 'provision' }),
    },
  } satisfies Record<string, Action>;
  useEffect(() => offer('fleet', Object.values(actions)));

  if (fault) {
    return (
      <main tabIndex={-1}>
        <FaultNote fault={fault}>
          <Button onPress={() => void loadFleet()}>Read the fleet again</Button>
        </FaultNote>
      </main>
    );
  }
  if (!loaded) {
    return (
      <main tabIndex={-1}>
        <p className="lead" role="status">
          {engine === 'lost' ? 'The fleet can be read when the engine runs.' : 'Reading the fleet.'}
        </p>
      </main>
    );
  }
  if (order.length === 0) return <EmptyFleet />;
  return (
    <main className="fill" tabIndex={-1}>
      <div className="toolbar">
        <h1>Fleet</h1>
        <span className="gap" />
        <div className="search">
          <input
            ref={search}
            aria-label="Filter the fleet"
            placeholder="Filter by name, host or state: press /"
            value={filter}
            spellCheck={false}
            onChange={(event) => setFilter(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape' && filter !== '') setFilter('');
              if (event.key === 'Enter' || event.key === 'ArrowDown') {
                event.preventDefault();
                if (!chosen && items[0]) select(items[0].name);
                document.querySelector<HTMLElement>('main [data-home]')?.focus();
              }
            }}
          />
        </div>
        <Button look="primary" {...pressable(actions.provision)}>
          {actions.provision.label}
        </Button>
      </div>
      <Summary domains={domains} now={now} engineLost={engine === 'lost'} />
      {items.length === 0 ? (
        <p className="lead" role="status">
          No domain fits <strong>{filter}</strong>. Esc in the field shows them all.
        </p>
      ) : null}
      <div className="fleet">
        <Table
          label="Domains"
          columns={columnsFor(now, wide, peeking)}
          items={items}
          idOf={(it) => it.name}
          selected={selected}
          onSelect={select}
          onOpen={open}
          onPeek={() => setPeeking(!peeking)}
          sort={sort}
          onSort={(key) => sortBy(key as typeof sort.key)}
          stale={isStale}
          home
        />
        {peeking && chosen ? <Peek domain={chosen} now={now} onOpen={() => open(chosen.name)} /> : null}
      </div>
    </main>
  );
}
