import { ParleyError } from '../../shared/errors.ts';
import { postgresOf } from '../storage/open.ts';
import { PostgresLeases } from '../storage/postgres/leases.ts';
import type { NodeFolder } from './options.ts';

/** in this time a node that lives has renewed its lease, milliseconds */
const LOOK_MS = 2500;

/** The names of the domain's nodes that serve now: their leases move while we look. */
export async function servingNodes(node: NodeFolder): Promise<string[]> {
  const postgres = postgresOf(node.config, node.path);
  if (postgres === undefined || node.config['cluster.nats'].length === 0) return [];
  const leases = new PostgresLeases(postgres);
  try {
    const live = (await leases.rows()).filter(({ state }) => state === 'live');
    if (live.length === 0) return [];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = await leases.rows();
    return live
      .filter((before) => now.some(({ run, renewals }) => run === before.run && renewals !== before.renewals))
      .map((row) => row.node);
  } finally {
    await leases.close();
  }
}

/** For what must not be done to the storage alone while other nodes serve. @throws ParleyError `running` */
export async function refuseWhileServed(node: NodeFolder, what: string, why: string): Promise<void> {
  const serving = await servingNodes(node);
  if (serving.length === 0) return;
  const names = serving.join(', ');
  throw new ParleyError({
    code: 'running',
    what,
    why: `${serving.length === 1 ? 'Another node of the domain serves' : 'Other nodes of the domain serve'}: ${names}. ${why}`,
    todo: `Do it there, or stop ${serving.length === 1 ? 'it' : 'them'} first.`,
  });
}
