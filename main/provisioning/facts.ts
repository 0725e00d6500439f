import type { FactsSummary } from '../../shared/console-api/hosts.ts';
import type { Rights } from '../ssh/host.ts';

/** What Parley looks at before it touches a host. */
export interface Facts {
  readonly system: string;
  readonly architecture: string;
  readonly hostname: string;
  /** by which it reaches others, beside loopback */
  readonly addresses: readonly string[];
  /** whether packages come by apt-get */
  readonly apt: boolean;
  /** processes of the domain's own PostgreSQL and NATS, when they run */
  readonly serverPids: readonly number[];
  readonly glibc: string | null;
  readonly init: string;
  readonly memoryBytes: number;
  /** free bytes where executables go, and where data goes */
  readonly free: { readonly root: number; readonly versions: number; readonly state: number };
  readonly noexec: boolean;
  readonly rights: Rights;
  readonly clockSkewSeconds: number;
  readonly ports: readonly { readonly port: number; readonly program: string; readonly pid: number | null }[];
  readonly others: readonly string[];
  readonly domains: readonly string[];
  readonly selinux: string;
  readonly missingTools: readonly string[];
  readonly zstd: boolean;
  /** process of this domain's own parleyd, when it runs */
  readonly ownPid: number | null;
  /** this domain's parleyd.toml; null: it has none yet */
  readonly configuration: string | null;
  /** who owns the domain's folder; null: there is none */
  readonly dataOwner: string | null;
}

/** What the script said, understood. `now` is this computer's clock when it was asked, milliseconds since 1970. */
export function parseFacts(text: string, rights: Rights, now: number): Facts {
  const said = text
    .split('\n')
    .map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)] as const);
  const all = (key: string) => said.filter(([k, value]) => k === key && value !== '').map(([, value]) => value.trim());
  const one = (key: string) => all(key)[0] ?? '';
  const toml = said.filter(([key]) => key === 'toml').map(([, line]) => line);
  const kib = (key: string) => Number(one(key)) * 1024;
  return {
    system: one('system'),
    architecture: architectureOf(one('machine')),
    hostname: one('hostname'),
    addresses: all('address'),
    apt: one('apt') !== '',
    serverPids: all('server-pid').map(Number),
    glibc: one('glibc') || null,
    init: one('init'),
    memoryBytes: kib('memory'),
    free: { root: kib('free-root'), versions: kib('free-versions'), state: kib('free-state') },
    noexec: one('noexec') === '1',
    rights,
    clockSkewSeconds: Math.round(Number(one('clock')) - now / 1000),
    ports: all('port').flatMap((line) => portOf(line) ?? []),
    others: [...new Set(all('other'))],
    domains: all('domain'),
    selinux: one('selinux'),
    missingTools: all('missing'),
    zstd: one('zstd') !== '',
    ownPid: Number(one('own-pid')) || null,
    configuration: toml.length === 0 ? null : toml.join('\n'),
    dataOwner: one('data-owner') || null,
  };
}

const architectureOf = (machine: string): string =>
  ({ x86_64: 'x64', amd64: 'x64', aarch64: 'arm64', arm64: 'arm64' })[machine] ?? machine;

/** A line of `ss -Hltnp`, or `raw ADDRESS:HEXPORT` of /proc/net/tcp where there is no ss. */
function portOf(line: string): Facts['ports'][number] | undefined {
  const words = line.split(/\s+/);
  if (words[0] === 'raw')
    return { port: Number.parseInt(words[1]?.split(':').pop() ?? '', 16), program: '', pid: null };
  const port = Number(words[3]?.split(':').pop());
  const user = /"([^"]+)",pid=(\d+)/.exec(line);
  return Number.isInteger(port) ? { port, program: user?.[1] ?? '', pid: user ? Number(user[2]) : null } : undefined;
}

/** The part of the facts that an operator reads. */
export function summaryOf(facts: Facts): FactsSummary {
  const ports = new Map(facts.ports.map(({ port, program }) => [port, program]));
  return {
    system: facts.system,
    architecture: facts.architecture,
    glibc: facts.glibc,
    init: facts.init,
    memoryBytes: facts.memoryBytes,
    freeBytes: { root: facts.free.versions, data: facts.free.state },
    rights: facts.rights,
    clockSkewSeconds: facts.clockSkewSeconds,
    ports: [...ports].map(([port, program]) => ({ port, program })).sort((a, b) => a.port - b.port),
    others: [...facts.others],
    domains: [...facts.domains],
    notes: facts.selinux === '' ? [] : [`SELinux: ${facts.selinux}`],
  };
}
