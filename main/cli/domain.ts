import type { Domain } from '../../shared/console-api/domains.ts';
import type { Engine } from '../engine.ts';
import type { Command, Session } from './command.ts';
import { EXIT } from './exit.ts';
import { follow } from './follow.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { table } from './print.ts';
import { askAtTerminal, isInteractive } from './tty.ts';

export const domain: Command = {
  help: `parley domain list
parley domain show DOMAIN
parley domain remove DOMAIN [--yes]
parley domain forget DOMAIN [--yes]

remove takes everything of the domain off its host, accounts and messages too. forget only strikes it off the fleet,
for a host that is gone. Both ask for the domain's name; --yes does without.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, { yes: { type: 'boolean' } });
    const [what = '', ...rest] = positionals;
    const session = open(values);
    if (what === 'list') return list(session);
    if (what === 'show') return show(session, words(rest, 'DOMAIN')[0] ?? '');
    if (what === 'remove') return remove(session, words(rest, 'DOMAIN')[0] ?? '', values.yes ?? false);
    if (what === 'forget') return forget(session, words(rest, 'DOMAIN')[0] ?? '', values.yes ?? false);
    throw usage(`'domain' is followed by list, show, remove or forget${what === '' ? '' : `, not '${what}'`}.`);
  },
};

async function list({ engine, out }: Session): Promise<number> {
  const { domains } = await engine.call('domains.list', {});
  const names = domains.map((it) => it.name);
  const fresh = await Promise.all(names.map((name) => seen(engine, name)));
  const rows = fresh.map((it) => [
    it.name,
    it.host,
    it.version ?? '?',
    `${it.sessions ?? '?'} sessions`,
    stateWords(it),
  ]);
  out.result(fresh, rows.length === 0 ? 'No domains yet: parley provision DOMAIN --host HOST' : table(rows));
  return EXIT.ok;
}

async function show({ engine, out }: Session, name: string): Promise<number> {
  await engine.call('domains.get', { domain: name });
  const it = await seen(engine, name);
  const { health, connection } = it;
  const at = connection && `${connection.address}, ports ${connection.c2sPort} and ${connection.c2sTlsPort ?? 'none'}`;
  const words_ = [
    `${it.name} on ${it.host}: ${stateWords(it)}`,
    `parleyd ${it.version ?? '?'}, ${it.sessions ?? '?'} sessions, ${it.people ?? '?'} people`,
    ...(at ? [`Clients connect to ${at}`, `Certificate, SHA-256: ${connection?.certificateFingerprint}`] : []),
    ...(it.edges ?? []).map(
      (edge) =>
        `Edge ${edge.name}: ${edge.cutAt === null ? 'connected' : 'CUT OFF'} from ${edge.address ?? 'the same machine'}, ${edge.sessions} sessions`,
    ),
    ...(health.problem ? [`${health.problem.what} ${health.problem.why}`, health.problem.todo] : []),
  ];
  out.result(it, words_.join('\n'));
  return health.problem === null ? EXIT.ok : EXIT.failed;
}

/** Asks the node once; what is known from before stands where it does not answer. */
async function seen(engine: Engine, name: string): Promise<Domain> {
  await engine.call('domains.certificate', { domain: name }).catch(() => undefined);
  return engine.call('domains.get', { domain: name });
}

const stateWords = ({ health }: Domain): string =>
  health.state === 'well'
    ? 'well'
    : `${health.state}, ${health.asOf === null ? 'never seen' : `last seen ${new Date(health.asOf).toISOString()}`}`;

async function remove(session: Session, name: string, yes: boolean): Promise<number> {
  const { engine } = session;
  await engine.call('domains.get', { domain: name });
  const typed = await typedName(name, yes);
  return (await follow(session, () => engine.call('domains.remove', { domain: name, typed }))).code;
}

async function forget({ engine, out }: Session, name: string, yes: boolean): Promise<number> {
  await engine.call('domains.get', { domain: name });
  await engine.call('domains.forget', { domain: name, typed: await typedName(name, yes) });
  out.result({ forgotten: name }, `${name} is forgotten. Nothing was changed on its host.`);
  return EXIT.ok;
}

async function typedName(name: string, yes: boolean): Promise<string> {
  if (yes) return name;
  if (!isInteractive()) throw usage('There is no terminal to ask at: add --yes if it is meant.');
  return (await askAtTerminal(`This can't be undone. Type ${name} to go on`, true)) ?? '';
}
