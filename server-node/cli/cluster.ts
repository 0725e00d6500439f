import type { ClusterStatus } from '../../shared/domain/cluster.ts';
import type { NodeStatus } from '../../shared/domain/node.ts';
import { ParleyError } from '../../shared/errors.ts';
import { connectAdmin } from '../admin/admin-client.ts';
import { clusterText } from './cluster-print.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { howTo, openFolder, readOptions, required, usage } from './options.ts';

const help = `parleyd cluster status --data DIR [--json]
parleyd cluster drain --data DIR [--per-second N] [--wait SECONDS]
parleyd cluster undrain --data DIR

status shows the nodes of the domain as this one sees them: sessions, links with what goes over them and waits there, leases,
who has which lock, how nodes ended, edges. Exit code 0: all is well, 1: something is not.

drain sends everybody who is connected to this node to the others, 100 a second unless told otherwise, and lets nobody
in any more. It waits for that (60 seconds, unless told otherwise) and says who is left. What waits here for clients that
are away goes on at another node when this one is stopped. Stop it then: systemctl stop, or SIGTERM.

undrain takes a node back that was drained or is being: nobody more is sent away, and people are let in again. Who has gone
elsewhere stays there.
`;

type Call = NonNullable<Awaited<ReturnType<typeof connectAdmin>>>;

export const cluster: Command = {
  help,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        data: { type: 'string' },
        json: { type: 'boolean' },
        'per-second': { type: 'string' },
        wait: { type: 'string' },
      },
      help,
      true,
    );
    const node = openFolder(required(values.data, '--data', help));
    const [what] = positionals;
    if (what !== 'status' && what !== 'drain' && what !== 'undrain')
      throw usage('What shall be done with the cluster?', howTo(help));
    const client = await connectAdmin(node.path(node.config['admin.socket']));
    if (client === undefined) {
      throw new ParleyError({
        code: 'not-running',
        what: `No node runs in ${node.folder}.`,
        why: 'Its admin socket does not answer.',
        todo: 'Start it, or ask another node of the domain.',
      });
    }
    try {
      if (what === 'status') return await status(client, values.json === true);
      if (what === 'undrain') return await undrain(client);
      return await drain(client, count(values['per-second'], 100), count(values.wait, 60));
    } finally {
      client.close();
    }
  },
};

function count(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw usage(`'${text}' is no number.`, howTo(help));
}

async function clusterOf(client: Call): Promise<{ cluster: ClusterStatus; edges: NodeStatus['edges'] }> {
  const { cluster: found, edges, domain } = await client.call('status', {});
  if (found !== undefined) return { cluster: found, edges };
  throw new ParleyError({
    code: 'alone',
    what: `This node serves ${domain} alone.`,
    why: 'cluster.nats is not set.',
    todo: 'docs/clustering.md says how a domain gets more nodes.',
  });
}

async function status(client: Call, json: boolean): Promise<number> {
  const { cluster: found, edges } = await clusterOf(client);
  const well = found.nats.connected && found.nodes.every(({ state, database }) => state !== 'silent' && database);
  const told = json ? `${JSON.stringify({ ...found, edges })}\n` : clusterText(found, edges, Date.now());
  process.stdout.write(told);
  return well ? EXIT.ok : EXIT.failed;
}

async function drain(client: Call, perSecond: number, waitSeconds: number): Promise<number> {
  await clusterOf(client);
  const { sessions } = await client.call('cluster.drain', { perSecond });
  process.stdout.write(`${sessions} sessions are sent to other nodes.\n`);
  const until = Date.now() + waitSeconds * 1000;
  let left = sessions;
  let told = sessions;
  while (left > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    left = (await client.call('status', {})).sessions;
    if (left !== told) process.stdout.write(`${left} are left.\n`);
    told = left;
  }
  process.stdout.write(
    left === 0
      ? 'All have gone. The node can be stopped.\n'
      : `${left} sessions wait here for clients that are away. They go on at another node when this one is stopped.\n`,
  );
  return EXIT.ok;
}

async function undrain(client: Call): Promise<number> {
  const { cluster: found } = await clusterOf(client);
  const { drained } = await client.call('cluster.undrain', {});
  process.stdout.write(
    drained ? `${found.node} takes people in again.\n` : `${found.node} was not drained: it takes people in.\n`,
  );
  return EXIT.ok;
}
