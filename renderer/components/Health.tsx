import { fullTime, span } from './format.ts';

export interface HealthProps {
  readonly state: 'unknown' | 'connecting' | 'well' | 'warning' | 'down' | 'unreachable';
  readonly since: number;
  readonly asOf: number | null;
  readonly problem: { readonly what: string; readonly why: string; readonly todo: string } | null;
  readonly now: number;
  /** with how long, and why: where there is room */
  readonly long?: boolean;
}

/** Green is for the moment something has just become well; after that, well is normal and normal is grey. */
const FRESH_MS = 60_000;

export function Health({ state, since, asOf, problem, now, long = false }: HealthProps) {
  const just = state === 'well' && now - since < FRESH_MS;
  const tone =
    state === 'down' || state === 'unreachable' ? 'red' : state === 'warning' ? 'amber' : just ? 'green' : 'grey';
  const hint = problem ? `${problem.what}\n${problem.why}\n${problem.todo}` : '';
  const title = `${hint}${hint ? '\n' : ''}Since ${fullTime(since)}${asOf === null ? '' : `; last heard ${fullTime(asOf)}`}`;
  return (
    <span className={`health ${tone}`} title={title}>
      <Shape state={state} />
      <span className="words">{words({ state, since, asOf, problem, now, long })}</span>
    </span>
  );
}

/** A shape for each, so that nobody needs the colour. */
function Shape({ state }: Pick<HealthProps, 'state'>) {
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      {state === 'well' ? <circle cx="6" cy="6" r="4" fill="currentColor" /> : null}
      {state === 'warning' ? <path d="M6 1 11.5 11H.5Z" fill="currentColor" /> : null}
      {state === 'down' || state === 'unreachable' ? (
        <rect x="1.5" y="1.5" width="9" height="9" fill="currentColor" />
      ) : null}
      {state === 'unknown' || state === 'connecting' ? (
        <circle
          cx="6"
          cy="6"
          r="3.5"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeDasharray={state === 'connecting' ? '3 2' : undefined}
        />
      ) : null}
    </svg>
  );
}

function words({ state, since, problem, now, long }: Omit<HealthProps, 'title'>): string {
  const time = span(now - since);
  switch (state) {
    case 'well':
      return long ? `well for ${time}` : 'well';
    case 'warning':
      return problem ? trimmed(problem.what) : 'needs a look';
    case 'down':
      return `parleyd down for ${time}`;
    case 'unreachable':
      return `unreachable for ${time}`;
    case 'connecting':
      return 'connecting';
    case 'unknown':
      return 'not asked yet';
  }
}

function trimmed(text: string): string {
  const short = text.replace(/^The /, '').replace(/\.$/, '');
  return short.charAt(0).toLowerCase() + short.slice(1);
}
