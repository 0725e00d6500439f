import type { Finding } from '../../shared/console-api/hosts.ts';
import type { ProvisionSpec } from '../../shared/console-api/provisioning.ts';
import type { Facts } from './facts.ts';
import type { Work } from './step.ts';

/** The oldest C library that parleyd starts on. */
const GLIBC = '2.28';
const DATA_BYTES = 50e6;
const SKEW_SECONDS = 120;

/** What stands in the way on this host, or will. `uploads` says whether the executable has yet to come. */
export function findingsOf(facts: Facts, work: Work, uploads: boolean): Finding[] {
  const child = work.layout.manager === 'child';
  return [
    ...platform(facts, child),
    ...(child ? [] : tools(facts)),
    ...space(facts, work, uploads),
    ...ports(facts, work),
    ...folder(facts, work),
    ...socketPath(work),
    ...advice(facts),
  ];
}

const stop = (code: string, what: string, why: string, todo: string): Finding => ({
  code,
  what,
  why,
  todo,
  stops: true,
});
const note = (code: string, what: string, why: string, todo: string): Finding => ({
  code,
  what,
  why,
  todo,
  stops: false,
});

function* platform({ architecture, glibc, init, system }: Facts, child: boolean): Generator<Finding> {
  if (architecture !== 'x64' && architecture !== 'arm64')
    yield stop(
      'architecture',
      `This host is ${architecture}.`,
      'parleyd exists for x86-64 and arm64.',
      'Choose another host.',
    );
  if (glibc === null)
    yield stop(
      'no-glibc',
      `${system} has no GNU C library.`,
      'parleyd is built against it; musl will not do.',
      'Choose Debian, Ubuntu, RHEL or a relative.',
    );
  else if (older(glibc, GLIBC))
    yield stop(
      'old-glibc',
      `The C library is too old: ${glibc}.`,
      `parleyd needs glibc ${GLIBC} or newer.`,
      'Upgrade to Debian 11, Ubuntu 20.04, RHEL 8 or newer.',
    );
  if (init !== 'systemd' && !child)
    yield stop(
      'no-systemd',
      'This host does not run systemd.',
      `Process 1 is ${init === '' ? 'something else' : init}. Parley leaves starting and restarting parleyd to systemd.`,
      'Choose a host with systemd, or install parleyd there by hand: parleyd init --help tells how.',
    );
}

function* tools({ missingTools }: Facts): Generator<Finding> {
  if (missingTools.length > 0)
    yield stop(
      'missing-tools',
      `This host lacks ${missingTools.join(', ')}.`,
      'Parley uses them to install parleyd.',
      'Install them (Debian: passwd, util-linux, coreutils, gzip), then look again.',
    );
}

function* space({ free, noexec, memoryBytes }: Facts, { release, layout }: Work, uploads: boolean): Generator<Finding> {
  const need = (uploads ? release.bytes : 0) + DATA_BYTES;
  if (free.versions < need)
    yield stop(
      'disk-full',
      `Not enough room on the disk: ${mb(free.versions)} free for ${layout.versions}.`,
      uploads
        ? `parleyd takes ${mb(release.bytes)}, and its data needs ${mb(DATA_BYTES)} to begin with.`
        : `The data needs ${mb(DATA_BYTES)} to go on.`,
      `Make room for ${mb(need)}, then look again.`,
    );
  else if (free.state < DATA_BYTES)
    yield stop(
      'disk-full',
      `Not enough room on the disk: ${mb(free.state)} free for ${layout.state}.`,
      `People and messages need ${mb(DATA_BYTES)} to begin with.`,
      'Make room, then look again.',
    );
  if (noexec)
    yield stop(
      'noexec',
      `Programs can't be run from ${layout.versions}.`,
      'Its file system is mounted with noexec.',
      'Mount it without noexec, then look again.',
    );
  if (memoryBytes > 0 && memoryBytes < 120e6)
    yield note(
      'little-memory',
      `This host has ${mb(memoryBytes)} of memory.`,
      'parleyd needs some 50 MB, and more with each session.',
      'Expect few sessions, or give it more.',
    );
}

function* ports({ ports: taken, ownPid }: Facts, { ports: wanted, domain }: Work): Generator<Finding> {
  for (const port of [wanted.c2s, ...(wanted.c2sTls === null ? [] : [wanted.c2sTls])]) {
    const by = taken.find((it) => it.port === port && (it.pid === null || it.pid !== ownPid));
    if (by === undefined || (by.pid === null && ownPid !== null)) continue;
    const who = by.program === '' ? 'another program' : by.program;
    yield stop(
      'port-taken',
      `Port ${port} is taken by ${who}.`,
      `Clients of ${domain} are to connect there, and only one program can listen on a port.`,
      by.program === 'parleyd'
        ? 'Choose other ports for this domain.'
        : `Stop ${who} on the host, or choose another port.`,
    );
  }
}

function* folder({ dataOwner }: Facts, { layout }: Work): Generator<Finding> {
  const ours = [null, layout.user, 'root'];
  if (layout.user !== null && !ours.includes(dataOwner))
    yield stop(
      'folder-taken',
      `${layout.data} belongs to ${dataOwner}.`,
      'Parley has not made it, and takes over nothing.',
      'Move it away if it is not needed, then look again.',
    );
}

/** A Unix socket's path has room for 107 bytes (unix(7)); only a folder that the user chose can be that long. */
function* socketPath({ layout }: Work): Generator<Finding> {
  if (layout.adminSocket.length > 107)
    yield stop(
      'path-too-long',
      `The folder ${layout.data} has too long a name.`,
      'The socket in it could not be opened: its path may have 107 bytes.',
      'Choose a data folder with a shorter path: --data DIR.',
    );
}

function* advice({ clockSkewSeconds, others }: Facts): Generator<Finding> {
  if (Math.abs(clockSkewSeconds) > SKEW_SECONDS)
    yield note(
      'clock',
      `The clock of this host is ${Math.abs(clockSkewSeconds)} s ${clockSkewSeconds > 0 ? 'ahead' : 'behind'}.`,
      'Certificates and the times of messages depend on it.',
      'Turn on time synchronisation: timedatectl set-ntp true.',
    );
  for (const other of others)
    yield note(
      'other-server',
      `${other} is installed on this host.`,
      'Parley leaves it as it is.',
      'Make sure that the two are not meant for the same domain.',
    );
}

/** A node that is there keeps its ports, whatever was asked for. */
export function keptPorts(spec: ProvisionSpec, { ports, domain, layout }: Work): Finding[] {
  if (ports.c2s === spec.c2sPort && ports.c2sTls === spec.c2sTlsPort) return [];
  const has = `${ports.c2s}${ports.c2sTls === null ? '' : ` and ${ports.c2sTls}`}`;
  return [
    note(
      'keeps-ports',
      `${domain} keeps its ports: ${has}.`,
      'It has a configuration already, and provisioning changes none.',
      `Change listen.c2s and listen.c2s_tls in ${layout.data}/parleyd.toml, then restart it.`,
    ),
  ];
}

const mb = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

function older(version: string, floor: string): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  const [c = 0, d = 0] = floor.split('.').map(Number);
  return a < c || (a === c && b < d);
}
