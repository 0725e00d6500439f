import { isAway, nameOf } from '../../../shared/console-api/cluster-view.ts';
import type { DomainNode } from '../../../shared/console-api/domains.ts';
import { bytes, number } from '../../components/format.ts';
import { Health } from '../../components/Health.tsx';

const ownView = ({ cluster }: DomainNode) => cluster?.nodes.find((it) => it.state === 'here');
export const isDraining = (node: DomainNode): boolean => ownView(node)?.draining ?? false;

/** It takes nobody in; who is connected, or waits there for a client, is still to go. */
const drainingText = ({ sessions }: DomainNode): string =>
  sessions === null || sessions === 0 ? 'drained' : `draining, ${number(sessions)} left`;

interface NodesTableProps {
  readonly nodes: readonly DomainNode[];
  readonly selected: string | null;
  readonly onSelect: (hostId: string) => void;
  readonly now: number;
}

/** Each node as its own host tells. One is chosen by its name, and then can be drained or removed. */
export function NodesTable({ nodes, selected, onSelect, now }: NodesTableProps) {
  return (
    <div className="scroll-x">
      <table className="plain" aria-label="Nodes">
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Host</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Sessions
            </th>
            <th scope="col">Database</th>
            <th scope="col">NATS</th>
            <th scope="col">Carries</th>
            <th scope="col" className="number">
              Memory
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map((node) => (
            <Row
              key={node.hostId}
              node={node}
              selected={selected === node.hostId}
              onSelect={() => onSelect(node.hostId)}
              now={now}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly node: DomainNode;
  readonly selected: boolean;
  readonly onSelect: () => void;
  readonly now: number;
}

function Row({ node, selected, onSelect, now }: RowProps) {
  const away = isAway(node);
  const own = ownView(node);
  const database = own === undefined ? 'not known' : away ? 'not known now' : own.database ? 'reached' : 'out of reach';
  const nats =
    node.cluster === null
      ? 'not known'
      : away
        ? 'not known now'
        : node.cluster.nats.connected
          ? node.cluster.nats.address
          : 'out of reach';
  return (
    <tr className={`${selected ? 'selected' : ''}${away ? ' stale' : ''}`}>
      <th scope="row">
        <label>
          <input type="radio" name="node" checked={selected} onChange={onSelect} />
          <span className="mono">{nameOf(node)}</span>
        </label>
      </th>
      <td className="mono">{node.host}</td>
      <td>
        {isDraining(node) && !away ? (
          <span className="look">{drainingText(node)}</span>
        ) : (
          <Health {...node.health} now={now} />
        )}
      </td>
      <td className="number">
        {node.sessions === null ? '' : away ? `${number(node.sessions)} then` : number(node.sessions)}
      </td>
      <td className={database === 'out of reach' ? 'away' : undefined}>{database}</td>
      <td className={nats === 'out of reach' ? 'away mono' : 'mono'}>{nats}</td>
      <td>{node.carries.map((it) => (it === 'nats' ? 'NATS' : 'database')).join(', ')}</td>
      <td className="number">{node.memoryBytes === null ? '' : bytes(node.memoryBytes)}</td>
    </tr>
  );
}
