import type { EdgeRow } from '../../../shared/console-api/cluster-view.ts';
import { Age } from '../../components/Age.tsx';
import { number, span } from '../../components/format.ts';
import { PlainTable } from '../../components/PlainTable.tsx';

const COLUMNS = [
  { text: 'Edge', kind: 'mono' },
  { text: 'Connected from', kind: 'mono' },
  { text: 'Core behind it', kind: 'mono' },
  { text: 'State' },
  { text: 'Sessions', kind: 'number' },
  { text: 'Came' },
] as const;

/** Processes that hold clients' connections, and the cores behind each; undefined: no node takes any. */
export function EdgesTable({ rows, now }: { readonly rows: readonly EdgeRow[] | undefined; readonly now: number }) {
  return (
    <section className="part" aria-label="Edges and cores">
      <h2>Edges, as their cores tell</h2>
      {rows === undefined ? (
        <p className="help">
          Clients connect to the nodes themselves. Connections on machines of their own need listen.edges at a node.
        </p>
      ) : rows.length === 0 ? (
        <p className="help">None is connected, though listen.edges is open.</p>
      ) : (
        <PlainTable
          label="Edges"
          columns={COLUMNS}
          rows={rows.map(({ edge, core }) => ({
            key: `${edge.id} ${core}`,
            cells: [
              edge.name,
              edge.address ?? "the core's own machine",
              core,
              edge.cutAt === null
                ? 'connected'
                : { is: `cut off for ${span(now - edge.cutAt)}`, tone: 'away' as const },
              number(edge.sessions),
              { is: <Age at={edge.since} now={now} /> },
            ],
          }))}
        />
      )}
    </section>
  );
}
