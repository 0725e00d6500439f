import { StepId } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Host } from '../ssh/host.ts';
import { type Command, lines, sh } from '../ssh/shell.ts';
import { type Facts, parseFacts } from './facts.ts';
import { factsScript } from './facts-script.ts';
import type { Layout } from './layout.ts';
import type { Step } from './step.ts';

/**
 * Looks at a host. Nothing is changed there.
 * @throws ParleyError `probe-failed`, and those of the connection
 */
export async function probe(host: Host, layout: Layout, signal?: AbortSignal): Promise<Facts> {
  const rights = await host.rights(signal);
  const before = Date.now();
  const text = await ask(host, layout, factsScript(layout), signal);
  return parseFacts(text, rights, (before + Date.now()) / 2);
}

/** Which steps are done already: their checks, in one round trip. */
export async function whatHolds(host: Host, layout: Layout, steps: readonly Step[], signal?: AbortSignal) {
  const checks = steps.map((step) => sh`if ( ${step.check} ) >/dev/null 2>&1; then echo ${step.id}; fi`);
  const text = await ask(host, layout, lines(...checks, sh`exit 0`), signal);
  const said = new Set(text.split('\n'));
  return new Set(StepId.options.filter((id) => said.has(id)));
}

async function ask(host: Host, layout: Layout, command: Command, signal?: AbortSignal): Promise<string> {
  const result = await host.exec(command, { root: layout.user !== null, ...(signal && { signal }) });
  if (result.code === 0) return result.stdout;
  throw new ParleyError({
    code: 'probe-failed',
    what: `${host.name} could not be looked at.`,
    why: `The host said: ${result.stderr.trim() || `exit code ${result.code}`}`,
    todo: 'See whether that user may run commands there, then look again.',
  });
}
