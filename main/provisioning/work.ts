import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ProvisionSpec } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from '../secrets/secret.ts';
import type { Facts } from './facts.ts';
import type { Layout } from './layout.ts';
import { portsOf } from './node-config.ts';
import type { ClusterWork, Release, Work } from './step.ts';

export interface WorkInput {
  readonly runId: string;
  readonly spec: ProvisionSpec;
  readonly layout: Layout;
  readonly address: string;
  readonly release: Release;
  readonly facts: Facts;
  readonly cluster?: ClusterWork;
  /** what the domain shows when the operator gave no certificate, where its nodes must show the same */
  readonly shared?: Work['certificate'];
}

/** Puts together what the steps need. A node that has a configuration keeps its ports. */
export async function workFor({
  runId,
  spec,
  layout,
  address,
  release,
  facts,
  cluster,
  shared,
}: WorkInput): Promise<Work> {
  const local = layout.manager === 'child';
  const wanted = { c2s: spec.c2sPort, c2sTls: spec.c2sTlsPort };
  return {
    ...{ runId, domain: spec.domain, address, layout, release },
    codec: local ? 'none' : facts.zstd ? 'zstd' : 'gzip',
    settings: settings(spec, local),
    ports: facts.configuration === null ? wanted : portsOf(facts.configuration),
    certificate: spec.certificate.kind === 'given' ? await given(spec.certificate, spec.domain) : (shared ?? null),
    ...(cluster && { cluster }),
  };
}

/** The demo is for this computer alone; everywhere else only what differs from the defaults is written down. */
function settings({ c2sPort, c2sTlsPort }: ProvisionSpec, local: boolean): Record<string, string> {
  const at = local ? '127.0.0.1' : '*';
  return {
    ...(local || c2sPort !== 5222 ? { 'listen.c2s': `${at}:${c2sPort}` } : {}),
    ...(local || c2sTlsPort !== 5223 ? { 'listen.c2s_tls': `${at}:${c2sTlsPort}` } : {}),
  };
}

async function given({ certFile, keyFile }: { certFile: string; keyFile: string }, domain: string) {
  const [pem, key] = await Promise.all([text(certFile), text(keyFile)]);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw bad(certFile, `It holds no certificate in PEM form: ${(error as Error).message}.`);
  }
  if (certificate.checkHost(domain) === undefined)
    throw bad(certFile, `It is for ${certificate.subjectAltName ?? certificate.subject}, not for ${domain}.`);
  if (Date.parse(certificate.validTo) < Date.now()) throw bad(certFile, `It ended on ${certificate.validTo}.`);
  return { pem, sha256: createHash('sha256').update(pem).digest('hex'), key: new Secret(key) };
}

const text = (path: string) =>
  readFile(path, 'utf8').catch((error: Error) => {
    throw bad(path, `The system said: ${error.message}`);
  });

const bad = (path: string, why: string) =>
  new ParleyError({
    code: 'bad-certificate',
    what: `${path} can't be used.`,
    why,
    todo: 'Name the certificate with its chain, and its key, both as PEM files.',
  });
