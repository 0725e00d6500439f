import type { Domain } from '../../../shared/console-api/domains.ts';
import { Age } from '../../components/Age.tsx';
import { Button } from '../../components/Button.tsx';
import { Facts } from '../../components/Facts.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { bytes, number, span } from '../../components/format.ts';
import { Health } from '../../components/Health.tsx';
import { isStale } from './columns.tsx';

/** The selected domain, without leaving the list. */
export function Peek({
  domain,
  now,
  onOpen,
}: {
  readonly domain: Domain;
  readonly now: number;
  readonly onOpen: () => void;
}) {
  const { name, host, version, sessions, people, memoryBytes, startedAt, listeners, health } = domain;
  const known = (value: number | null, show: (value: number) => string) =>
    value === null ? 'not known yet' : show(value);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, and then the keyboard has to reach it
    <aside className="peek" aria-label={name} tabIndex={0}>
      <h2>{name}</h2>
      <Health {...health} now={now} long />
      {health.problem ? <FaultNote fault={health.problem} tone={health.state === 'warning' ? 'amber' : 'red'} /> : null}
      <div className={isStale(domain) ? 'stale' : undefined}>
        <Facts
          facts={[
            { name: 'Host', value: host },
            { name: 'Version', value: version ?? 'not known yet' },
            { name: 'Sessions', value: known(sessions, number) },
            { name: 'People', value: known(people, number) },
            { name: 'Memory', value: known(memoryBytes, bytes) },
            { name: 'Running for', value: known(startedAt, (at) => span(now - at)) },
            { name: 'Listens on', value: listeners.map((it) => it.address).join(', ') || 'not known yet' },
            { name: 'As of', value: health.asOf === null ? 'never heard' : <Age at={health.asOf} now={now} /> },
          ]}
        />
      </div>
      <div className="buttons">
        <Button onPress={onOpen} keys="Enter">{`Open ${name}`}</Button>
      </div>
    </aside>
  );
}
