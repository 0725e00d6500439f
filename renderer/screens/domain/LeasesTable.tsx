import { isAway, leasesOf, tellsMore } from '../../../shared/console-api/cluster-view.ts';
import type { DomainNode } from '../../../shared/console-api/domains.ts';
import { leaseText, renewedText, secondsText } from '../../../shared/domain/cluster-words.ts';
import { PlainTable } from '../../components/PlainTable.tsx';

const COLUMNS = [
  { text: 'Node', kind: 'mono' },
  { text: 'Lease' },
  { text: 'Renewed' },
  { text: 'As told by' },
] as const;

/** Each node's right to serve: how long it still holds. */
export function LeasesTable({ nodes }: { readonly nodes: readonly DomainNode[] }) {
  if (!tellsMore(nodes)) return null;
  const { leaseMs, stopMs } = nodes.find((it) => !isAway(it) && it.cluster?.leaseMs !== undefined)?.cluster ?? {};
  return (
    <section className="part" aria-label="Leases of nodes">
      <h2>Leases</h2>
      {leaseMs === undefined || stopMs === undefined ? null : (
        <p className="help">
          {`A node serves under a lease of ${secondsText(leaseMs)}. One that can't renew its own stops itself after ${secondsText(stopMs)}; one that is silent for longer is withdrawn by another.`}
        </p>
      )}
      <PlainTable
        label="Leases"
        columns={COLUMNS}
        rows={leasesOf(nodes).map(({ lease, teller }) => {
          const own = teller === lease.node;
          const late = lease.leftMs !== null && stopMs !== undefined && lease.leftMs < stopMs / 4;
          return {
            key: lease.run,
            cells: [
              lease.node,
              { is: leaseText(lease, own), tone: lease.state === 'fenced' ? 'away' : late ? 'look' : undefined },
              { is: renewedText(lease), tone: lease.by === 'nodes' ? 'look' : undefined },
              own ? 'itself' : teller,
            ],
          };
        })}
      />
    </section>
  );
}
