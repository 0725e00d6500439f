import type { DomainNode } from '../../shared/console-api/domains.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Engine } from '../engine.ts';
import { clusterWords } from './cluster-words.ts';
import type { Command, Session } from './command.ts';
import { EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { findHost } from './host.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { planWords } from './print.ts';
import { confirm, isInteractive } from './tty.ts';

export const cluster: Command = {
  help: `parley cluster show DOMAIN
parley cluster add-node DOMAIN --host HOST [--plan] [--yes]
parley cluster drain DOMAIN --host HOST
parley cluster undrain DOMAIN --host HOST
parley cluster remove-node DOMAIN --host HOST [--keep-data | --lost] [--yes]

The nodes of a domain that runs on several hosts; parley provision makes one.
show        each node with its sessions, the database and NATS; links with rates and round trip; leases; who has which lock;
            edges. Exit code 1: something is not as it should be
add-node    a node on one host more; shows the plan first
drain       sends the people of a node to the others; it stays, and takes nobody in
undrain     lets people in again at a node that was drained, or is being; one that was stopped is started
remove-node drains, stops and uninstalls; --keep-data leaves its folder; --lost forgets the node of a host that is gone
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {
      host: { type: 'string' },
      plan: { type: 'boolean' },
      yes: { type: 'boolean' },
      lost: { type: 'boolean' },
      'keep-data': { type: 'boolean' },
    });
    const [what = '', ...rest] = positionals;
    const [domain = ''] = words(rest, 'DOMAIN');
    if (values.lost && values['keep-data']) throw usage('--lost and --keep-data exclude one another.');
    const session = open(values);
    if (what === 'show') return show(session, domain);
    if (!['add-node', 'drain', 'undrain', 'remove-node'].includes(what))
      throw usage(
        `'cluster' is followed by show, add-node, drain, undrain or remove-node${what === '' ? '' : `, not '${what}'`}.`,
      );
    if (values.host === undefined) throw usage('--host is missing: say which node.');
    const { id: hostId } = await findHost(session.engine, values.host);
    const node = { domain, hostId };
    if (what === 'add-node') return add(session, node, values.plan ?? false, values.yes ?? false);
    if (what === 'drain' || what === 'undrain')
      return (await follow(session, () => session.engine.call(`nodes.${what}`, node))).code;
    if (!values.yes && !(await agreed(`Remove the node of ${domain} on ${values.host}?`))) return EXIT.cancelled;
    if (values.lost) {
      await session.engine.call('nodes.forget', node);
      session.out.result(
        { forgotten: node },
        `The node on ${values.host} is forgotten. Nothing was asked of the host.`,
      );
      return EXIT.ok;
    }
    const keepData = values['keep-data'] ?? false;
    return (await follow(session, () => session.engine.call('nodes.remove', { ...node, keepData }))).code;
  },
};

async function add(
  session: Session,
  node: { domain: string; hostId: string },
  onlyPlan: boolean,
  yes: boolean,
): Promise<number> {
  const { engine, out } = session;
  const plan = await engine.call('nodes.plan', node);
  out.result({ plan }, planWords(plan));
  if (plan.findings.some((it) => it.stops)) return EXIT.finding;
  if (onlyPlan) return EXIT.ok;
  if (!yes && !(await agreed(`Add this node to ${node.domain}?`))) return EXIT.cancelled;
  return (await follow(session, () => engine.call('provisioning.run', { planId: plan.planId }))).code;
}

async function show({ engine, out }: Session, domain: string): Promise<number> {
  const nodes = await heard(engine, domain);
  const { health } = await engine.call('domains.get', { domain });
  const problem = health.problem ? [`${health.problem.what} ${health.problem.why}`, health.problem.todo] : [];
  out.result({ health, nodes }, [clusterWords(nodes, Date.now()), ...problem].join('\n'));
  return health.problem === null ? EXIT.ok : EXIT.failed;
}

/** Asks each node once; what is known from before stands where one does not answer. */
async function heard(engine: Engine, domain: string): Promise<DomainNode[]> {
  const { nodes } = await engine.call('domains.get', { domain });
  if (nodes === undefined)
    throw new ParleyError({
      code: 'alone',
      what: `${domain} runs on one host.`,
      why: 'It was provisioned so.',
      todo: `parley domain show ${domain} says how it is.`,
    });
  await engine.call('nodes.ask', { domain });
  return (await engine.call('domains.get', { domain })).nodes ?? [];
}

async function agreed(question: string): Promise<boolean> {
  if (isInteractive()) return confirm(question);
  throw new ParleyError({
    code: 'usage',
    what: 'Nothing was changed.',
    why: 'There is no terminal to ask at whether this is wanted.',
    todo: 'Add --yes to do it.',
  });
}
