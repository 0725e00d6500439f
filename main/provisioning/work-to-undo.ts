import type { ClusterSpec, Run } from '../../shared/console-api/provisioning.ts';
import { ParleyError } from '../../shared/errors.ts';
import { Secret } from '../secrets/secret.ts';
import type { Host } from '../ssh/host.ts';
import { sh } from '../ssh/shell.ts';
import type { JournalLine, RunHeader } from './journal.ts';
import type { Layout } from './layout.ts';
import type { Releases } from './releases.ts';
import { binaryPath, type ClusterWork, type Work } from './step.ts';
import { parleyd } from './steps/as-user.ts';

interface ToUndo {
  readonly releases: Releases;
  readonly target: Run | undefined;
  readonly layout: Layout;
  readonly address: string;
  readonly hostId: string;
  /** what the fleet knows, where the host's journal tells nothing */
  readonly cluster?: ClusterSpec | undefined;
}

/** As much of the work as undoing it takes: which executable it was, whether a certificate was given, what servers came. */
export async function workToUndo(
  { releases, target, layout, address, hostId, cluster: known }: ToUndo,
  domain: string,
  lines: readonly JournalLine[],
): Promise<Work> {
  const headers = lines.filter((line): line is RunHeader => 'spec' in line);
  const header = headers.find((it) => it.runId === target?.runId) ?? headers.at(-1);
  const release = header?.release ?? (await releases.find(releases.architectures()[0] ?? 'x64'));
  const cluster = header?.spec.cluster ?? known;
  // the nodes of one domain are given theirs in any case
  const given = cluster !== undefined || header?.spec.certificate.kind === 'given';
  return {
    ...{ runId: target?.runId ?? 'none', domain, address, layout, release, codec: 'none', settings: {} },
    ports: { c2s: 5222, c2sTls: 5223 },
    certificate: given ? { pem: '', sha256: '', key: new Secret('') } : null,
    ...(cluster && { cluster: clusterToUndo(cluster, hostId, layout) }),
  };
}

/** Undoing tells no secret and needs none. */
function clusterToUndo({ hosts, postgres, nats }: ClusterSpec, hostId: string, { servers }: Layout): ClusterWork {
  const nothing = new Secret('');
  const pair = { certificate: '', key: nothing, mark: '' };
  const names = ['storage.password', 'storage-ca.pem', 'cluster.password', 'cluster-ca.pem'];
  return {
    ...{ node: '', nodes: [], first: hosts[0] === hostId, init: [], mark: '' },
    files: names.map((name) => ({ name, text: '' })),
    database:
      postgres.kind === 'installed' && postgres.hostId === hostId
        ? { ...pair, name: servers.database, port: postgres.port, conf: '', hba: '', sql: nothing }
        : null,
    nats:
      nats.kind === 'installed' && nats.hostIds.includes(hostId)
        ? {
            ...{ ...pair, unit: servers.natsUnit, unitText: '', folder: servers.natsFolder },
            ...{ ports: [nats.port], conf: nothing, authority: '' },
          }
        : null,
  };
}

/** Undo would take accounts and messages with it; that is what Remove asks about. */
export async function requireUnused(host: Host, work: Work, signal: AbortSignal): Promise<void> {
  const path = binaryPath(work);
  const list = parleyd(work, path, ['user', 'list', '--json', '--data', work.layout.data]);
  const whole = sh`[ -x ${path} ] && [ -f ${work.layout.data}/parleyd.toml ]`;
  const root = work.layout.user !== null;
  const { code, stdout, stderr } = await host.exec(
    sh`{ ${whole}; } || exit 0
${list}`,
    { root, signal },
  );
  if (code !== 0) throw cantTell(work.domain, stderr.trim());
  const people = JSON.parse(stdout.trim().split('\n').at(-1) || '[]') as unknown;
  if (Array.isArray(people) && people.length > 0)
    throw new ParleyError({
      code: 'in-use',
      what: `${work.domain} is in use: ${people.length} ${people.length === 1 ? 'person has' : 'people have'} an account.`,
      why: 'Undo would take their accounts and messages with it.',
      todo: `If that is meant, remove the domain: parley domain remove ${work.domain}.`,
    });
}

const cantTell = (domain: string, words: string) =>
  new ParleyError({
    code: 'in-use',
    what: `Whether ${domain} is in use can't be told.`,
    why: `Asked for its people, the host said: ${words}`,
    todo: `If it may go with all that is in it, remove the domain: parley domain remove ${domain}.`,
  });
