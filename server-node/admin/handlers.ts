import type { NodeStatus } from '../../shared/domain/node.ts';
import type { Session as SessionInfo } from '../../shared/domain/session.ts';
import { NODE_API_VERSION } from '../../shared/node-api/contract.ts';
import type { Users } from '../accounts/users.ts';
import type { Log } from '../observe/log.ts';
import type { Router } from '../router/router.ts';
import type { Session } from '../router/session.ts';
import { parseJid } from '../xmpp/jid.ts';
import type { NodeHandlers } from './rpc-connection.ts';

export interface AdminParts {
  readonly version: string;
  readonly users: Users;
  readonly router: Router;
  readonly log: Log;
  status(): Promise<NodeStatus>;
  metricsText(): string;
  /** people were added or removed */
  changed(): void;
  /** sends everybody to other nodes */
  drain(perSecond: number): Promise<number>;
  /** takes people in again; whether it did not before */
  undrain(): Promise<boolean>;
}

/** A session as operators see it. */
export function sessionInfo(session: Session): SessionInfo {
  const { presence } = session;
  const { address, transport, tls, mechanism } = session.peer;
  const child = (name: string) => presence?.element.child(name)?.text ?? '';
  return {
    jid: session.jid.toString(),
    connectedAt: session.connectedAt,
    address,
    transport,
    tls,
    mechanism,
    presence:
      presence === undefined
        ? null
        : { show: child('show') || 'available', status: child('status'), priority: session.priority },
  };
}

/** What each request of shared/node-api does. */
export function nodeHandlers({
  version,
  users,
  router,
  log,
  status,
  metricsText,
  changed,
  drain,
  undrain,
}: AdminParts): NodeHandlers {
  const changing = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    changed();
    return result;
  };
  return (connection) => ({
    version: () => ({
      version,
      api: NODE_API_VERSION,
      runtime:
        process.versions['bun'] === undefined ? `node ${process.versions.node}` : `bun ${process.versions['bun']}`,
      platform: `${process.platform}-${process.arch}`,
    }),
    status: () => status(),
    'users.list': (page) => users.list(page),
    'users.add': async ({ name, password }) => ({ jid: await changing(users.add(name, password)) }),
    'users.import': ({ people }) => changing(users.import(people)),
    'users.password': async ({ name, password }) => ({ sessionsEnded: await users.password(name, password) }),
    'users.suspend': async ({ name }) => ({ sessionsEnded: await users.suspend(name) }),
    'users.activate': async ({ name }) => {
      await users.activate(name);
      return {};
    },
    'users.remove': async ({ name }) => ({ sessionsEnded: await changing(users.remove(name)) }),
    'users.clients': async ({ name }) => ({ clients: await users.clients(name) }),
    'users.revoke': async ({ name, client }) => ({ sessionsEnded: await users.revoke(name, client) }),
    'sessions.list': ({ limit, after }) => {
      const all = [...router.sessions.allHere()].map((session) => ({ key: session.jid.toString(), session }));
      all.sort((a, b) => (a.key < b.key ? -1 : 1));
      const page = all.filter(({ key }) => key > after).slice(0, limit);
      return { sessions: page.map(({ session }) => sessionInfo(session)), total: all.length };
    },
    'sessions.end': async ({ jid }) => {
      const full = parseJid(jid);
      const session = full === undefined ? undefined : router.sessions.get(full.local, full.resource);
      if (session === undefined) return { ended: false };
      session.outlet.end('policy-violation', 'ended by the operator');
      await router.close(session);
      return { ended: true };
    },
    'cluster.drain': async ({ perSecond }) => ({ sessions: await drain(perSecond) }),
    'cluster.undrain': async () => {
      const drained = await undrain();
      changed();
      return { drained };
    },
    'log.tail': ({ lines }) => ({ lines: log.tail(lines) }),
    metrics: () => ({ text: metricsText() }),
    subscribe: ({ to }) => {
      connection.subscribed = new Set(to);
      return {};
    },
  });
}
