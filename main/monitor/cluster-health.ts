import type { DomainNode, Health } from '../../shared/console-api/domains.ts';

const AWAY: readonly Health['state'][] = ['down', 'unreachable'];

type Problem = NonNullable<Health['problem']>;

/** How a domain of several nodes is: as its nodes are, and as they see each other. */
export function healthOfNodes(nodes: readonly DomainNode[], now: number = Date.now()): Health {
  const asOf = nodes.reduce<number | null>((last, { health }) => later(last, health.asOf), null);
  const away = nodes.filter(({ health }) => AWAY.includes(health.state));
  const live = nodes.filter(({ health }) => health.state === 'well' || health.state === 'warning');
  const become = (state: Health['state'], problem: Problem | null): Health => ({ state, since: now, asOf, problem });
  if (away.length === nodes.length) return { ...(nodes[0] as DomainNode).health, asOf };
  if (live.length === 0)
    return become(nodes.some(({ health }) => health.state === 'connecting') ? 'connecting' : 'unknown', null);
  const problem =
    awayProblem(away, nodes.length) ?? seenProblem(live) ?? live.find(({ health }) => health.problem)?.health.problem;
  return become(problem ? 'warning' : 'well', problem ?? null);
}

function awayProblem(away: readonly DomainNode[], all: number): Problem | undefined {
  const [first] = away;
  if (first === undefined) return undefined;
  const names = away.map(({ node, host }) => node ?? host).join(', ');
  return {
    code: 'nodes-away',
    what: `${names} can't be reached: ${all - away.length} of ${all} nodes answer.`,
    why: first.health.problem
      ? `${first.health.problem.what} ${first.health.problem.why}`
      : 'Its host does not answer.',
    todo: 'The others go on serving. See to the host; if it is lost for good, forget its node.',
  };
}

/** What those that answer say of the others, of the database and of NATS. */
function seenProblem(live: readonly DomainNode[]): Problem | undefined {
  const told = live.flatMap(({ cluster, node, host }) => (cluster === null ? [] : [{ cluster, by: node ?? host }]));
  const named = (some: readonly { readonly by: string }[]) => some.map(({ by }) => by).join(', ');
  const noDatabase = told.filter(({ cluster }) => cluster.nodes.some((it) => it.state === 'here' && !it.database));
  if (noDatabase.length > 0)
    return {
      code: 'database-away',
      what: `${named(noDatabase)} can't reach the database.`,
      why: 'Who is online chats on; logins and what has to be stored get a temporary failure.',
      todo: 'See to PostgreSQL and the network to it. The nodes come back by themselves.',
    };
  const noNats = told.filter(({ cluster }) => !cluster.nats.connected);
  if (noNats.length > 0)
    return {
      code: 'nats-away',
      what: `${named(noNats)} can't reach NATS.`,
      why: 'Each node serves its own people; what goes to people at other nodes is stored or told to have failed.',
      todo: 'See to the NATS servers and the network to them. The nodes come back by themselves.',
    };
  const silent = new Set(
    told.flatMap(({ cluster }) => cluster.nodes.flatMap((it) => (it.state === 'silent' ? [it.node] : []))),
  );
  if (silent.size > 0)
    return {
      code: 'node-silent',
      what: `${[...silent].join(', ')} ${silent.size === 1 ? 'is' : 'are'} silent to the other nodes.`,
      why: 'They have not heard it for longer than they should.',
      todo: 'See to the network between the hosts. One that stays silent is taken for dead, and its people can log in elsewhere.',
    };
  return undefined;
}

const later = (a: number | null, b: number | null): number | null => (b === null ? a : a === null ? b : Math.max(a, b));
