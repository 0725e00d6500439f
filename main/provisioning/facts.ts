import type { FactsSummary } from '../../shared/console-api/hosts.ts';
import type { Rights } from '../ssh/host.ts';
import { type Command, sh } from '../ssh/shell.ts';
import type { Layout } from './layout.ts';

/** What Parley looks at before it touches a host. */
export interface Facts {
  readonly system: string;
  readonly architecture: string;
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

const TOOLS = ['sha256sum', 'stat', 'getent', 'runuser', 'useradd', 'userdel', 'groupdel', 'install', 'gzip'];

/** One read-only script, so that one round trip tells all. Each line is `key value`. */
export function factsScript(layout: Layout): Command {
  const { versions, state, data, unit } = layout;
  return sh`say() { printf '%s %s\n' "$1" "$2"; }
free() { d=$1; while [ ! -d "$d" ]; do d=$(dirname "$d"); done; df -Pk "$d" | awk 'NR==2 {print $4}'; }
mounted() { d=$1; while [ ! -d "$d" ]; do d=$(dirname "$d"); done; df -P "$d" | awk 'NR==2 {print $6}'; }
say system "$( . /etc/os-release 2>/dev/null; echo "\${PRETTY_NAME:-$(uname -sr)}")"
say machine "$(uname -m)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | awk '{print $2}')"
say init "$(if [ -d /run/systemd/system ]; then echo systemd; else cat /proc/1/comm 2>/dev/null; fi)"
say memory "$(awk '/^MemTotal/ {print $2}' /proc/meminfo 2>/dev/null)"
say free-root "$(free /)"
say free-versions "$(free ${versions})"
say free-state "$(free ${state})"
say noexec "$(awk -v m="$(mounted ${versions})" '$2 == m {print $4}' /proc/mounts 2>/dev/null | tail -n 1 | tr , '\n' | grep -cx noexec)"
say clock "$(date +%s)"
say selinux "$(getenforce 2>/dev/null)"
say zstd "$(command -v zstd)"
for tool in ${TOOLS}; do command -v "$tool" >/dev/null 2>&1 || say missing "$tool"; done
for other in ejabberdctl prosodyctl; do command -v "$other" >/dev/null 2>&1 && say other "\${other%ctl}"; done
for dir in /opt/openfire /usr/share/openfire; do [ -d "$dir" ] && { say other openfire; break; }; done
for file in ${state}/*/parleyd.toml; do [ -f "$file" ] && say domain "$(awk -F '"' '/^domain *=/ {print $2; exit}' "$file")"; done
if [ -n ${unit} ]; then say own-pid "$(systemctl show -p MainPID --value ${unit} 2>/dev/null)"; else say own-pid "$(cat ${data}/parleyd.pid 2>/dev/null)"; fi
[ -d ${data} ] && say data-owner "$(stat -c %U ${data})"
if command -v ss >/dev/null 2>&1; then ss -Hltnp | while read -r line; do say port "$line"; done
else awk '$4 == "0A" {print "raw", $2}' /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r line; do say port "$line"; done; fi
[ -f ${data}/parleyd.toml ] && sed 's/^/toml /' ${data}/parleyd.toml
exit 0`;
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
