import { Choice, Field } from '../../components/Field.tsx';
import { type Field as FieldName, type Form, hostsOf } from '../../stores/provisioning/form.ts';
import { edit } from '../../stores/provisioning/provision.ts';
import { Choose } from './Choose.tsx';

interface ClusterFieldsProps {
  readonly form: Form;
  readonly bind: <K extends FieldName>(
    name: K,
  ) => {
    readonly name: K;
    readonly value: string;
    readonly onChange: (value: string) => void;
    readonly onLeave: () => void;
    readonly problem: string | undefined;
  };
}

/** The other hosts, and what stands between them. */
export function ClusterFields({ form, bind }: ClusterFieldsProps) {
  const hosts = hostsOf(form).map((it) => it.replace(/^ssh\s+/, '') || 'the first host');
  const postgres = [
    ...hosts.map((host, at) => ({
      value: String(at),
      label: `Install it on ${host}`,
      help: "From the distribution's packages, reachable for these hosts alone, with TLS and a password that Parley makes.",
    })),
    {
      value: 'given',
      label: 'I have one',
      help: 'PostgreSQL 13 or newer that every host reaches, such as a managed one.',
    },
  ];
  const nats = [
    {
      value: 'one' as const,
      label: `Install it on ${hosts[0]}`,
      help: 'One server. While it is away, each node serves its own people.',
    },
    ...(hosts.length >= 3
      ? [
          {
            value: 'three' as const,
            label: 'Install it on the first three',
            help: 'Three servers that stand in for one another: one may be lost.',
          },
        ]
      : []),
    { value: 'given' as const, label: 'I have one', help: 'NATS 2.9 or newer that every host reaches.' },
  ];
  return (
    <>
      <Field
        {...bind('more')}
        label="Further hosts"
        placeholder={'root@203.0.113.6\nroot@203.0.113.7'}
        help="One a line. Parley logs in to each in the same way."
        lines={3}
        mono
      />
      <Choice
        label="PostgreSQL, which all nodes share"
        value={form.postgres}
        options={postgres}
        onChange={(value) => edit('postgres', value)}
      />
      {form.postgres === 'given' ? (
        <>
          <Field
            {...bind('postgresUrl')}
            label="Address of PostgreSQL"
            placeholder="postgres://user@host:5432/database"
            mono
          />
          <Field
            {...bind('postgresPassword')}
            label="File with its password"
            help="Its first line. Empty: none is needed."
            mono
          >
            <Choose title="Choose the password's file" what="any" onChosen={(path) => edit('postgresPassword', path)} />
          </Field>
          <Field
            {...bind('postgresCa')}
            label="Who signs its certificate"
            help="A PEM file. Empty: an authority that browsers know."
            mono
          >
            <Choose title="Choose the authority" what="pem" onChosen={(path) => edit('postgresCa', path)} />
          </Field>
        </>
      ) : null}
      <Choice
        label="NATS, which carries messages between nodes"
        value={form.nats === 'three' && hosts.length < 3 ? 'one' : form.nats}
        options={nats}
        onChange={(value) => edit('nats', value)}
      />
      {form.nats === 'given' ? (
        <>
          <Field
            {...bind('natsServers')}
            label="Addresses of NATS"
            placeholder="tls://user@host:4222, tls://user@other:4222"
            mono
          />
          <Field
            {...bind('natsPassword')}
            label="File with its password"
            help="Its first line. Empty: none is needed."
            mono
          >
            <Choose title="Choose the password's file" what="any" onChosen={(path) => edit('natsPassword', path)} />
          </Field>
          <Field
            {...bind('natsCa')}
            label="Who signs its certificate"
            help="A PEM file. Empty: those the hosts know."
            mono
          >
            <Choose title="Choose the authority" what="pem" onChosen={(path) => edit('natsCa', path)} />
          </Field>
        </>
      ) : null}
    </>
  );
}
