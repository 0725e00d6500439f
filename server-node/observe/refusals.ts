/** Why somebody was refused, ended, or slowed down; the label of parleyd_refused_total and parleyd_slowed_total. */
export const REFUSED = {
  full: 'the process can hold no more connections',
  network: 'too many connections from one network',
  rate: 'too many new connections from one network in a short time',
  strangers: 'too many connections that have not logged in, of one network or in all',
  login_time: 'no login in time',
  login_attempts: 'too many failed logins on one connection',
  guessing: 'too many wrong passwords, refused before anything was looked up',
  xml: 'what came broke a rule of XML or a limit of stanzas',
  reading: 'the client did not read what it was sent',
  proxy: 'a balancer that did not say whom it connects',
  web_request: 'an HTTP request that was too long, or did not come in time',
  web_socket: 'a WebSocket frame or message that broke a rule or a limit',
} as const;
export type Refused = keyof typeof REFUSED;

/** Counts of a kind by reason. */
export class Counts<K extends string> {
  readonly #counts: Map<K, number>;

  constructor(kinds: readonly K[]) {
    this.#counts = new Map(kinds.map((kind) => [kind, 0]));
  }

  add(kind: K): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  get(kind: K): number {
    return this.#counts.get(kind) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, n) => sum + n, 0);
  }

  entries(): [K, number][] {
    return [...this.#counts];
  }
}

export const refusals = (): Counts<Refused> => new Counts(Object.keys(REFUSED) as Refused[]);
export const slowings = (): Counts<'bytes' | 'stanzas'> => new Counts(['bytes', 'stanzas']);
