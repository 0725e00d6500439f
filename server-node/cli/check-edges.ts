import type { EdgeLink } from '../../shared/domain/edge-link.ts';
import type { Config } from '../config/keys.ts';
import { isUnixPath } from '../transport/link-socket.ts';
import { authoritiesFinding, type Finding } from './findings.ts';

const CLIENT_DOORS = ['listen.c2s', 'listen.c2s_tls', 'listen.https', 'listen.http'] as const;

/** Whom a node lets in as an edge, where it takes any: edges come to it, so this is all that can be said while it is stopped. */
export function edgeDoor(config: Config, path: (name: string) => string): Finding[] {
  const address = config['listen.edges'];
  if (address === 'off' || isUnixPath(address)) return [];
  const authorities = config['edge.authorities'];
  const what = 'edge.authorities';
  if (authorities === 'off') return [{ what, ok: false, detail: `listen.edges is ${address}, and nobody may come in` }];
  return [authoritiesFinding(what, path(authorities))];
}

/** Edges of a node that runs: none at all where clients have no other way in, and each that was cut off. `now`: milliseconds since the epoch */
export function edgesNow(config: Config, edges: readonly EdgeLink[] | undefined, now: number): Finding[] {
  if (edges === undefined || config['listen.edges'] === 'off') return [];
  if (edges.length === 0) {
    const own = CLIENT_DOORS.some((name) => config[name] !== 'off');
    const detail = own
      ? 'none is connected; clients come to the node itself'
      : `none is connected to ${config['listen.edges']}, and clients have no other way in: parleyd edge check at the edge says why`;
    return [{ what: 'edges', ok: own, detail }];
  }
  return edges.map(({ name, address, sessions, cutAt }) => {
    const from = address ?? 'this machine';
    const held = `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
    return {
      what: `edge ${name}`,
      ok: cutAt === null,
      detail:
        cutAt === null
          ? `connected from ${from}, ${held}`
          : `can't be reached for ${Math.round((now - cutAt) / 1000)} s; it was at ${from}, with ${held}, which end when it does not come back within ${config['edge.grace_seconds']} s`,
    };
  });
}
