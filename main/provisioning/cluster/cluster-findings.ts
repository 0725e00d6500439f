import type { Finding } from '../../../shared/console-api/hosts.ts';
import type { StepId } from '../../../shared/console-api/provisioning.ts';
import type { Facts } from '../facts.ts';
import { clusterOf } from '../node-config.ts';
import type { Work } from '../step.ts';

const PACKAGE_BYTES = 600e6;

/** What stands in the way of a host being one of several. `due` are the steps that would be done. */
export function clusterFindings(facts: Facts, work: Work, due: ReadonlySet<StepId>): Finding[] {
  if (work.cluster === undefined) return [];
  return [...packages(facts, due), ...ports(facts, work), ...configured(facts, work), ...addresses(work)];
}

const stop = (code: string, what: string, why: string, todo: string): Finding => ({
  code,
  what,
  why,
  todo,
  stops: true,
});

function* packages({ apt, free }: Facts, due: ReadonlySet<StepId>): Generator<Finding> {
  const wanted = [
    ...(due.has('database-package') ? ['PostgreSQL'] : []),
    ...(due.has('nats-package') ? ['NATS'] : []),
  ].join(' and ');
  if (wanted === '') return;
  if (!apt)
    yield stop(
      'no-apt',
      `${wanted} can't be installed here.`,
      'Parley takes them from the packages of Debian and Ubuntu, and this host has no apt-get.',
      'Choose another of the hosts for it, or give one that runs elsewhere.',
    );
  else if (free.root < PACKAGE_BYTES)
    yield stop(
      'disk-full',
      `Not enough room on the disk for ${wanted}: ${Math.round(free.root / 1e6)} MB free.`,
      `The packages take up to ${PACKAGE_BYTES / 1e6} MB.`,
      'Make room, then look again.',
    );
}

function* ports({ ports: taken, serverPids }: Facts, { cluster }: Work): Generator<Finding> {
  const wanted = [
    ...(cluster?.database ? [['PostgreSQL', cluster.database.port, 'postgres'] as const] : []),
    ...(cluster?.nats?.ports.map((port) => ['NATS', port, 'nats'] as const) ?? []),
  ];
  for (const [what, port, word] of wanted) {
    const by = taken.find((it) => it.port === port && (it.pid === null || !serverPids.includes(it.pid)));
    if (by === undefined || (by.pid === null && serverPids.length > 0)) continue;
    const who = by.program === '' ? 'another program' : by.program;
    yield stop(
      'port-taken',
      `Port ${port} is taken by ${who}.`,
      `The domain's ${what} is to listen there, and only one program can listen on a port.`,
      `Stop ${who} on the host, or choose another port for ${what}: --${word} install@HOST:PORT.`,
    );
  }
}

function* configured({ configuration }: Facts, { cluster, domain, layout }: Work): Generator<Finding> {
  if (configuration === null || cluster === undefined) return;
  const { storage, nats } = clusterOf(configuration);
  const wanted = wordsAfter(cluster.init, '--storage')[0] ?? '';
  const servers = wordsAfter(cluster.init, '--cluster');
  if (storage === 'off')
    yield stop(
      'keeps-own-data',
      `${domain} is here already and keeps its people and messages in a file of this host.`,
      'Nodes of one domain share a database, and provisioning moves no data.',
      `Move it first (parleyd storage move on the host tells how), or remove ${domain} there if it is not needed.`,
    );
  else if (storage !== wanted || [...nats].sort().join() !== [...servers].sort().join())
    yield stop(
      'other-servers',
      `The node that is here uses another PostgreSQL or NATS: ${storage}, ${nats.join(', ')}.`,
      'Provisioning changes no configuration that is there.',
      `Give the same ones, or change storage.url and cluster.nats in ${layout.data}/parleyd.toml.`,
    );
}

function* addresses({ address, cluster }: Work): Generator<Finding> {
  if (cluster?.nats && address.includes(':'))
    yield stop(
      'address',
      `NATS can't be reached at ${address} by the nodes.`,
      "A NATS server's address in parleyd.toml is a name or IPv4.",
      'Add the host by its name, then look again.',
    );
}

const wordsAfter = (words: readonly string[], option: string): string[] =>
  words.flatMap((word, i) => (words[i - 1] === option ? [word] : []));
