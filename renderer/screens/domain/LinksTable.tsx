import type { DomainNode } from '../../../shared/console-api/domains.ts';
import { bytes, number, plural } from '../../components/format.ts';
import { isAway, nameOf } from './NodesTable.tsx';

const STATES = { here: 'itself', linked: 'linked', joining: 'is being told who is there', silent: 'silent' } as const;

/** What each node sends to each other, as the sender tells it. */
export function LinksTable({ nodes }: { readonly nodes: readonly DomainNode[] }) {
  const links = nodes
    .filter((it) => !isAway(it))
    .flatMap((from) =>
      (from.cluster?.nodes ?? []).filter((to) => to.state !== 'here').map((to) => ({ from: nameOf(from), to })),
    );
  if (links.length === 0)
    return <p className="help">Links between nodes appear here as soon as two of them have heard one another.</p>;
  return (
    <>
      <h2>Links, as the sending node tells</h2>
      <div className="scroll-x">
        <table className="plain" aria-label="Links">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">State</th>
              <th scope="col" className="number">
                Waits
              </th>
              <th scope="col" className="number">
                Lag
              </th>
              <th scope="col" className="number">
                Sent
              </th>
              <th scope="col" className="number">
                Got
              </th>
              <th scope="col" className="number">
                Sent again
              </th>
            </tr>
          </thead>
          <tbody>
            {links.map(({ from, to }) => (
              <tr key={`${from} ${to.node} ${to.run}`}>
                <th scope="row" className="mono">
                  {from}
                </th>
                <td className="mono">{to.node}</td>
                <td className={to.state === 'silent' ? 'away' : undefined}>{STATES[to.state]}</td>
                <td className="number">{bytes(to.backlog)}</td>
                <td className={`number${to.lagMs > 1000 ? ' look' : ''}`}>{number(Math.round(to.lagMs))} ms</td>
                <td className="number">{plural(to.delivered, 'stanza')}</td>
                <td className="number">{plural(to.received, 'stanza')}</td>
                <td className="number">{number(to.resent)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
