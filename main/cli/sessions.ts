import type { Session as XmppSession } from '../../shared/domain/session.ts';
import type { Command, Session } from './command.ts';
import { EXIT } from './exit.ts';
import { COMMON_HELP, readOptions, words } from './options.ts';
import { table } from './print.ts';

export const sessions: Command = {
  help: `parley sessions DOMAIN [--watch]

Who is connected now. --watch stays and tells who comes and goes, until Ctrl-C.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, { watch: { type: 'boolean' } });
    const [domain = ''] = words(positionals, 'DOMAIN');
    const session = open(values);
    const { engine, out } = session;
    // Asking the node for something waits for the link; the list then is what it has just told.
    await engine.call('domains.certificate', { domain });
    const { sessions: now } = await engine.call('sessions.list', { domain });
    out.result(now, now.length === 0 ? 'Nobody is connected.' : table(now.map(row)));
    if (values.watch) await watch(session, domain);
    return EXIT.ok;
  },
};

const row = (it: XmppSession): string[] => [
  it.jid,
  it.address,
  it.tls ?? it.transport,
  it.mechanism,
  it.presence?.show ?? '',
];

function watch({ engine, out, onInterrupt }: Session, domain: string): Promise<void> {
  const tell = (event: string, it: { domain: string }, words_: string) =>
    it.domain === domain && out.result({ event, ...it }, words_);
  let told = 0;
  engine.on('sessions.opened', (it) => tell('opened', it, `+ ${row(it.session).join('  ')}`));
  engine.on('sessions.changed', (it) => tell('changed', it, `~ ${row(it.session).join('  ')}`));
  engine.on('sessions.closed', (it) => tell('closed', it, `- ${it.jid}`));
  engine.on('domains.changed', (it) => {
    const { state, since, problem } = it.health;
    // Told when it becomes another, not each time a number moves.
    if (it.name !== domain || since === told) return;
    told = since;
    out.result({ event: 'health', health: it.health }, problem ? `${state}: ${problem.what} ${problem.why}` : state);
  });
  return new Promise((resolve) => onInterrupt(resolve));
}
