import type { HostAuth } from '../../../shared/console-api/hosts.ts';
import type { ClusterSpec, ProvisionSpec } from '../../../shared/console-api/provisioning.ts';
import { domainNameProblem } from '../../../shared/domain/domain-name.ts';

export interface Form {
  readonly domain: string;
  readonly host: string;
  /** on one host, or a node on each of several */
  readonly where: 'one' | 'several';
  /** those after the first, one a line */
  readonly more: string;
  /** which of the hosts PostgreSQL is installed on, counted from 0; or one that is there */
  readonly postgres: string;
  readonly postgresUrl: string;
  readonly postgresPassword: string;
  readonly postgresCa: string;
  /** installed on the first host, or on the first three; or servers that are there */
  readonly nats: 'one' | 'three' | 'given';
  readonly natsServers: string;
  readonly natsPassword: string;
  readonly natsCa: string;
  readonly auth: HostAuth['kind'];
  readonly keyPath: string;
  readonly c2sPort: string;
  readonly c2sTlsPort: string;
  readonly certificate: 'self-signed' | 'given';
  readonly certFile: string;
  readonly keyFile: string;
}
export type Field = keyof Form;
export type Problems = Partial<Record<Field, string>>;

export const EMPTY: Form = {
  ...{ domain: '', host: '', auth: 'auto', keyPath: '', c2sPort: '5222', c2sTlsPort: '5223' },
  ...{ certificate: 'self-signed', certFile: '', keyFile: '' },
  ...{ where: 'one', more: '', postgres: '0', postgresUrl: '', postgresPassword: '', postgresCa: '' },
  ...{ nats: 'one', natsServers: '', natsPassword: '', natsCa: '' },
};

/** Every host that is named, the first one first. */
export const hostsOf = ({ host, where, more }: Form): string[] => [
  host.trim(),
  ...(where === 'several' ? more.split(/[\n,]+/).map((it) => it.trim()) : []).filter((it) => it !== ''),
];

/** What is wrong with the form, field by field; whether the host can be understood, the engine tells. */
export function problemsOf(form: Form): Problems {
  const found: Problems = {};
  const put = (field: Field, problem: string | undefined) => {
    if (problem !== undefined) found[field] = problem;
  };
  put('domain', domainNameProblem(form.domain.trim()));
  if (form.host.trim() === '') put('host', 'Type who logs in and where, such as root@203.0.113.5.');
  if (form.where === 'several') clusterProblems(form, put);
  if (form.auth === 'key' && form.keyPath.trim() === '')
    put('keyPath', 'Choose the private key, or another way to log in.');
  put('c2sPort', portProblem(form.c2sPort));
  put('c2sTlsPort', portProblem(form.c2sTlsPort));
  if (found.c2sTlsPort === undefined && form.c2sPort.trim() === form.c2sTlsPort.trim())
    put('c2sTlsPort', 'Choose another than for STARTTLS: one port can do one of them.');
  if (form.certificate === 'given') {
    if (form.certFile.trim() === '') put('certFile', 'Choose the certificate, a PEM file with its chain.');
    if (form.keyFile.trim() === '') put('keyFile', 'Choose the private key of the certificate, a PEM file.');
  }
  return found;
}

function clusterProblems(form: Form, put: (field: Field, problem: string | undefined) => void): void {
  const all = hostsOf(form);
  if (all.length < 2) put('more', 'Type one host more at least, such as root@203.0.113.6.');
  else if (new Set(all).size < all.length) put('more', 'One host is named twice; each carries one node.');
  if (
    form.postgres === 'given' &&
    !/^postgres(ql)?:\/\/[^:@/?#\s]+@[^/?#\s]+\/[^/?#\s]+$/.test(form.postgresUrl.trim())
  )
    put('postgresUrl', 'Write it as postgres://user@host:5432/database, without a password.');
  if (form.nats === 'given' && serversOf(form).length === 0)
    put('natsServers', 'Write it as tls://user@host:4222; several servers with commas between.');
}

const serversOf = ({ natsServers }: Form): string[] =>
  natsServers.split(/[\s,]+/).filter((it) => /^(nats|tls):\/\/([^\s:@/]+@)?[^\s:@/]+(:\d{1,5})?$/.test(it));

function portProblem(text: string): string | undefined {
  const port = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && port >= 1 && port <= 65535) return undefined;
  return 'A port is a number from 1 to 65535.';
}

export const authOf = (form: Form): HostAuth =>
  form.auth === 'key' ? { kind: 'key', path: form.keyPath.trim() } : { kind: form.auth };

export const specOf = (form: Form, hostIds: readonly string[]): ProvisionSpec => ({
  domain: form.domain.trim(),
  hostId: hostIds[0] ?? '',
  ...(form.where === 'several' && { cluster: clusterOf(form, hostIds) }),
  c2sPort: Number(form.c2sPort),
  c2sTlsPort: Number(form.c2sTlsPort),
  certificate:
    form.certificate === 'given'
      ? { kind: 'given', certFile: form.certFile.trim(), keyFile: form.keyFile.trim() }
      : { kind: 'self-signed' },
});

function clusterOf(form: Form, hosts: readonly string[]): ClusterSpec {
  const file = (key: 'passwordFile' | 'caFile', path: string) => (path.trim() === '' ? {} : { [key]: path.trim() });
  return {
    hosts: [...hosts],
    postgres:
      form.postgres === 'given'
        ? {
            ...{ kind: 'given', url: form.postgresUrl.trim() },
            ...{ ...file('passwordFile', form.postgresPassword), ...file('caFile', form.postgresCa) },
          }
        : { kind: 'installed', hostId: hosts[Number(form.postgres)] ?? hosts[0] ?? '', port: 5432 },
    nats:
      form.nats === 'given'
        ? {
            ...{ kind: 'given', servers: serversOf(form) },
            ...{ ...file('passwordFile', form.natsPassword), ...file('caFile', form.natsCa) },
          }
        : {
            ...{ kind: 'installed', port: 4222 },
            hostIds: form.nats === 'three' && hosts.length >= 3 ? hosts.slice(0, 3) : hosts.slice(0, 1),
          },
  };
}
