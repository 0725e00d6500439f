import { create } from 'zustand';

export type DomainTab = 'people' | 'sessions' | 'log' | 'connection' | 'cluster';

/** Where the operator is. */
export type Route =
  | { readonly screen: 'fleet' }
  | { readonly screen: 'provision' }
  | { readonly screen: 'run'; readonly runId: string }
  | { readonly screen: 'domain'; readonly domain: string; readonly tab: DomainTab; readonly adding?: true };

interface RouteState {
  readonly route: Route;
  readonly past: readonly Route[];
}

const KEPT = 50;

export const useRoute = create<RouteState>()(() => ({ route: { screen: 'fleet' }, past: [] }));

export function go(route: Route): void {
  useRoute.setState((now) => ({
    route,
    past: samePlace(now.route, route) ? now.past : [...now.past, now.route].slice(-KEPT),
  }));
}

/** Goes on to a page that takes the place of this one, so that going back skips this one. */
export const replace = (route: Route): void => useRoute.setState({ route });

export const canGoBack = (): boolean => useRoute.getState().past.length > 0;

export function back(): void {
  useRoute.setState(({ past }) => ({ route: past.at(-1) ?? { screen: 'fleet' }, past: past.slice(0, -1) }));
}

/** Leaves the pages of a domain that is no more. */
export function leaveDomain(domain: string): void {
  const gone = (it: Route) => it.screen === 'domain' && it.domain === domain;
  useRoute.setState(({ route, past }) => ({
    route: gone(route) ? { screen: 'fleet' } : route,
    past: past.filter((it) => !gone(it)),
  }));
}

function samePlace(a: Route, b: Route): boolean {
  if (a.screen === 'domain' && b.screen === 'domain') return a.domain === b.domain;
  if (a.screen === 'run' && b.screen === 'run') return a.runId === b.runId;
  return a.screen === b.screen;
}
