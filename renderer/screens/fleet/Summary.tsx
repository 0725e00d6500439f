import type { Domain } from '../../../shared/console-api/domains.ts';
import { number, plural } from '../../components/format.ts';
import { isStale } from './columns.tsx';

interface SummaryProps {
  readonly domains: Readonly<Record<string, Domain>>;
  readonly now: number;
  readonly engineLost: boolean;
}

/** The first answer: how many need a look, and what is known now. */
export function Summary({ domains, engineLost }: SummaryProps) {
  const all = Object.values(domains);
  const count = (...states: Domain['health']['state'][]) => all.filter((it) => states.includes(it.health.state)).length;
  const red = count('down', 'unreachable');
  const amber = count('warning');
  const fresh = all.filter((it) => !isStale(it));
  const sessions = fresh.reduce((sum, it) => sum + (it.sessions ?? 0), 0);
  if (engineLost)
    return <p className="summary stale">{plural(all.length, 'domain')}, as they were when the engine stopped</p>;
  return (
    <p className="summary">
      {red > 0 ? <span className="health red">■ {plural(red, 'domain needs', 'domains need')} a look now</span> : null}
      {amber > 0 ? <span className="health amber">▲ {number(amber)} today</span> : null}
      <span>
        {red + amber === 0 && fresh.length === all.length
          ? allWell(all.length)
          : `${number(count('well'))} of ${plural(all.length, 'domain')} well`}
      </span>
      <span>
        {fresh.length === 0 ? 'No domain answers' : `${plural(sessions, 'session')} now`}
        {fresh.length === all.length || fresh.length === 0 ? '' : `, on the ${number(fresh.length)} that answer`}
      </span>
    </p>
  );
}

const allWell = (count: number): string => (count === 1 ? '1 domain, well' : `All ${number(count)} domains well`);
