import { Check, Circle, CircleDot, Minus, Undo2, X } from 'lucide-react';
import { bytes, plural, seconds, span } from './format.ts';

export interface StepView {
  readonly id: string;
  /** on which of several hosts */
  readonly hostId?: string | undefined;
  readonly title: string;
  readonly detail: string;
  readonly touches: readonly string[];
  readonly undo: string;
  readonly state: 'todo' | 'satisfied';
  readonly event?: {
    readonly state: 'pending' | 'running' | 'done' | 'skipped' | 'failed' | 'undone';
    readonly at: number;
    readonly seconds: number | null;
    readonly progress?: Progress | undefined;
    readonly note?: string | undefined;
    readonly failure?: Failure | undefined;
  };
}
interface Progress {
  readonly bytes: number;
  readonly total: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
}
interface Failure {
  readonly what: string;
  readonly why: string;
  readonly hostWords: string;
  readonly todo: string;
  readonly command: string;
  readonly exitCode: number | null;
}

type Mode = 'plan' | 'run' | 'undo';

interface StepListProps {
  readonly steps: readonly StepView[];
  readonly mode: Mode;
  readonly now: number;
  /** what each host is called, where there are several */
  readonly hosts?: readonly { readonly hostId: string; readonly host: string }[] | undefined;
}

/** The one list in its three states: what it will do, what it does, what it did. Over several hosts, host by host. */
export function StepList({ steps, mode, now, hosts }: StepListProps) {
  if (hosts === undefined) return <Steps steps={steps} mode={mode} now={now} />;
  return (
    <div className="step-groups">
      {groupsOf(steps).map((group, at) => {
        const host = hosts.find((it) => it.hostId === group[0]?.hostId)?.host ?? 'Another host';
        // biome-ignore lint/suspicious/noArrayIndexKey: the groups of one list never move
        return <Group key={at} host={host} steps={group} mode={mode} now={now} />;
      })}
    </div>
  );
}

function Steps({ steps, mode, now }: Omit<StepListProps, 'hosts'>) {
  return (
    <ol className="steps">
      {steps.map((step) => (
        <StepRow key={`${step.hostId} ${step.id}`} step={step} mode={mode} now={now} />
      ))}
    </ol>
  );
}

/** What one host does in one go. What is over folds itself away, so that what goes on stays in sight. */
function Group({ host, steps, mode, now }: Omit<StepListProps, 'hosts'> & { readonly host: string }) {
  const states = steps.map((it) => (mode === 'plan' ? it.state : (it.event?.state ?? 'pending')));
  const settled = states.filter((it) => OVER.includes(it)).length;
  // A proof is made each time: alone it is no reason to unfold what is as it should be.
  const due = steps.filter((it) => it.state === 'todo' && !PROOFS.includes(it.id)).length;
  const over = mode === 'plan' ? due === 0 && partOf(steps[0]) !== 'Proof' : settled === steps.length;
  const words = mode === 'plan' ? planWords(due, settled, steps.length) : runWords(states, settled, mode === 'undo');
  return (
    <details className="step-group" open={!over}>
      <summary>
        <span className="mono host">{host}</span>
        <span className="what">{partOf(steps[0])}</span>
        <span className={`state${states.includes('failed') ? ' failed' : ''}`}>{words}</span>
      </summary>
      <Steps steps={steps} mode={mode} now={now} />
    </details>
  );
}

function planWords(due: number, settled: number, all: number): string {
  if (due > 0) return plural(due, 'step');
  return settled === all ? 'already so' : settled === 0 ? 'proof' : 'already so, then a proof';
}

function runWords(states: readonly string[], settled: number, undo: boolean): string {
  if (states.includes('failed')) return 'failed';
  if (settled < states.length) return `${settled} of ${states.length}`;
  return undo ? 'taken back' : 'done';
}

const PROOFS: readonly string[] = ['verify', 'cluster'];
const OVER: readonly string[] = ['done', 'skipped', 'satisfied', 'undone'];

