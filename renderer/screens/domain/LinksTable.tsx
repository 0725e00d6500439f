import { type LinkRow, linksOf } from '../../../shared/console-api/cluster-view.ts';
import type { DomainNode } from '../../../shared/console-api/domains.ts';
import { rateText } from '../../../shared/domain/cluster-words.ts';
import { bytes, number } from '../../components/format.ts';
import { type PlainCell, type PlainRow, PlainTable } from '../../components/PlainTable.tsx';

const STATES = { here: 'itself', linked: 'linked', joining: 'is being told who is there', silent: 'silent' } as const;
/** longer than that on one network says that something is slow, milliseconds */
const SLOW_MS = 250;

const COLUMNS = [
  { text: 'From', kind: 'mono' },
  { text: 'To', kind: 'mono' },
  { text: 'State' },
  ...['Stanzas out', 'Stanzas in', 'Batches out', 'Batches in', 'Round trip', 'Waits', 'Sent again'].map((text) => ({
    text,
    kind: 'number' as const,
  })),
] as const;

/** What each node sends to each other and gets from it, as the one that says it tells. */
export function LinksTable({ nodes }: { readonly nodes: readonly DomainNode[] }) {
  const links = linksOf(nodes);
  if (links.length === 0)
    return <p className="help">Links between nodes appear here as soon as two of them have heard one another.</p>;
  return (
    <section className="part" aria-label="Links between nodes">
      <h2>Links: what goes over them a second, mean of the last 10 s, as the first node tells</h2>
      <PlainTable label="Links" columns={COLUMNS} rows={links.map(rowOf)} />
    </section>
  );
}

function rowOf({ from, to }: LinkRow): PlainRow {
  const { rates, roundTripMs } = to;
  const young = { is: 'not known yet' };
  const rate = (now: number | undefined, all?: number): PlainCell =>
    now === undefined
      ? young
      : { is: rateText(now), ...(all !== undefined && { title: `${number(all)} since the link began` }) };
  const [out, into] =
    rates === undefined // of an older parleyd, which tells how many there were in all
      ? [{ is: `${number(to.delivered)} in all` }, { is: `${number(to.received)} in all` }]
      : [rate(rates?.stanzasOut, to.delivered), rate(rates?.stanzasIn, to.received)];
  const slow = (ms: number) => (ms > SLOW_MS ? ('look' as const) : undefined);
  return {
    key: `${from} ${to.run}`,
    cells: [
      ...[from, to.node, { is: STATES[to.state], tone: to.state === 'silent' ? ('away' as const) : undefined }],
      ...[out, into, rate(rates?.batchesOut), rate(rates?.batchesIn)],
      typeof roundTripMs === 'number' ? { is: `${roundTripMs.toFixed(1)} ms`, tone: slow(roundTripMs) } : young,
      {
        is: to.backlog === 0 ? '0 B' : `${bytes(to.backlog)} for ${number(Math.round(to.lagMs))} ms`,
        tone: to.lagMs > 1000 ? 'look' : undefined,
      },
      number(to.resent),
    ],
  };
}
