import { useEffect, useState } from 'react';
import type { Session } from '../../../shared/domain/session.ts';
import { Age } from '../../components/Age.tsx';
import { Button } from '../../components/Button.tsx';
import { fullTime, plural, span } from '../../components/format.ts';
import { type Column, Table } from '../../components/Table.tsx';
import { type Action, offer, pressable } from '../../stores/actions/actions.ts';
import { tell, tellFault } from '../../stores/app/app.ts';
import { NOTHING, useDomain } from '../../stores/domain/domain.ts';
import { endSession } from '../../stores/domain/people.ts';
import { Panel } from './Panel.tsx';

interface SessionsPanelProps {
  readonly domain: string;
  readonly live: boolean;
  readonly shown: boolean;
  readonly now: number;
}

export function SessionsPanel({ domain, live, shown, now }: SessionsPanelProps) {
  const known = useDomain((it) => it.known[domain] ?? NOTHING);
  const [selected, setSelected] = useState<string | null>(null);
  const sessions = Object.values(known.sessions);
  const chosen = sessions.find((it) => it.jid === selected);
  const end: Action = {
    ...{ id: 'sessions.end', label: chosen ? `End ${chosen.jid}` : 'End the session', keys: 'x', menu: 'Domain' },
    enabled: live && shown && chosen !== undefined,
    perform: () => chosen && void endSession(domain, chosen.jid).then(() => tell(`Ended ${chosen.jid}.`), tellFault),
  };
  useEffect(() => offer('sessions', [end]));
  return (
    <Panel tab="sessions" title="Sessions" shown={shown}>
      <div className="toolbar">
        <span className={live ? undefined : 'stale'}>
          {plural(sessions.length, 'session')} {live ? 'now, told by parleyd as they come and go' : ''}
          {!live && known.sessionsAsOf !== null ? <Age at={known.sessionsAsOf} now={now} /> : null}
        </span>
        <span className="gap" />
        {chosen ? <Button {...pressable(end)}>{end.label}</Button> : null}
      </div>
      {sessions.length === 0 ? (
        <p className="lead">
          {live
            ? 'Nobody is online. Sessions appear here as soon as a client logs in.'
            : 'No session was open when it was last heard of.'}
        </p>
      ) : (
        <Table
          label="Sessions"
          columns={columnsFor(now)}
          items={sessions}
          idOf={(it) => it.jid}
          selected={selected}
          onSelect={setSelected}
          stale={() => !live}
          home={shown}
        />
      )}
    </Panel>
  );
}

const columnsFor = (now: number): Column<Session>[] => [
  {
    key: 'jid',
    title: 'Session',
    width: 'minmax(220px, 2fr)',
    cell: (it) => (
      <span className="mono" title={it.jid}>
        {it.jid}
      </span>
    ),
  },
  { key: 'presence', title: 'Presence', width: 'minmax(110px, 1fr)', cell: (it) => presence(it) },
  {
    key: 'address',
    title: 'Client address',
    width: 'minmax(150px, 1fr)',
    cell: (it) => <span className="mono">{it.address}</span>,
  },
  {
    key: 'transport',
    title: 'Transport',
    width: '150px',
    cell: (it) => TRANSPORTS[it.transport] + (it.tls === null ? '' : `, ${it.tls.replace('TLSv', 'TLS ')}`),
  },
  { key: 'mechanism', title: 'Login', width: '120px', cell: (it) => it.mechanism },
  {
    key: 'since',
    title: 'Online for',
    width: '88px',
    number: true,
    cell: (it) => <span title={fullTime(it.connectedAt)}>{span(now - it.connectedAt)}</span>,
  },
];

const TRANSPORTS: Readonly<Record<Session['transport'], string>> = {
  tcp: 'TCP',
  starttls: 'STARTTLS',
  websocket: 'WebSocket',
  bosh: 'BOSH',
  tls: 'direct TLS',
};

function presence({ presence: it }: Session): string {
  if (it === null) return 'none sent';
  const show =
    { away: 'away', xa: 'long away', dnd: 'not to be disturbed', chat: 'free to chat' }[it.show] ?? 'available';
  return it.status === '' ? show : `${show}: ${it.status}`;
}
