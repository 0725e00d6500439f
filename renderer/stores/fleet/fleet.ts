import { create } from 'zustand';
import type { Domain } from '../../../shared/console-api/domains.ts';
import { type Fault, faultOf } from '../../../shared/errors.ts';
import { call, on } from '../../api.ts';
import { arranged, kept, type Sort, type SortKey } from './order.ts';

interface FleetState {
  readonly domains: Readonly<Record<string, Domain>>;
  readonly order: readonly string[];
  readonly sort: Sort;
  readonly filter: string;
  readonly selected: string | null;
  /** false until the engine has answered once */
  readonly loaded: boolean;
  readonly fault: Fault | null;
}

export const useFleet = create<FleetState>()(() => ({
  domains: {},
  order: [],
  sort: { key: 'health', descending: false },
  filter: '',
  selected: null,
  loaded: false,
  fault: null,
}));

/** Five hundred nodes tell of themselves every two seconds: what comes within this time is drawn at once. */
const GATHER_MS = 120;
let coming: Record<string, Domain | null> = {};
let timer: ReturnType<typeof setTimeout> | undefined;

function gather(name: string, domain: Domain | null): void {
  coming[name] = domain;
  if (timer === undefined) timer = setTimeout(flush, GATHER_MS);
}

function flush(): void {
  const changes = coming;
  coming = {};
  timer = undefined;
  useFleet.setState(({ domains, order }) => {
    const next = { ...domains };
    for (const [name, domain] of Object.entries(changes)) {
      if (domain === null) delete next[name];
      else next[name] = domain;
    }
    return { domains: next, order: kept(order, next) };
  });
}

export function listenToFleet(onRemoved: (domain: string) => void): void {
  on('domains.changed', (domain) => gather(domain.name, domain));
  on('domains.removed', ({ domain }) => {
    gather(domain, null);
    onRemoved(domain);
  });
}

export async function loadFleet(): Promise<void> {
  try {
    const { domains: list } = await call('domains.list', {});
    const domains = Object.fromEntries(list.map((it) => [it.name, it]));
    useFleet.setState(({ sort, selected }) => {
      const order = arranged(domains, sort);
      return { domains, order, loaded: true, fault: null, selected: selected ?? order[0] ?? null };
    });
  } catch (error) {
    useFleet.setState({ fault: faultOf(error) });
  }
}

export function sortBy(key: SortKey): void {
  useFleet.setState(({ sort, domains }) => {
    const numeric = key === 'sessions' || key === 'people' || key === 'memory' || key === 'started';
    const next: Sort = { key, descending: sort.key === key ? !sort.descending : numeric };
    return { sort: next, order: arranged(domains, next) };
  });
}

export const select = (selected: string | null): void => useFleet.setState({ selected });
export const setFilter = (filter: string): void => useFleet.setState({ filter });
