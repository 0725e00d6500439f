import type { NodeMethods } from '../../shared/node-api/contract.ts';
import type { Caller } from '../../shared/rpc.ts';
import { clientsOf } from '../accounts/clients.ts';
import { Users } from '../accounts/users.ts';
import { connectAdmin } from '../admin/admin-client.ts';
import { openStores } from '../storage/open.ts';
import type { NodeFolder } from './options.ts';
import { refuseWhileServed } from './other-nodes.ts';

type UserMethods = Pick<NodeMethods, Extract<keyof NodeMethods, `users.${string}`>>;

/** What only a node that serves can do whole: sessions end with it, and caches are told. */
const ENDS_SESSIONS: ReadonlySet<string> = new Set(['users.password', 'users.suspend', 'users.remove', 'users.revoke']);

/** Asks the running node, or does it on the storage itself while the node is stopped. */
export async function withUsers<T>(node: NodeFolder, work: (call: Caller<UserMethods>) => Promise<T>): Promise<T> {
  const client = await connectAdmin(node.path(node.config['admin.socket']));
  if (client !== undefined) {
    try {
      return await work(((method, params) => client.call(method, params)) as Caller<UserMethods>);
    } finally {
      client.close();
    }
  }
  const stores = await openStores(node.config, node.path);
  const users = new Users({
    domain: node.config.domain,
    stores,
    iterations: node.config['auth.iterations'],
    clients: clientsOf(node.config, stores),
    router: undefined,
    now: Date.now,
  });
  const direct = {
    'users.list': (p: { limit?: number; after?: string; search?: string }) =>
      users.list({ limit: 200, after: '', search: '', ...p }),
    'users.add': async (p: { name: string; password: string }) => ({ jid: await users.add(p.name, p.password) }),
    'users.import': (p: { people: { name: string; password: string }[] }) => users.import(p.people),
    'users.password': async (p: { name: string; password: string }) => ({
      sessionsEnded: await users.password(p.name, p.password),
    }),
    'users.clients': async (p: { name: string }) => ({ clients: await users.clients(p.name) }),
    'users.revoke': async (p: { name: string; client: string }) => ({
      sessionsEnded: await users.revoke(p.name, p.client),
    }),
    'users.suspend': async (p: { name: string }) => ({ sessionsEnded: await users.suspend(p.name) }),
    'users.activate': async (p: { name: string }) => users.activate(p.name).then(() => ({})),
    'users.remove': async (p: { name: string }) => ({ sessionsEnded: await users.remove(p.name) }),
  };
  try {
    return await work(async (method, params) => {
      if (ENDS_SESSIONS.has(method))
        await refuseWhileServed(node, 'Nothing was changed: this node is stopped.', 'Sessions there would not end.');
      return (direct[method] as (p: unknown) => Promise<never>)(params);
    });
  } finally {
    await stores.close();
  }
}
