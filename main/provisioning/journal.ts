import * as v from 'valibot';
import { ProvisionSpec, Run, StepEvent, type StepId } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Host } from '../ssh/host.ts';
import { sh } from '../ssh/shell.ts';
import type { Layout } from './layout.ts';

/** What a run was, before its steps: enough to take it back from any console. */
export const RunHeader = v.object({
  runId: v.string(),
  kind: Run.entries.kind,
  at: v.number(),
  spec: ProvisionSpec,
  release: v.object({ version: v.string(), sha256: v.string(), bytes: v.number() }),
});
export type RunHeader = v.InferOutput<typeof RunHeader>;

const Line = v.union([StepEvent, RunHeader]);
export type JournalLine = v.InferOutput<typeof Line>;

/** The journal of one domain, a file on its host: one JSON object a line, only ever added to. */
export interface Journal {
  /** @throws ParleyError `journal`, and those of the connection */
  add(line: JournalLine, signal?: AbortSignal): Promise<void>;
  read(signal?: AbortSignal): Promise<JournalLine[]>;
  /** removes it, and the folders above it when nothing else is in them */
  remove(): Promise<void>;
}

export function journalOn(host: Host, { journal, state, unit, manager }: Layout): Journal {
  const root = manager === 'systemd';
  const folder = `${state}/journal`;
  return {
    async add(line, signal) {
      const command = sh`umask 077 && mkdir -p -m 0755 ${state} && mkdir -p ${folder} && cat >> ${journal}`;
      const stdin = `${JSON.stringify(line)}\n`;
      const { code, stderr } = await host.exec(command, { root, stdin, ...(signal && { signal }) });
      if (code !== 0) throw unwritable(journal, stderr.trim());
    },
    async read(signal) {
      const { stdout } = await host.exec(sh`cat ${journal} 2>/dev/null || true`, { root, ...(signal && { signal }) });
      return stdout.split('\n').flatMap((text) => parseLine(text) ?? []);
    },
    async remove() {
      const gone = sh`rm -f ${journal} ${folder}/${unit || 'none'}.*
for folder in ${[folder, state]}; do if [ -d "$folder" ]; then rmdir --ignore-fail-on-non-empty "$folder"; fi; done`;
      await host.exec(gone, { root });
    },
  };
}

/** A power cut may leave half a line: it tells nothing, and the line before it stands. */
function parseLine(text: string): JournalLine | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), Line), text);
  return parsed.success ? parsed.output : undefined;
}

/**
 * Which steps have begun to change the host and have not been taken back, by run or (without one) by all of them.
 * One that was begun and not finished counts: undoing it twice does no harm.
 */
export function changedSteps(lines: readonly JournalLine[], runId?: string): Set<StepId> {
  const changed = new Set<StepId>();
  for (const line of lines) {
    if (!('stepId' in line) || (runId !== undefined && line.runId !== runId && line.state !== 'undone')) continue;
    if (line.state === 'undone') changed.delete(line.stepId);
    else if (line.state === 'running') changed.add(line.stepId);
  }
  return changed;
}

const unwritable = (path: string, words: string) =>
  new ParleyError({
    code: 'journal',
    what: `The journal ${path} can't be written.`,
    why: words === '' ? "The host doesn't say why." : `The host said: ${words}`,
    todo: 'Nothing is changed without a record of it. Make room or allow it on the host, then try again.',
  });
