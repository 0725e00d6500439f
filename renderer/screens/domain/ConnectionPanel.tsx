import { useState } from 'react';
import type { Domain } from '../../../shared/console-api/domains.ts';
import { Button } from '../../components/Button.tsx';
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Fingerprint } from '../../components/Fingerprint.tsx';
import { day, span } from '../../components/format.ts';
import { copy, tell, tellFault } from '../../stores/app/app.ts';
import { NOTHING, useDomain } from '../../stores/domain/domain.ts';
import { forgetDomain, removeDomain } from '../../stores/domain/people.ts';
import { go } from '../../stores/route/route.ts';
import { Panel } from './Panel.tsx';

interface ConnectionPanelProps {
  readonly domain: Domain;
  readonly shown: boolean;
  readonly now: number;
  readonly removing: boolean;
  readonly onRemoving: (removing: boolean) => void;
}

/** What a client needs, the certificate it will see, and the way out. */
export function ConnectionPanel({ domain, shown, now, removing, onRemoving }: ConnectionPanelProps) {
  const { name, host, health, connection } = domain;
  const certificate = useDomain((it) => (it.known[name] ?? NOTHING).certificate);
  const [forgetting, setForgetting] = useState(false);
  const gone = health.state === 'unreachable' || health.state === 'down';
  const copyIt = (text: string) => copy(text, 'the fingerprint');
  return (
    <Panel tab="connection" title="Connection" shown={shown} scrolls>
      <section className="box" aria-label="What a client needs">
        <h2>What a client needs</h2>
        {connection === null ? (
          <p className="lead">Not known before the domain has been provisioned to its end.</p>
        ) : (
          <Facts
            facts={[
              {
                name: connection.addresses ? 'Servers' : 'Server',
                value: (connection.addresses ?? [connection.address]).join(', '),
                mono: true,
              },
              { name: 'Port, STARTTLS', value: connection.c2sPort, mono: true },
              { name: 'Port, direct TLS', value: connection.c2sTlsPort ?? 'none', mono: true },
              {
                name: 'Certificate, SHA-256',
                value: (
                  <Fingerprint value={certificate?.fingerprint ?? connection.certificateFingerprint} onCopy={copyIt} />
                ),
              },
            ]}
          />
        )}
      </section>
      {certificate ? (
        <section className="box" aria-label="Certificate">
          <h2>Certificate</h2>
          <Facts
            facts={[
              { name: 'For', value: certificate.names.join(', ') || certificate.subject, mono: true },
              { name: 'Issued by', value: certificate.selfSigned ? 'itself (self-signed)' : certificate.issuer },
              {
                name: 'Valid',
                value: `${day(certificate.notBefore)} to ${day(certificate.notAfter)}, ${certificate.notAfter > now ? `${span(certificate.notAfter - now)} left` : 'ended'}`,
              },
            ]}
          />
        </section>
      ) : null}
      <section className="box" aria-label="Remove">
        <div className="danger-zone">
          <p className="lead">{`Takes ${name} off ${host}: parleyd, people and messages.`}</p>
          <Button look="danger" onPress={() => onRemoving(true)}>{`Remove ${name}`}</Button>
        </div>
        {gone ? (
          <div className="danger-zone">
            <p className="lead">If the host is gone for good: forgets the domain here and leaves the host as it is.</p>
            <Button look="danger" onPress={() => setForgetting(true)}>{`Forget ${name}`}</Button>
          </div>
        ) : null}
      </section>
      {removing ? (
        <ConfirmDialog
          title={`Remove ${name}`}
          text={`All of ${name} on ${host} is deleted: its people, their contacts and their messages. This can't be undone.`}
          word={name}
          action={`Remove ${name}`}
          onClose={() => onRemoving(false)}
          onConfirm={() => {
            onRemoving(false);
            void removeDomain(name, name).then((runId) => go({ screen: 'run', runId }), tellFault);
          }}
        />
      ) : null}
      {forgetting ? (
        <ConfirmDialog
          title={`Forget ${name}`}
          text={`Parley will know nothing of ${name} any more. What runs on ${host} goes on running.`}
          word={name}
          action={`Forget ${name}`}
          onClose={() => setForgetting(false)}
          onConfirm={() => {
            setForgetting(false);
            void forgetDomain(name, name).then(() => tell(`Forgot ${name}.`), tellFault);
          }}
        />
      ) : null}
    </Panel>
  );
}
