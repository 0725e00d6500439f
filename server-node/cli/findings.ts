import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Identity } from '../transport/certificate.ts';
import { EXIT } from './exit.ts';

/** One thing that was looked at, and how it is. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

const DAY = 86_400_000;

export const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** All of them, for people or as JSON. Answers with the exit code: whether all is well. */
export function tellFindings(findings: readonly Finding[], json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify(findings)}\n`);
  else
    for (const { what, ok, detail } of findings)
      process.stdout.write(`${ok ? 'well ' : 'WRONG'}  ${what}: ${detail}\n`);
  return findings.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

/** A certificate with its key, by what clients of the domain will say to it. */
export function certificateFinding(what: string, certificate: string, key: string, domain: string): Finding {
  try {
    const { info } = new Identity(certificate, key);
    const days = Math.floor((info.notAfter - Date.now()) / DAY);
    const named = info.names.includes(domain);
    if (!named) return { what, ok: false, detail: `it is for ${info.names.join(', ')}, not for ${domain}` };
    if (days < 0) return { what, ok: false, detail: `it ended ${-days} days ago` };
    return {
      what,
      ok: true,
      detail: `${info.selfSigned ? 'self-signed' : `issued by ${info.issuer}`}, ends in ${days} days, SHA-256 ${info.fingerprint}`,
    };
  } catch (error) {
    return { what, ok: false, detail: words(error) };
  }
}

/** A file of certificates that say whom to trust: that it can be read, and none of them has ended. */
export function authoritiesFinding(what: string, file: string): Finding {
  try {
    const blocks = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) return { what, ok: false, detail: `${file} holds no certificate, PEM` };
    const all = blocks.map((pem) => new X509Certificate(pem));
    const ended = all.find((it) => Date.parse(it.validTo) < Date.now());
    if (ended !== undefined)
      return { what, ok: false, detail: `${ended.subject.replaceAll('\n', ', ')} ended on ${ended.validTo}` };
    return { what, ok: true, detail: all.map(({ subject }) => subject.replaceAll('\n', ', ')).join('; ') };
  } catch (error) {
    return { what, ok: false, detail: words(error) };
  }
}
