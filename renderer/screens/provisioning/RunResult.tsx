import { Copy } from 'lucide-react';
import type { Connection } from '../../../shared/console-api/provisioning.ts';
import { Button } from '../../components/Button.tsx';
import { Facts } from '../../components/Facts.tsx';
import { Fingerprint } from '../../components/Fingerprint.tsx';
import { copy } from '../../stores/app/app.ts';
import { forgetDemoPasswords, useRuns } from '../../stores/provisioning/runs.ts';

const DEMO = 'demo.localhost';

/** What a client needs to connect. */
export function RunResult({ domain, connection }: { readonly domain: string; readonly connection: Connection }) {
  const demo = useRuns((it) => it.demo);
  const { addresses, c2sPort, c2sTlsPort, certificateFingerprint, selfSigned } = connection;
  const servers = addresses ?? [connection.address];
  const all = [
    `Domain: ${domain}`,
    `${servers.length > 1 ? 'Servers' : 'Server'}: ${servers.join(', ')}`,
    `Port: ${c2sPort} (STARTTLS)${c2sTlsPort === null ? '' : `, ${c2sTlsPort} (direct TLS)`}`,
    `Certificate, SHA-256: ${certificateFingerprint}`,
  ].join('\n');
  return (
    <section className="box" aria-labelledby="connect">
      <div className="toolbar">
        <h2 id="connect">What a client needs</h2>
        <span className="gap" />
        <Button look="quiet" icon={<Copy size={16} aria-hidden />} onPress={() => copy(all, 'what a client needs')}>
          Copy all
        </Button>
      </div>
      <Facts
        facts={[
          { name: 'Domain', value: domain, mono: true },
          { name: servers.length > 1 ? 'Servers' : 'Server', value: servers.join(', '), mono: true },
          {
            name: 'Port',
            value: `${c2sPort} (STARTTLS)${c2sTlsPort === null ? '' : `, ${c2sTlsPort} (direct TLS)`}`,
            mono: true,
          },
          {
            name: `Certificate, ${selfSigned ? 'self-signed' : 'SHA-256'}`,
            value: <Fingerprint value={certificateFingerprint} onCopy={(text) => copy(text, 'the fingerprint')} />,
          },
        ]}
      />
      {servers.length > 1 ? (
        <p className="help">
          In DNS, one SRV record a server, so that clients find another when one is away:{' '}
          <code className="mono">{`_xmpp-client._tcp.${domain}`}</code>, port {c2sPort}.
        </p>
      ) : null}
      {domain === DEMO && demo ? <DemoPeople people={demo.people} /> : null}
    </section>
  );
}

interface Person {
  readonly jid: string;
  readonly password: string | null;
}

function DemoPeople({ people }: { readonly people: readonly Person[] }) {
  const fresh = people.filter((it) => it.password !== null);
  if (fresh.length === 0)
    return (
      <p className="help">
        {people.map((it) => it.jid).join(' and ')} were there already; give them a new password on the page of the
        domain.
      </p>
    );
  return (
    <div className="passwords">
      <h3>Two people to try it with; their passwords are shown this once</h3>
      <table>
        <tbody>
          {fresh.map(({ jid, password }) => (
            <tr key={jid}>
              <td className="mono">{jid}</td>
              <td className="mono">{password}</td>
              <td>
                <Button
                  look="quiet"
                  icon={<Copy size={16} aria-hidden />}
                  onPress={() => copy(`${jid} ${password}`, jid)}
                >
                  {`Copy ${jid.split('@')[0]}`}
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="buttons">
        <Button onPress={forgetDemoPasswords}>I have them</Button>
      </div>
    </div>
  );
}
