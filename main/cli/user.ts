import { ParleyError } from '../../shared/errors.ts';
import { firstLine } from './answers.ts';
import type { Command, Session } from './command.ts';
import { EXIT } from './exit.ts';
import { COMMON_HELP, readOptions, usage, words } from './options.ts';
import { table } from './print.ts';
import { askAtTerminal, isInteractive } from './tty.ts';

export const user: Command = {
  help: `parley user add NAME@DOMAIN [--new-password-file FILE]
parley user list DOMAIN [--search TEXT]
parley user password NAME@DOMAIN [--new-password-file FILE]
parley user suspend | activate | remove NAME@DOMAIN
parley user clients NAME@DOMAIN
parley user revoke NAME@DOMAIN CLIENT

The new password is asked for at the terminal, or read from a file or standard input: one line.
Suspending, and a new password, end the person's sessions at once. 'clients' shows which clients have access, 'revoke' takes
the tokens of one and ends its sessions; one that knows the password may come back until that is changed.
${COMMON_HELP}`,
  async run(args, open) {
    const { values, positionals } = readOptions(args, {
      'new-password-file': { type: 'string' },
      search: { type: 'string' },
    });
    const [what = '', ...rest] = positionals;
    const session = open(values);
    const [who = '', client = ''] = words(rest, ...wordsFor(what));
    if (what === 'list') return list(session, who, values.search ?? '');
    const person = personOf(who);
    if (what === 'add' || what === 'password') return withPassword(session, what, person, values['new-password-file']);
    if (what === 'suspend' || what === 'activate' || what === 'remove') return change(session, what, person);
    if (what === 'clients') return clients(session, person);
    if (what === 'revoke') {
      const result = await session.engine.call('people.revoke', { ...person, client });
      session.out.result(result, `The tokens of ${client} were taken, ${result.sessionsEnded} sessions ended.`);
      return EXIT.ok;
    }
    throw usage(
      `'user' is followed by add, list, password, suspend, activate, remove, clients or revoke, not '${what}'.`,
    );
  },
};

const wordsFor = (what: string): string[] =>
  what === 'list' ? ['DOMAIN'] : what === 'revoke' ? ['NAME@DOMAIN', 'CLIENT'] : ['NAME@DOMAIN'];

async function clients({ engine, out }: Session, person: Person): Promise<number> {
  const { clients } = await engine.call('people.clients', { ...person });
  const rows = clients.map(({ id, software, device, connected, lastSeen, password, token }) => [
    id,
    connected ? 'here' : new Date(lastSeen).toISOString().slice(0, 16).replace('T', ' '),
    [...(password ? ['password'] : []), ...(token ? ['token'] : [])].join('+'),
    [software, device].filter((part) => part !== '').join(', '),
  ]);
  out.result(
    clients,
    rows.length === 0 ? 'No client has access now; whoever knows the password may come.' : table(rows),
  );
  return EXIT.ok;
}

interface Person {
  readonly name: string;
  readonly domain: string;
}

function personOf(text: string): Person {
  const at = text.lastIndexOf('@');
  if (at <= 0 || at === text.length - 1) throw usage(`'${text}' is no person: write NAME@DOMAIN.`);
  return { name: text.slice(0, at), domain: text.slice(at + 1) };
}

async function list({ engine, out }: Session, domain: string, search: string): Promise<number> {
  const people = [];
  for (let after = ''; ; ) {
    const page = await engine.call('people.list', { domain, search, after });
    people.push(...page.people);
    after = page.people.at(-1)?.name ?? '';
    if (page.people.length < 200) break;
  }
  const rows = people.map((it) => [`${it.name}@${domain}`, it.state, `${it.sessions} sessions`]);
  out.result(people, rows.length === 0 ? `Nobody yet: parley user add NAME@${domain}` : table(rows));
  return EXIT.ok;
}

async function withPassword(
  { engine, out }: Session,
  what: 'add' | 'password',
  person: Person,
  file: string | undefined,
): Promise<number> {
  const password = await newPassword(file);
  const result = await engine.call(`people.${what}`, { ...person, password });
  out.result(result, `${person.name}@${person.domain}: ${what === 'add' ? 'added' : 'new password set'}.`);
  return EXIT.ok;
}

async function newPassword(file: string | undefined): Promise<string> {
  if (file !== undefined || !isInteractive()) return firstLine(file ?? '-');
  const [first, second] = [await askAtTerminal('New password', false), await askAtTerminal('Once more', false)];
  if (first !== null && first === second) return first;
  throw new ParleyError({
    code: 'usage',
    what: 'Nothing was changed.',
    why: 'The two passwords differ.',
    todo: 'Try again.',
  });
}

async function change(
  { engine, out }: Session,
  what: 'suspend' | 'activate' | 'remove',
  person: Person,
): Promise<number> {
  const result = await engine.call(`people.${what}`, { ...person });
  const ended = 'sessionsEnded' in result ? `, ${result.sessionsEnded} sessions ended` : '';
  const done = { suspend: 'suspended', activate: 'active again', remove: 'removed' }[what];
  out.result(result, `${person.name}@${person.domain}: ${done}${ended}.`);
  return EXIT.ok;
}
