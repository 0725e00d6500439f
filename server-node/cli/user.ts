import { readFileSync } from 'node:fs';
import type { Client } from '../../shared/domain/client.ts';
import type { Person } from '../../shared/domain/person.ts';
import { ParleyError } from '../../shared/errors.ts';
import { withUsers } from './admin.ts';
import type { Command } from './command.ts';
import { EXIT } from './exit.ts';
import { howTo, openFolder, readOptions, required, usage } from './options.ts';
import { readPassword } from './password.ts';

const help = `parleyd user add|password|suspend|activate|remove NAME --data DIR
parleyd user list [--json] --data DIR
parleyd user clients NAME [--json] --data DIR
parleyd user revoke NAME CLIENT --data DIR
parleyd user import FILE.csv --data DIR

Works whether the node runs or not. Passwords are read from standard input, one line; never from the command line.
import takes lines of NAME,PASSWORD; a password with a comma or a quote stands in quotes, as CSV does it.
clients shows which clients have access; revoke takes the tokens of one and ends its sessions. One that knows the
password may come back: give a new password to keep it out.
Suspending, and a new password, end the person's sessions at once.
`;

export const user: Command = {
  help,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      { data: { type: 'string' }, json: { type: 'boolean' } },
      help,
      true,
    );
    const [verb = '', name, client] = positionals;
    const node = openFolder(required(values.data, '--data', help));
    const say = (text: string) => process.stdout.write(`${text}\n`);
    const who = () => required(name, 'NAME', help);
    const ended = (n: number) => (n === 0 ? '' : ` ${n} session${n === 1 ? '' : 's'} ended.`);
    return withUsers(node, async (call) => {
      switch (verb) {
        case 'add':
          say(`${(await call('users.add', { name: who(), password: await readPassword() })).jid} was added.`);
          return EXIT.ok;
        case 'password':
          say(
            `${who()} has a new password.${ended((await call('users.password', { name: who(), password: await readPassword() })).sessionsEnded)}`,
          );
          return EXIT.ok;
        case 'suspend':
          say(`${who()} is suspended.${ended((await call('users.suspend', { name: who() })).sessionsEnded)}`);
          return EXIT.ok;
        case 'activate':
          await call('users.activate', { name: who() });
          say(`${who()} may log in again.`);
          return EXIT.ok;
        case 'remove':
          say(`${who()} was removed.${ended((await call('users.remove', { name: who() })).sessionsEnded)}`);
          return EXIT.ok;
        case 'clients': {
          const { clients } = await call('users.clients', { name: who() });
          say(values.json === true ? JSON.stringify(clients, null, 2) : clientTable(clients));
          return EXIT.ok;
        }
        case 'revoke': {
          const { sessionsEnded } = await call('users.revoke', {
            name: who(),
            client: required(client, 'CLIENT', help),
          });
          say(`The tokens of ${client} were taken.${ended(sessionsEnded)}`);
          return EXIT.ok;
        }
        case 'list': {
          const people: Person[] = [];
          for (let after = ''; ; ) {
            const { users } = await call('users.list', { limit: 1000, after, search: '' });
            people.push(...users);
            if (users.length < 1000) break;
            after = users[users.length - 1]?.name ?? '';
          }
          if (values.json) say(JSON.stringify(people));
          else for (const one of people) say(`${one.name}\t${one.state}\t${one.sessions} sessions`);
          return EXIT.ok;
        }
        case 'import': {
          const people = readCsv(readFileSync(who(), 'utf8'));
          let added = 0;
          const skipped: { name: string; why: string }[] = [];
          for (let i = 0; i < people.length; i += 1000) {
            const report = await call('users.import', { people: people.slice(i, i + 1000) });
            added += report.added;
            skipped.push(...report.skipped);
          }
          for (const one of skipped) process.stderr.write(`${one.name}: ${one.why}\n`);
          say(`${added} added, ${skipped.length} skipped.`);
          return skipped.length === 0 ? EXIT.ok : EXIT.failed;
        }
        default:
          throw usage(verb === '' ? 'What shall be done with whom?' : `There is no 'user ${verb}'.`, howTo(help));
      }
    });
  },
};

/** NAME,PASSWORD lines (RFC 4180); an empty line is passed over. @throws ParleyError that names the line */
export function readCsv(text: string): { name: string; password: string }[] {
  const field = '(?:"((?:[^"]|"")*)"|([^,"]*))';
  const shape = new RegExp(`^${field},${field}$`);
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const found = shape.exec(line);
    if (found === null) {
      throw new ParleyError({
        code: 'csv',
        what: `Line ${i + 1} is not NAME,PASSWORD.`,
        why: 'It has not two fields.',
        todo: 'Correct it and import again; nothing was changed.',
      });
    }
    const value = (quoted: string | undefined, bare: string | undefined) => quoted?.replaceAll('""', '"') ?? bare ?? '';
    return [{ name: value(found[1], found[2]), password: value(found[3], found[4]) }];
  });
}

/** A line a client. */
function clientTable(clients: readonly Client[]): string {
  if (clients.length === 0) return 'No client has access now; whoever knows the password may come.';
  const line = ({ id, software, device, lastSeen, connected, password, token }: Client) =>
    [
      id.padEnd(18),
      (connected ? 'here' : new Date(lastSeen).toISOString().slice(0, 16).replace('T', ' ')).padEnd(16),
      [...(password ? ['password'] : []), ...(token ? ['token'] : [])].join('+').padEnd(14),
      [software, device].filter((part) => part !== '').join(', '),
    ].join('  ');
  return clients.map(line).join('\n');
}
