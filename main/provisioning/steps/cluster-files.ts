import { sh } from '../../ssh/shell.ts';
import type { ClusterWork, Step, Work } from '../step.ts';

/** What lets the node in to PostgreSQL and NATS, before it is set up: `parleyd init` already speaks to the database. */
export function clusterFiles({ layout, domain }: Work, { files, mark }: ClusterWork): Step {
  const { data, user } = layout;
  const names = files.map(({ name }) => `${data}/${name}`);
  const marked = `${data}/cluster.mark`;
  return {
    id: 'cluster-files',
    title: 'Put passwords and authority in place',
    detail: `What the node needs for PostgreSQL and NATS, readable for ${domain}'s own account alone. It travels over the SSH connection.`,
    touches: names,
    undoes: 'Remove them.',
    after: [],
    check: sh`[ "$(cat ${marked} 2>/dev/null)" = ${mark} ] && for file in ${names}; do [ -s "$file" ] || exit 1; done`,
    apply: [
      ...files.map(({ name, text }) => {
        const part = `${data}/${name}.part`;
        return {
          kind: 'run' as const,
          command: sh`umask 077; cat > ${part} && chown ${user ?? ''}: ${part} && chmod 0600 ${part} && mv -f ${part} ${`${data}/${name}`}`,
          stdin: text,
        };
      }),
      { kind: 'run', command: sh`umask 077; echo ${mark} > ${marked} && chown ${user ?? ''}: ${marked}` },
    ],
    undo: sh`rm -f ${[...names, marked]}`,
  };
}
