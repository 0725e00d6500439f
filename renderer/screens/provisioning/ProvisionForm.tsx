import { Choice, Field } from '../../components/Field.tsx';
import type { Field as FieldName } from '../../stores/provisioning/form.ts';
import { edit, leave, problemsNow, useProvision } from '../../stores/provisioning/provision.ts';
import { Choose } from './Choose.tsx';
import { ClusterFields } from './ClusterFields.tsx';

const WAYS = [
  {
    value: 'auto',
    label: 'As ssh would',
    help: 'Your SSH agent, then the usual keys in ~/.ssh, then Parley asks for the password.',
  },
  { value: 'agent', label: 'SSH agent', help: 'Only with the keys that your agent holds.' },
  {
    value: 'key',
    label: 'Key file',
    help: 'Only with this private key. Parley asks for its passphrase if it has one.',
  },
  { value: 'password', label: 'Password', help: 'Parley asks for it when it is needed.' },
] as const;

const CERTIFICATES = [
  {
    value: 'self-signed',
    label: 'Make one',
    help: 'Self-signed: people accept its fingerprint once. You can replace it later.',
  },
  {
    value: 'given',
    label: 'I have one',
    help: 'Two PEM files on this computer. The key travels over the SSH connection and nowhere else.',
  },
] as const;

const PLACES = [
  { value: 'one', label: 'One host', help: 'Everything in one place; nothing else to install.' },
  {
    value: 'several',
    label: 'Several hosts',
    help: 'A node on each. One may be lost, and more can be added; PostgreSQL and NATS stand between them.',
  },
] as const;

export function ProvisionForm({ onSubmit }: { readonly onSubmit: () => void }) {
  const { form, left, hostProblem, moreProblem, nodeOf } = useProvision();
  const problems = problemsNow({ form, hostProblem, moreProblem });
  const several = form.where === 'several';
  const bind = <K extends FieldName>(name: K) => ({
    name,
    value: form[name],
    onChange: (value: string) => edit(name, value as (typeof form)[K]),
    onLeave: () => leave(name),
    problem: left.has(name) ? problems[name] : undefined,
  });
  return (
    <form
      className="group"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {nodeOf === null ? (
        <Field
          {...bind('domain')}
          label="Domain"
          placeholder="chat.example.org"
          help="What people will write behind the @."
          autoFocus
          mono
        />
      ) : null}
      <Field
        {...bind('host')}
        label={several ? 'First host' : 'Host'}
        autoFocus={nodeOf !== null}
        placeholder="root@203.0.113.5:22"
        help="Who logs in and where. A whole ssh command can be pasted. The user needs root's rights, also by sudo."
        mono
      />
      <Choice label="How to log in" value={form.auth} options={WAYS} onChange={(auth) => edit('auth', auth)} />
      {form.auth === 'key' ? (
        <Field {...bind('keyPath')} label="Private key" mono>
          <Choose title="Choose the private key" what="ssh-key" onChosen={(path) => edit('keyPath', path)} />
        </Field>
      ) : null}
      {nodeOf === null ? (
        <Choice label="Runs on" value={form.where} options={PLACES} onChange={(where) => edit('where', where)} />
      ) : null}
      {several ? <ClusterFields form={form} bind={bind} /> : null}
      {nodeOf === null ? (
        <>
          <div className="pair">
            <Field {...bind('c2sPort')} label="Port, STARTTLS" width="short" mono />
            <Field {...bind('c2sTlsPort')} label="Port, direct TLS" width="short" mono />
          </div>
          <Choice
            label="Certificate"
            value={form.certificate}
            options={CERTIFICATES}
            onChange={(kind) => edit('certificate', kind)}
          />
          {form.certificate === 'given' ? (
            <>
              <Field {...bind('certFile')} label="Certificate with its chain" mono>
                <Choose title="Choose the certificate" what="pem" onChosen={(path) => edit('certFile', path)} />
              </Field>
              <Field {...bind('keyFile')} label="Private key of the certificate" mono>
                <Choose title="Choose the private key" what="pem" onChosen={(path) => edit('keyFile', path)} />
              </Field>
            </>
          ) : null}
        </>
      ) : null}
      <input type="submit" hidden />
    </form>
  );
}
