import type { Domain } from '../../../shared/console-api/domains.ts';

export type SortKey = 'health' | 'name' | 'host' | 'version' | 'sessions' | 'people' | 'memory' | 'started';
export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

const SEVERITY: Readonly<Record<Domain['health']['state'], number>> = {
  down: 0,
  unreachable: 1,
  warning: 2,
  unknown: 3,
  connecting: 4,
  well: 5,
};

const value: Readonly<Record<SortKey, (it: Domain) => string | number>> = {
  health: (it) => SEVERITY[it.health.state],
  name: (it) => it.name,
  host: (it) => it.host,
  version: (it) => it.version ?? '',
  sessions: (it) => it.sessions ?? -1,
  people: (it) => it.people ?? -1,
  memory: (it) => it.memoryBytes ?? -1,
  started: (it) => it.startedAt ?? 0,
};

/** The names in order; equal ones by name. */
export function arranged(domains: Readonly<Record<string, Domain>>, { key, descending }: Sort): string[] {
  const of = value[key];
  const sign = descending ? -1 : 1;
  return Object.values(domains)
    .sort((a, b) => sign * compare(of(a), of(b)) || compare(a.name, b.name))
    .map((it) => it.name);
}

/** What is shown stays where it is while data comes in: only what is gone leaves, and what is new comes last. */
export function kept(order: readonly string[], domains: Readonly<Record<string, Domain>>): string[] {
  const known = new Set(order);
  const fresh = Object.keys(domains).filter((name) => !known.has(name));
  return [...order.filter((name) => name in domains), ...fresh.sort()];
}

export function fits(domain: Domain, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${domain.name} ${domain.host} ${domain.version ?? ''} ${domain.health.state} ${domain.health.problem?.what ?? ''}`;
  const hay = text.toLowerCase();
  return words.every((word) => hay.includes(word));
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
