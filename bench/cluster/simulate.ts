// npm run simulate -- [--online N] [--nodes N] [--memory GiB]: the real routers, directory and links of several nodes in one process,
// with synthetic sessions: what a session costs in memory at each node, and what an event costs, as their number grows.
// Left out: sockets, TLS, XML scanning, NATS and PostgreSQL (docs/performance.md has what those cost).

import { Cluster } from '../../server-node/cluster/cluster.ts';
import { MemoryMesh } from '../../server-node/cluster/memory-bus.ts';
import { CLUSTER_TIMES } from '../../server-node/cluster/parts.ts';
import { digest } from '../../server-node/digest.ts';
import { modules } from '../../server-node/modules/index.ts';
import { Log } from '../../server-node/observe/log.ts';
import { Router } from '../../server-node/router/router.ts';
import { Session } from '../../server-node/router/session.ts';
import { LeaseTable, MemoryLeases } from '../../server-node/storage/memory/memory-leases.ts';
import { MemoryStores } from '../../server-node/storage/memory/memory-stores.ts';
import { encode } from '../../server-node/xml/chars.ts';
import { readTag } from '../../server-node/xml/tag.ts';

const args = process.argv.slice(2);
const option = (name: string, fallback: number): number => {
  const i = args.indexOf(`--${name}`);
  return i < 0 ? fallback : Number(args[i + 1]);
};
const online = option('online', 100_000);
const nodeCount = option('nodes', 3);
const mostBytes = option('memory', 12) * 2 ** 30;
const DOMAIN = 'example.org';
const CONTACTS = 50;
/** people with contacts: the others are there to be many */
const WATCHED = 500;
const EVENTS = 20_000;

const mesh = new MemoryMesh();
const stores = new MemoryStores();
const table = new LeaseTable();

class Node {
  readonly router: Router;
  readonly cluster: Cluster;
  got = 0;

  constructor(name: string) {
    const fail = (error: unknown) => {
      throw error;
    };
    this.cluster = new Cluster({
      domain: DOMAIN,
      node: name,
      run: name,
      version: '0',
      info: {},
      bus: mesh.bus(name, 262_144),
      leases: new MemoryLeases(table),
      stores,
      safe: { put: () => ({ key: '', stored: Promise.resolve(), drop: () => {} }), drop: () => {} },
      // a turn of this process is a turn of all nodes, and takes long while many come: nobody is to be taken for dead
      times: {
        ...CLUSTER_TIMES,
        leaseMs: 3_600_000,
        stopMs: 3_000_000,
        patienceMs: 3_600_000,
        resendMs: 600_000,
        mostBytes: 2 ** 31,
        windowBytes: 2 ** 30,
      },
      clock: () => performance.now(),
      now: Date.now,
      log: new Log('error'),
      router: () => this.router,
      continuity: () => ({
        adopt: async () => 0,
        release: async () => undefined,
        letGo: async () => undefined,
        takeIn: async () => {},
        holds: () => false,
        left: async () => [],
        giveBack: async () => {},
        graceMs: 0,
      }),
      onLost: fail,
    });
    this.router = new Router({
      domain: DOMAIN,
      stores,
      modules,
      version: '0',
      limits: { offlineMessages: 100, rosterItems: 1000, blocklistItems: 100, sessionsPerAccount: 10 },
      contacts: {},
      admins: [],
      accounts: () => {
        throw new Error('nobody asks for accounts here');
      },
      digest,
      others: this.cluster,
      now: Date.now,
      onFault: fail,
    });
  }

  async open(name: string, resource: string): Promise<Session> {
    const peer = { address: '192.0.2.1:50000', transport: 'tls', tls: 'TLSv1.3', mechanism: 'SCRAM-SHA-256' } as const;
    const session = await this.router.open(name, resource, peer, {
      send: () => void this.got++,
      owe: () => {},
      hold: () => {},
      drained: async () => {},
      end: () => {},
    });
    if (!(session instanceof Session)) throw session;
    return session;
  }

  say(session: Session, xml: string): void | Promise<void> {
    const raw = encode(xml);
    const tag = readTag(raw, 0, 100);
    if (tag === undefined) throw new Error('no stanza');
    return this.router.receive(session, tag, raw);
  }
}

