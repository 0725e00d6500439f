import { locksOf, successionsOf, tellsMore, worksOf } from '../../../shared/console-api/cluster-view.ts';
import type { DomainNode } from '../../../shared/console-api/domains.ts';
import { lockText, NO_LEADER, successionText, workText } from '../../../shared/domain/cluster-words.ts';
import { Age } from '../../components/Age.tsx';
import { number, plural } from '../../components/format.ts';
import { PlainTable } from '../../components/PlainTable.tsx';

const LOCKS = [{ text: 'Lock' }, { text: 'Node', kind: 'mono' }, { text: 'State' }] as const;
const ENDED = [{ text: 'Node', kind: 'mono' }, { text: 'What happened' }, { text: 'When' }] as const;

/** Who leads what: which node has a lock that others would wait for, and which took over from one that ended. */
export function LocksSection({ nodes, now }: { readonly nodes: readonly DomainNode[]; readonly now: number }) {
  if (!tellsMore(nodes)) return null;
  const works = worksOf(nodes);
  const ended = successionsOf(nodes);
  const had = locksOf(nodes).map(
    ({ node, had, failed }) =>
      `${node} had ${plural(had, 'lock')}${failed === 0 ? '' : ` and missed ${number(failed)}`}`,
  );
  return (
    <section className="part" aria-label="Who leads what">
      <h2>Who leads what</h2>
      <p className="help">{`${NO_LEADER} Since their start: ${had.join(', ')}.`}</p>
      {works.length === 0 ? (
        <p className="help">Nobody has a lock now, and nobody waits for one.</p>
      ) : (
        <PlainTable
          label="Locks"
          columns={LOCKS}
          rows={works.map((work, at) => ({
            key: `${work.name} ${work.node} ${at}`,
            cells: [
              lockText(work.name),
              work.node,
              { is: workText(work), tone: work.forMs > 5000 ? 'look' : undefined },
            ],
          }))}
        />
      )}
      {ended.length === 0 ? null : (
        <PlainTable
          label="Nodes that ended"
          columns={ENDED}
          rows={ended.map((it) => ({
            key: it.run,
            cells: [it.node, successionText(it, plural(it.sessions, 'session')), { is: <Age at={it.at} now={now} /> }],
          }))}
        />
      )}
    </section>
  );
}
