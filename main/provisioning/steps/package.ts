import { type Command, sh } from '../../ssh/shell.ts';
import { keptBy } from '../layout.ts';
import type { Work } from '../step.ts';

/**
 * Installs packages of the distribution; which ones came with them is written down, so that undo takes away those and no
 * other. `before` and `after` are the script's own part.
 */
export function install(
  work: Work,
  what: string,
  packages: readonly string[],
  before: Command,
  after: Command,
): Command {
  const list = listOf(work, what);
  return sh`export DEBIAN_FRONTEND=noninteractive
have() { dpkg-query -W -f '\${db:Status-Abbrev} \${Package}\n' 2>/dev/null | awk '$1 == "ii" {print $2}' | sort; }
mkdir -p ${list.slice(0, list.lastIndexOf('/'))} || exit 1
[ -e ${`${list}.before`} ] || have > ${`${list}.before`} || exit 1
${before}
apt-get -q -o DPkg::Lock::Timeout=300 update >&2 || exit 1
apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install --no-install-recommends ${packages} >&2 </dev/null || exit 1
have | comm -13 ${`${list}.before`} - > ${list}
${after}`;
}

/** Takes away what came, unless `used` says that somebody needs it. */
export function uninstall(work: Work, what: string, used: Command, after: Command): Command {
  const list = listOf(work, what);
  return sh`[ -e ${list} ] || exit 0
if ${used}; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
# what was installed since, and leans on one of them, keeps them all
others=$(xargs apt-get -s purge < ${list} 2>/dev/null | awk '$1 == "Remv" || $1 == "Purg" {print $2}' | sort -u | comm -13 ${list} -)
[ -z "$others" ] || exit 0
[ ! -s ${list} ] || xargs apt-get -q -y -o DPkg::Lock::Timeout=300 purge < ${list} >&2 || exit 1
rm -f ${list} ${`${list}.before`}
${after}`;
}

// Named after the domain, not the run: a run that was cut off is finished by the next.
const listOf = ({ layout }: Work, what: string): string => keptBy(layout, 'came', what);
