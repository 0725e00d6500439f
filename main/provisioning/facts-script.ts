import { type Command, sh } from '../ssh/shell.ts';
import type { Layout } from './layout.ts';

const TOOLS = ['sha256sum', 'stat', 'getent', 'runuser', 'useradd', 'userdel', 'groupdel', 'install', 'gzip'];

/** One read-only script, so that one round trip tells all. Each line is `key value`. */
export function factsScript(layout: Layout): Command {
  const { versions, state, data, unit, servers } = layout;
  const units = [`postgresql@*-${servers.database}.service`, servers.natsUnit];
  return sh`say() { printf '%s %s\n' "$1" "$2"; }
free() { d=$1; while [ ! -d "$d" ]; do d=$(dirname "$d"); done; df -Pk "$d" | awk 'NR==2 {print $4}'; }
mounted() { d=$1; while [ ! -d "$d" ]; do d=$(dirname "$d"); done; df -P "$d" | awk 'NR==2 {print $6}'; }
say system "$( . /etc/os-release 2>/dev/null; echo "\${PRETTY_NAME:-$(uname -sr)}")"
say machine "$(uname -m)"
say hostname "$(uname -n)"
ip -o addr show scope global 2>/dev/null | awk '{sub("/.*", "", $4); print "address", $4}'
say apt "$(command -v apt-get)"
systemctl show -p MainPID --value ${units} 2>/dev/null | awk '$1 > 0 {print "server-pid", $1}'
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
