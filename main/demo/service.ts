import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { Connection } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import { type Hosts, THIS_COMPUTER } from '../hosts/service.ts';
import type { Monitor } from '../monitor/service.ts';
import type { Provisioning } from '../provisioning/service.ts';

export const DEMO_DOMAIN = 'demo.localhost';
const PEOPLE = ['alice', 'bob'];

export interface DemoDeps {
  readonly hosts: Hosts;
  readonly provisioning: Provisioning;
  readonly monitor: Monitor;
  /** who runs Parley */
  readonly user: string;
}

export type Demo = ReturnType<typeof createDemo>;

/** A domain on this computer, by the same plan and the same steps as on any host. */
export function createDemo({ hosts, provisioning, monitor, user }: DemoDeps) {
  let runId: string | undefined;

  return {
    /** @throws ParleyError: a finding that stops it */
    async start(): Promise<{ runId: string; domain: string }> {
      hosts.addThisComputer(user);
      const before = monitor.list().find((it) => it.name === DEMO_DOMAIN)?.connection;
      const [c2sPort, c2sTlsPort] = before ? [before.c2sPort, before.c2sTlsPort ?? 5223] : await freePorts(5222, 5223);
      const plan = await provisioning.plan({
        ...{ domain: DEMO_DOMAIN, hostId: THIS_COMPUTER, c2sPort, c2sTlsPort },
        certificate: { kind: 'self-signed' },
      });
      runId = await provisioning.run(plan.planId);
      return { runId, domain: DEMO_DOMAIN };
    },

    /** Waits for the run, then makes who is missing. @throws ParleyError `demo-failed`, or the node's own fault */
    async people(): Promise<{ connection: Connection; people: { jid: string; password: string | null }[] }> {
      const id = runId ?? provisioning.runs(DEMO_DOMAIN).find((run) => run.kind === 'provision')?.runId;
      if (id === undefined) throw notStarted();
      const { connection, summary } = await provisioning.ended(id);
      if (connection === null) throw failed(summary);
      const client = await monitor.client(DEMO_DOMAIN);
      const there = new Set((await client.call('users.list', { limit: 1000 })).users.map((it) => it.name));
      const people = [];
      for (const name of PEOPLE) {
        const password = there.has(name) ? null : randomBytes(9).toString('base64url');
        if (password !== null) await client.call('users.add', { name, password });
        people.push({ jid: `${name}@${DEMO_DOMAIN}`, password });
      }
      return { connection, people };
    },
  };
}

/** The wanted ports where they are free, else what the system gives. */
async function freePorts(...wanted: [number, number]): Promise<[number, number]> {
  const [a, b] = wanted;
  return (await isFree(a)) && (await isFree(b)) ? wanted : [await anyPort(), await anyPort()];
}

const isFree = (port: number): Promise<boolean> =>
  listenOnce(port).then(
    () => true,
    () => false,
  );
const anyPort = (): Promise<number> => listenOnce(0);

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const notStarted = () =>
  new ParleyError({
    code: 'demo-not-started',
    what: 'The demo does not run.',
    why: 'Nobody has started it.',
    todo: 'Start it first: parley demo.',
  });

const failed = (why: string) =>
  new ParleyError({
    code: 'demo-failed',
    what: 'The demo did not start.',
    why,
    todo: 'Correct what it names, then start it again.',
  });