/** Steps that follow one another on the same host, up to where something else begins there. */
function groupsOf(steps: readonly StepView[]): StepView[][] {
  const groups: StepView[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    const first = last?.[0];
    if (last && first && first.hostId === step.hostId && partOf(first) === partOf(step)) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

const PARTS: Readonly<Record<string, string>> = {
  'database-package': 'Database',
  database: 'Database',
  'nats-package': 'NATS',
  nats: 'NATS',
  cluster: 'Proof',
};
const partOf = (step: StepView | undefined): string => PARTS[step?.id ?? ''] ?? 'Node';

function StepRow({ step, mode, now }: { readonly step: StepView; readonly mode: Mode; readonly now: number }) {
  const { event } = step;
  const state = mode === 'plan' ? step.state : (event?.state ?? 'pending');
  const running = state === 'running';
  return (
    <li className={`step ${state}`} aria-current={running ? 'step' : undefined}>
      <span className="mark">{markOf(state)}</span>
      <div className="body">
        <div className="head">
          <span className="title">{step.title}</span>
          <span className="state">{stateWords(step, mode, now)}</span>
        </div>
        {state === 'done' || state === 'skipped' || state === 'satisfied' || state === 'undone' ? null : (
          <p className="detail">{mode === 'undo' ? step.undo : step.detail}</p>
        )}
        {running && event?.progress ? <Upload {...event.progress} /> : null}
        {running && event?.note ? <p className="going">{event.note}</p> : null}
        {event?.failure ? <FailureWords {...event.failure} /> : null}
        {mode === 'plan' && state === 'todo' ? <Touches step={step} /> : null}
      </div>
    </li>
  );
}

function markOf(state: string) {
  const props = { size: 16, 'aria-hidden': true } as const;
  if (state === 'done' || state === 'satisfied') return <Check {...props} />;
  if (state === 'skipped') return <Minus {...props} />;
  if (state === 'failed') return <X {...props} />;
  if (state === 'undone') return <Undo2 {...props} />;
  if (state === 'running') return <CircleDot {...props} />;
  return <Circle {...props} />;
}

function stateWords({ state, event }: StepView, mode: Mode, now: number): string {
  if (mode === 'plan') return state === 'satisfied' ? 'already so' : 'to do';
  const time = typeof event?.seconds === 'number' ? seconds(event.seconds) : null;
  const took = time === null ? '' : ` in ${time}`;
  switch (event?.state) {
    case 'running':
      return `running for ${span(now - event.at)}`;
    case 'done':
      return `done${took}`;
    case 'skipped':
      return mode === 'undo' ? 'nothing to take back' : 'already so';
    case 'failed':
      return time === null ? 'failed' : `failed after ${time}`;
    case 'undone':
      return `taken back${took}`;
    default:
      return mode === 'undo' ? '' : 'to do';
  }
}

function Upload({ bytes: sent, total, bytesPerSecond, secondsLeft }: Progress) {
  const left = secondsLeft === null ? '' : `, ${seconds(Math.ceil(secondsLeft))} left`;
  const words = `${bytes(sent)} of ${bytes(total)}, ${bytes(bytesPerSecond)}/s${left}`;
  return (
    <div className="upload">
      <progress value={sent} max={total || 1} aria-label="Sent" />
      <span className="numbers">{words}</span>
    </div>
  );
}

function FailureWords({ what, why, hostWords, todo, command, exitCode }: Failure) {
  return (
    <div className="failure">
      <p className="what">{what}</p>
      {hostWords === '' ? null : (
        <figure>
          <figcaption>The host said</figcaption>
          <blockquote className="mono">{hostWords}</blockquote>
        </figure>
      )}
      <p>{why}</p>
      <p>{todo}</p>
      <details>
        <summary>What was run</summary>
        <pre className="mono">{command}</pre>
        <p>{exitCode === null ? 'It did not end by itself.' : `Exit code ${exitCode}`}</p>
      </details>
    </div>
  );
}

function Touches({ step }: { readonly step: StepView }) {
  return (
    <details>
      <summary>What it touches, and how it is taken back</summary>
      {step.touches.length > 0 ? (
        <ul className="mono">
          {step.touches.map((it) => (
            <li key={it}>{it}</li>
          ))}
        </ul>
      ) : null}
      <p>{step.undo}</p>
    </details>
  );
}
