import type { Finding, Host, HostKey } from '../../shared/console-api/hosts.ts';
import type { Plan, Run, StepEvent, StepFailure } from '../../shared/console-api/provisioning.ts';
import type { Fault } from '../../shared/errors.ts';

/** Where a command writes: words for people, or one JSON object a line for scripts. */
export interface Out {
  readonly json: boolean;
  /** the result: JSON as it is, or the words made of it */
  result(value: unknown, words: string): void;
  /** what is only for people */
  say(words: string): void;
}

export const createOut = (json: boolean): Out => ({
  json,
  result: (value, words) => void process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${words}\n`),
  say: (words) => void (json || process.stdout.write(`${words}\n`)),
});

export const faultWords = ({ what, why, todo }: Fault): string => `${what}\n  ${why}\n  ${todo}`;

export const hostLine = (host: Host): string => {
  const name = host.kind === 'local' ? 'this computer' : `${host.user}@${host.address}:${host.port}`;
  const trust = host.kind === 'local' ? '' : (host.trustedFingerprint ?? 'key not trusted yet');
  return [host.id, name, host.system ?? 'not looked at yet', trust].filter((it) => it !== '').join('  ');
};

export const keyWords = (key: HostKey): string => {
  const hint = {
    same: 'Your known_hosts has the same key.',
    different: 'Your known_hosts has ANOTHER key for it.',
    silent: '',
  };
  return [`${key.algorithm} ${key.fingerprint}`, key.randomart, hint[key.knownHosts]]
    .filter((it) => it !== '')
    .join('\n');
};

const findingWords = (it: Finding): string => `${it.stops ? 'STOP' : 'note'}  ${it.what} ${it.why}\n      ${it.todo}`;

export function planWords(plan: Plan): string {
  const named = new Map(plan.hosts?.map(({ hostId, host }) => [hostId, `${host}: `]));
  const on = (hostId: string | undefined) => named.get(hostId ?? '') ?? '';
  const steps = plan.steps.map(
    (step) => `  ${step.state === 'todo' ? ' ' : '='} ${on(step.hostId)}${step.title}\n      ${step.detail}`,
  );
  const systems = plan.hosts?.map(({ host, facts }) => `${host}: ${facts.system}`) ?? [plan.facts.system];
  const upload = plan.uploadBytes > 0 ? [`About ${megabytes(plan.uploadBytes)} will be uploaded.`] : [];
  return [plan.summary, ...systems, ...plan.findings.map(findingWords), ...steps, ...upload].join('\n');
}

export function stepWords(run: Run, event: StepEvent): string {
  const found = run.steps.find((step) => step.id === event.stepId && step.hostId === event.hostId);
  const host = run.hosts?.find((it) => it.hostId === event.hostId);
  const title = `${host ? `${host.host}: ` : ''}${found?.title ?? event.stepId}`;
  const seconds = event.seconds === null ? '' : `  ${event.seconds.toFixed(1)} s`;
  if (event.progress) {
    const { bytes, total, bytesPerSecond, secondsLeft } = event.progress;
    const left = secondsLeft === null ? '' : `, ${secondsLeft} s left`;
    return `    ${title}: ${megabytes(bytes)} of ${megabytes(total)}, ${megabytes(bytesPerSecond)}/s${left}`;
  }
  if (event.note !== undefined) return `    ${title}: ${event.note}`;
  const state = event.state !== 'skipped' ? event.state : run.kind === 'provision' ? 'already so' : 'left alone';
  return `  ${state.padEnd(10)} ${title}${seconds}${event.failure ? `\n${failureWords(event.failure)}` : ''}`;
}

const failureWords = (it: StepFailure): string =>
  [
    `    ${it.what}`,
    ...(it.hostWords === '' ? [] : it.hostWords.split('\n').map((line) => `    > ${line}`)),
    `    ${it.why}`,
    `    ${it.todo}`,
    `    The command was: ${it.command.split('\n').join('\n      ')}`,
  ].join('\n');

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
};
