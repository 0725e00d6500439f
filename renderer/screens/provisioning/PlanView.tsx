import type { Plan } from '../../../shared/console-api/provisioning.ts';
import { Facts } from '../../components/Facts.tsx';
import { FaultNote } from '../../components/FaultNote.tsx';
import { bytes } from '../../components/format.ts';
import { StepList } from '../../components/StepList.tsx';
import { useNow } from '../../components/useNow.ts';

const RIGHTS: Readonly<Record<Plan['facts']['rights'], string>> = {
  root: 'as root',
  sudo: 'by sudo, without a password',
  'sudo-password': 'by sudo, with a password',
  none: 'none',
};

/** What will be done, in words, before anything is. */
export function PlanView({ plan }: { readonly plan: Plan }) {
  const { summary, findings, steps, facts, uploadBytes, hosts } = plan;
  const now = useNow();
  return (
    <section className="group">
      <p className="lead">
        <strong>{summary}</strong>
        {uploadBytes > 0 && !findings.some((it) => it.stops)
          ? ` ${bytes(uploadBytes)} travel over the SSH connection.`
          : ''}
      </p>
      {findings.map((it) => (
        <FaultNote key={`${it.code} ${it.what}`} fault={it} tone={it.stops ? 'red' : 'amber'} />
      ))}
      {hosts ? (
        <HostFacts hosts={hosts} />
      ) : (
        <Facts
          across
          facts={[
            { name: 'System', value: `${facts.system}, ${facts.architecture}` },
            { name: 'Memory', value: bytes(facts.memoryBytes) },
            { name: 'Free for data', value: bytes(facts.freeBytes.data) },
            { name: "Root's rights", value: RIGHTS[facts.rights] },
            { name: 'Domains there', value: facts.domains.length === 0 ? 'none' : facts.domains.join(', ') },
          ]}
        />
      )}
      <StepList steps={steps} mode="plan" now={now} hosts={hosts} />
      {facts.notes.map((note) => (
        <p key={note} className="help">
          {note}
        </p>
      ))}
    </section>
  );
}

/** What each of several hosts is, a line a host. */
function HostFacts({ hosts }: { readonly hosts: NonNullable<Plan['hosts']> }) {
  return (
    <div className="scroll-x">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Host</th>
            <th scope="col">System</th>
            <th scope="col" className="number">
              Memory
            </th>
            <th scope="col" className="number">
              Free for data
            </th>
            <th scope="col">Root's rights</th>
          </tr>
        </thead>
        <tbody>
          {hosts.map(({ hostId, host, facts }) => (
            <tr key={hostId}>
              <th scope="row" className="mono">
                {host}
              </th>
              <td>{`${facts.system.replace(/^Debian GNU\/Linux/, 'Debian')}, ${facts.architecture}`}</td>
              <td className="number">{bytes(facts.memoryBytes)}</td>
              <td className="number">{bytes(facts.freeBytes.data)}</td>
              <td>{RIGHTS[facts.rights]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
