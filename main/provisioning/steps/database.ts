import type { Secret } from '../../secrets/secret.ts';
import { type Command, sh } from '../../ssh/shell.ts';
import type { Action, DatabaseWork, Step, Work } from '../step.ts';
import { install, uninstall } from './package.ts';

/** PostgreSQL as the distribution ships it. */
function databasePackage(work: Work): Step {
  const dropIn = '/etc/postgresql-common/createcluster.d/parley.conf';
  return {
    id: 'database-package',
    title: 'Install PostgreSQL',
    detail: "The distribution's own package, by apt-get; security updates come with those of the host.",
    touches: ['package postgresql and what it needs'],
    undoes: 'Remove the packages that came with it, unless another database uses them.',
    after: [],
    check: sh`command -v pg_createcluster >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || exit 1`,
    apply: [
      {
        kind: 'run',
        // The package would make and start a database of its own, which nobody here uses.
        command: install(
          work,
          'postgresql',
          ['postgresql'],
          sh`mkdir -p ${folderOf(dropIn)} && echo 'create_main_cluster = false' > ${dropIn} || exit 1`,
          sh`rm -f ${dropIn}`,
        ),
      },
    ],
    undo: uninstall(
      work,
      'postgresql',
      sh`[ -n "$(pg_lsclusters -h 2>/dev/null)" ]`,
      sh`rm -f ${dropIn}
for dir in /etc/postgresql/* /etc/postgresql; do if [ -d "$dir" ]; then rmdir --ignore-fail-on-non-empty "$dir"; fi; done`,
    ),
  };
}

/** A database of the domain's own: its data, its port, its settings are nobody else's. */
function database(work: Work, it: DatabaseWork): Step {
  const { name } = it;
  const where = locate(name);
  const put = (folder: Command, file: string, mode: string, stdin: string | Secret): Action => ({
    kind: 'run',
    command: sh`${where}
umask 077; part=${folder}/.parley.part; cat > "$part" && chown postgres:postgres "$part" && chmod ${mode} "$part" && mv -f "$part" ${folder}/${file}`,
    stdin,
  });
  const [etc, data] = [sh`"$etc"`, sh`"$data"`];
  return {
    id: 'database',
    title: `Set up the database of ${work.domain}`,
    detail: `PostgreSQL on port ${it.port}, for the domain's nodes alone: each by its address, with TLS and a password (SCRAM). Certificate and password are made by Parley.`,
    touches: [`/etc/postgresql/VERSION/${name}`, `/var/lib/postgresql/VERSION/${name}`],
    undoes: 'Stop this database and remove it with what is in it.',
    after: ['database-package'],
    check: sh`${where}
[ -n "$found" ] && [ "$(cat "$etc"/parley.mark 2>/dev/null)" = ${it.mark} ] && [ "$(cat "$etc"/conf.d/parley.conf 2>/dev/null)" = ${it.conf.trimEnd()} ] && [ "$(cat "$etc"/pg_hba.conf 2>/dev/null)" = ${it.hba.trimEnd()} ] && systemctl is-active --quiet "$unit" || exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`${where}
[ -n "$found" ] || pg_createcluster --port ${it.port} --encoding UTF8 --locale C.UTF-8 --start-conf auto "$version" ${name} -- --data-checksums >&2 || exit 1
rm -f "$etc"/parley.mark`,
      },
      put(data, 'server.key', '0600', it.key),
      put(data, 'server.crt', '0644', it.certificate),
      put(etc, 'pg_hba.conf', '0640', it.hba),
      {
        kind: 'run',
        // A certificate and addresses are read again by whom is running; ports and memory are not.
        command: sh`${where}
mkdir -p "$etc"/conf.d
cat > "$etc"/conf.d/parley.conf.part && chmod 0644 "$etc"/conf.d/parley.conf.part || exit 1
if systemctl is-active --quiet "$unit" && cmp -s "$etc"/conf.d/parley.conf.part "$etc"/conf.d/parley.running
then how=reload; else how=restart; fi
cp "$etc"/conf.d/parley.conf.part "$etc"/conf.d/parley.running
mv -f "$etc"/conf.d/parley.conf.part "$etc"/conf.d/parley.conf
systemctl $how "$unit" || exit 1
for try in $(seq 1 60); do runuser -u postgres -- psql -X -q -p ${it.port} -c 'SELECT 1' >/dev/null 2>&1 && exit 0; sleep 0.5; done
tail -n 12 /var/log/postgresql/postgresql-"$version"-${name}.log >&2
exit 1`,
        stdin: it.conf,
      },
      {
        kind: 'run',
        command: sh`runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -p ${it.port} -d postgres`,
        stdin: it.sql,
      },
      {
        kind: 'run',
        command: sh`${where}
echo ${it.mark} > "$etc"/parley.mark`,
      },
    ],
    undo: sh`${where}
[ -n "$found" ] || exit 0
systemctl stop "$unit"
pg_dropcluster --stop "$version" ${name} >&2
rm -rf "$etc" "$data"
systemctl daemon-reload`,
  };
}

/** Sets `found` (its folder, or nothing), `version`, `etc` and `unit`: which version it is, only the host knows. */
const locate = (name: string): Command => sh`found=$(ls -d /etc/postgresql/*/${name} 2>/dev/null | sort -V | tail -n 1)
if [ -n "$found" ]; then version=$(basename "$(dirname "$found")"); else version=$(ls /usr/lib/postgresql 2>/dev/null | sort -V | tail -n 1); fi
etc=/etc/postgresql/$version/${name}; data=/var/lib/postgresql/$version/${name}; unit=postgresql@$version-${name}.service`;

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** The database's part on a host that carries it. */
export const databaseSteps = (work: Work): Step[] => {
  const it = work.cluster?.database;
  return it ? [databasePackage(work), database(work, it)] : [];
};
