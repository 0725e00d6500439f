import { sh } from '../../ssh/shell.ts';
import { binaryPath, type ClusterWork, type Step, type Work } from '../step.ts';
import { parleyd } from './as-user.ts';

/** The proof that the nodes are one domain: this one sees all others, the database and NATS. It changes nothing. */
export function cluster(work: Work, { node, nodes }: ClusterWork): Step {
  const status = parleyd(work, binaryPath(work), ['cluster', 'status', '--json', '--data', work.layout.data]);
  const others = nodes.filter((it) => it !== node);
  return {
    id: 'cluster',
    title: `See that ${node} sees the others`,
    detail: `Asks ${node} for its links: ${others.join(', ')}, the database and NATS must all be there.`,
    touches: [],
    undoes: 'Nothing: it leaves nothing behind.',
    after: [],
    check: sh`exit 1`,
    apply: [
      {
        kind: 'run',
        command: sh`for try in $(seq 1 60); do
said=$( ( ${status} ) 2>&1 )
if [ $? = 0 ]; then all=yes
for other in ${others}; do printf %s "$said" | grep -qF "\\"node\\":\\"$other\\"" || all=; done
if printf %s "$said" | grep -q '"state":"joining"'; then all=; fi
[ -z "$all" ] || exit 0; fi
sleep 0.5; done
printf '%s\n' "$said" >&2
exit 1`,
      },
    ],
    undo: null,
  };
}