const nodes: Node[] = [];
for (let i = 0; i < nodeCount; i++) {
  const node = new Node(`n${i}`);
  nodes.push(node);
  await node.cluster.start();
}
const at = (i: number): Node => nodes[i % nodeCount] as Node;
const idle = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
const settled = async (): Promise<void> => {
  for (let quiet = 0; quiet < 3; quiet++) {
    const before = nodes.reduce((sum, { got }) => sum + got, 0);
    await idle();
    if (nodes.some(({ cluster }) => cluster.nodes().some(({ backlog }) => backlog > 0))) quiet = -1;
    else if (before !== nodes.reduce((sum, { got }) => sum + got, 0)) quiet = -1;
  }
};
const memory = (): number => {
  Bun.gc(true);
  return process.memoryUsage.rss();
};
/** CPU of this process, microseconds: of all nodes together */
const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

// who is watched has contacts at all nodes, by the rosters' own store
const roster = stores.keyed('roster');
const both = {
  subscription: 'both',
  pendingOut: false,
  pendingIn: false,
  approved: false,
  name: '',
  groups: [],
  listed: true,
  request: '',
};
for (let i = 0; i < WATCHED; i++)
  for (let c = 1; c <= CONTACTS; c++) await roster.set(`u${i}`, `u${(i + c) % WATCHED}@${DOMAIN}`, both);
for (let i = 0; i < WATCHED; i++)
  await stores.accounts.add({ name: `u${i}`, state: 'active', createdAt: 0, lastSeenAt: null, keys: {} });
for (let i = 0; i < 1000; i++)
  await stores.accounts.add({ name: `away${i}`, state: 'active', createdAt: 0, lastSeenAt: null, keys: {} });

const start = memory();
const watched: Session[] = [];
let count = 0;
async function grow(to: number): Promise<number> {
  const before = cpu();
  const from = count;
  while (count < to) {
    const batch: Promise<void>[] = [];
    for (; batch.length < 500 && count < to; count++) {
      const i = count;
      batch.push(
        at(i)
          .open(`u${i}`, 'phone')
          .then(async (session) => {
            if (i < WATCHED) watched[i] = session;
            await at(i).say(session, '<presence><show>away</show><status>on the road</status></presence>');
          }),
      );
    }
    await Promise.all(batch);
    await idle();
  }
  await settled();
  return (cpu() - before) / (to - from);
}

async function events(work: (i: number) => void | Promise<void>, times = EVENTS): Promise<number> {
  const before = cpu();
  for (let i = 0; i < times; i++) {
    await work(i);
    if (i % 200 === 199) await idle();
  }
  await settled();
  return (cpu() - before) / times;
}

console.log(`${nodeCount} nodes in one process; CPU is that of all of them together, in microseconds.\n`);
console.log(
  '| sessions | KiB a session a node | a session comes | message, other node | message, away | presence to 50 contacts |',
);
console.log('|---|---|---|---|---|---|');
const steps = [0.05, 0.1, 0.25, 0.5, 1].map((share) => Math.round(online * share)).filter((n) => n > WATCHED);
for (const step of steps) {
  const comes = await grow(step);
  const bytes = memory() - start;
  const message = await events((i) =>
    at(i).say(
      watched[i % WATCHED] as Session,
      `<message to='u${(i * 7919 + 1) % count}@${DOMAIN}' type='chat' id='${i}'><body>${'x'.repeat(100)}</body></message>`,
    ),
  );
  const away = await events((i) =>
    at(i).say(
      watched[i % WATCHED] as Session,
      `<message to='away${i % 1000}@${DOMAIN}' type='headline' id='${i}'><body>x</body></message>`,
    ),
  );
  const presence = await events(
    (i) => at(i).say(watched[i % WATCHED] as Session, `<presence><status>${i}</status></presence>`),
    2000,
  );
  const row = [
    step,
    (bytes / 1024 / step / nodeCount).toFixed(2),
    comes.toFixed(1),
    message.toFixed(1),
    away.toFixed(1),
    presence.toFixed(1),
  ];
  console.log(`| ${row.join(' | ')} |`);
  if (bytes > mostBytes) {
    console.log(`\nThis machine's memory is used up to ${(bytes / 2 ** 30).toFixed(1)} GiB: it stops here.`);
    break;
  }
}
process.exit(0);
