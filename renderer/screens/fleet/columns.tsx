import type { Domain } from '../../../shared/console-api/domains.ts';
import { Age } from '../../components/Age.tsx';
import { bytes, number, span } from '../../components/format.ts';
import { Health } from '../../components/Health.tsx';
import type { Column } from '../../components/Table.tsx';

/** Numbers that are not from now: they are shown greyed, with their age. */
export const isStale = ({ health }: Domain): boolean => health.state !== 'well' && health.state !== 'warning';

const NONE = <span className="age">–</span>;

export function columnsFor(now: number, wide: boolean, narrow: boolean): Column<Domain>[] {
  const columns: Column<Domain>[] = [
    {
      key: 'health',
      title: 'State',
      width: 'minmax(200px, 1.3fr)',
      sortable: true,
      cell: (it) => <Health {...it.health} now={now} long />,
    },
    {
      key: 'name',
      title: 'Domain',
      width: 'minmax(170px, 1.6fr)',
      sortable: true,
      cell: (it) => <strong title={it.name}>{it.name}</strong>,
    },
    {
      key: 'host',
      title: 'Host',
      width: 'minmax(150px, 1.2fr)',
      sortable: true,
      cell: (it) => <span title={it.host}>{it.host}</span>,
    },
    {
      key: 'version',
      title: 'Version',
      width: '72px',
      sortable: true,
      cell: (it) => <span className="fades">{it.version ?? NONE}</span>,
    },
    {
      key: 'sessions',
      title: 'Sessions now',
      width: '96px',
      number: true,
      sortable: true,
      cell: (it) => (it.sessions === null ? NONE : number(it.sessions)),
    },
    {
      key: 'people',
      title: 'People',
      width: '72px',
      number: true,
      sortable: true,
      cell: (it) => (it.people === null ? NONE : number(it.people)),
    },
    { key: 'asof', title: 'As of', width: '88px', number: true, cell: (it) => <AsOf domain={it} now={now} /> },
  ];
  const more: Column<Domain>[] = [
    {
      key: 'memory',
      title: 'Memory',
      width: '88px',
      number: true,
      sortable: true,
      cell: (it) => (it.memoryBytes === null ? NONE : bytes(it.memoryBytes)),
    },
    {
      key: 'started',
      title: 'Running for',
      width: '96px',
      number: true,
      sortable: true,
      cell: (it) => (it.startedAt === null || isStale(it) ? NONE : span(now - it.startedAt)),
    },
    {
      key: 'listeners',
      title: 'Listens on',
      width: 'minmax(180px, 1fr)',
      cell: (it) => <span className="fades">{it.listeners.map((l) => l.address).join(', ') || NONE}</span>,
    },
  ];
  if (wide) return [...columns, ...more];
  return narrow ? columns.filter(({ key }) => key !== 'version' && key !== 'people' && key !== 'host') : columns;
}

function AsOf({ domain, now }: { readonly domain: Domain; readonly now: number }) {
  const { asOf } = domain.health;
  if (asOf === null) return NONE;
  return <span className="age">{isStale(domain) ? <Age at={asOf} now={now} /> : 'now'}</span>;
}
