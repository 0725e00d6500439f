import { resolve } from 'node:path';
import { ParleyError } from '../../shared/errors.ts';
import { CLUSTER_OPTIONS, clusterFrom, clusterHelp } from './cluster-options.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { planWords } from './print.ts';
import { confirm, isInteractive } from './tty.ts';

export const provision: Command = {
  help: `parley provision DOMAIN --host HOST [--plan] [--yes] [--port PORT] [--tls-port PORT] [--cert FILE --cert-key FILE]
parley provision DOMAIN --host HOST --host HOST ... [--postgres WHERE] [--nats WHERE]

Shows what would be done on the host, asks, does it, and logs in to the domain as the proof.
Run it again after a failure: what is done already is not done again.

  --host HOST       an id of parley host list, or the address it was added with
  --plan            only show the plan; nothing is changed
  --yes             do not ask
  --port PORT       STARTTLS, 5222 when not said
  --tls-port PORT   direct TLS, 5223 when not said
  --cert, --cert-key  a certificate with its chain, and its private key, PEM; else parleyd makes its own

${clusterHelp}${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {
      ...CLUSTER_OPTIONS,
      plan: { type: 'boolean' },
      yes: { type: 'boolean' },
      port: { type: 'string' },
      'tls-port': { type: 'string' },
      cert: { type: 'string' },
      'cert-key': { type: 'string' },
    });
    const [domain] = words(positionals, 'DOMAIN');
    if (values.host === undefined) throw usage('--host is missing: say on which host.');
    if ((values.cert === undefined) !== (values['cert-key'] === undefined))
      throw usage('--cert and --cert-key go together.');
    const session = open(values);
    const { engine, out } = session;
    const plan = await engine.call('provisioning.plan', {
      ...{ domain, ...(await clusterFrom(engine, values)) },
      ...(values.port === undefined ? {} : { c2sPort: Number(values.port) }),
      ...(values['tls-port'] === undefined ? {} : { c2sTlsPort: Number(values['tls-port']) }),
      ...(values.cert === undefined ? {} : { certificate: given(values.cert, values['cert-key'] ?? '') }),
    });
    out.result({ plan }, planWords(plan));
    if (plan.findings.some((it) => it.stops)) return EXIT.finding;
    if (values.plan) return EXIT.ok;
    if (!values.yes && !(await agreed(domain ?? ''))) return EXIT.cancelled;
    const { run, code } = await follow(session, () => engine.call('provisioning.run', { planId: plan.planId }));
    if (run.connection) {
      const { address, c2sPort, c2sTlsPort, certificateFingerprint } = run.connection;
      out.say(
        `Clients connect to ${(run.connection.addresses ?? [address]).join(', ')}, port ${c2sPort} (STARTTLS)${c2sTlsPort === null ? '' : ` or ${c2sTlsPort} (direct TLS)`}.`,
      );
      out.say(`Certificate, SHA-256: ${certificateFingerprint}`);
      out.say(`Next: parley user add NAME@${domain}`);
    }
    return code;
  },
};

const given = (cert: string, key: string) => ({ kind: 'given', certFile: resolve(cert), keyFile: resolve(key) });

async function agreed(domain: string): Promise<boolean> {
  if (isInteractive()) return confirm(`Provision ${domain}?`);
  throw new ParleyError({
    code: 'usage',
    what: 'Nothing was changed.',
    why: 'There is no terminal to ask at whether this plan is wanted.',
    todo: 'Add --yes to do it, or --plan to only see it.',
  });
}
