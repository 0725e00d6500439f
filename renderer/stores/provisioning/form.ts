import type { HostAuth } from '../../../shared/console-api/hosts.ts';
import type { ProvisionSpec } from '../../../shared/console-api/provisioning.ts';
import { domainNameProblem } from '../../../shared/domain/domain-name.ts';

export interface Form {
  readonly domain: string;
  readonly host: string;
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
};

/** What is wrong with the form, field by field; whether the host can be understood, the engine tells. */
export function problemsOf(form: Form): Problems {
  const found: Problems = {};
  const put = (field: Field, problem: string | undefined) => {
    if (problem !== undefined) found[field] = problem;
  };
  put('domain', domainNameProblem(form.domain.trim()));
  if (form.host.trim() === '') put('host', 'Type who logs in and where, such as root@203.0.113.5.');
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

function portProblem(text: string): string | undefined {
  const port = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && port >= 1 && port <= 65535) return undefined;
  return 'A port is a number from 1 to 65535.';
}

export const authOf = (form: Form): HostAuth =>
  form.auth === 'key' ? { kind: 'key', path: form.keyPath.trim() } : { kind: form.auth };

export const specOf = (form: Form, hostId: string): ProvisionSpec => ({
  domain: form.domain.trim(),
  hostId,
  c2sPort: Number(form.c2sPort),
  c2sTlsPort: Number(form.c2sTlsPort),
  certificate:
    form.certificate === 'given'
      ? { kind: 'given', certFile: form.certFile.trim(), keyFile: form.keyFile.trim() }
      : { kind: 'self-signed' },
});
