import type { ClusterLease, ClusterSuccession, ClusterWork } from './cluster.ts';

// What a node tells of its cluster, in the words that parleyd, parley and the window share.

/** `three.0fa1` is a run of the node three. */
export const nodeOfRun = (run: string): string => (run.includes('.') ? run.slice(0, run.lastIndexOf('.')) : run);

/** `0.4 s`, `12 s`. */
export const secondsText = (ms: number): string =>
  ms < 9950 ? `${(Math.round(ms / 100) / 10).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;

/** So many a second. */
export function rateText(rate: number): string {
  if (rate === 0) return '0/s';
  if (rate < 0.1) return 'under 0.1/s';
  return `${rate < 9.95 ? rate.toFixed(1) : Math.round(rate)}/s`;
}

/** What a lock is for. */
export function lockText(name: string): string {
  const [kind, ...rest] = name.split('/');
  const of = rest.join('/');
  if (kind === 'roster') return `the contacts of ${of}`;
  if (kind === 'adopt') return `what ${nodeOfRun(of)} left`;
  return name;
}

/** Who has it, or waits for it. */
export const workText = ({ holds, forMs }: ClusterWork): string =>
  `${holds ? 'has had it for' : 'has waited for it for'} ${secondsText(forMs)}`;

/** `own`: the node speaks of itself. */
export function leaseText({ state, leftMs }: ClusterLease, own: boolean): string {
  if (state === 'fenced') return 'over: it was taken for dead';
  if (state === 'left') return 'over: it stopped in order';
  const left = secondsText(leftMs ?? 0);
  return own ? `held; it stops itself in ${left} unless renewed` : `held; it may be withdrawn in ${left} unless heard`;
}

export function renewedText({ renewedMs, by }: ClusterLease): string {
  if (renewedMs === null || by === null) return '';
  const ago = `${secondsText(renewedMs)} ago`;
  return by === 'database' ? ago : `${ago}; without the database, by the word of the other nodes`;
}

/** How a run ended, and who saw to what it left. `sessions` in words: `5 sessions`. */
export function successionText({ how, by }: ClusterSuccession, sessions: string): string {
  const taken = by === null ? '' : `; ${by} took over what waited there`;
  if (how === 'left') return `stopped in order${taken}`;
  if (how === 'restarted') return `was started anew without having stopped in order${taken}`;
  return by === null
    ? `fell silent with ${sessions}`
    : `fell silent; ${by} withdrew its ${sessions} and took over what waited there`;
}

/** There is no leader, and that is an answer. */
export const NO_LEADER =
  'No node leads: all are equal. What only one may do at a time is done under a lock in PostgreSQL.';
