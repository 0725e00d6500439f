import { isIPv6 } from 'node:net';
import { ParleyError } from '../../shared/errors.ts';

export interface Address {
  readonly user: string;
  readonly address: string;
  readonly port: number;
}

const NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*\$?$/;

/**
 * What a typed or pasted address means: `user@host:port`, `ssh://user@host:port`, `ssh -p port user@host`,
 * `[2001:db8::7]:22`. Without a user it is root, without a port 22.
 * @throws ParleyError `bad-address`
 */
export function parseAddress(text: string): Address {
  const { rest, port: flagged, user: login } = withoutSshWords(text.trim());
  const at = rest.lastIndexOf('@');
  const user = at >= 0 ? rest.slice(0, at) : (login ?? 'root');
  const { address, port } = hostAndPort(rest.slice(at + 1), text);
  if (!USER.test(user)) throw bad(text, `'${user}' can't be the name of a user.`);
  return { user, address, port: portNumber(flagged ?? port ?? '22', text) };
}

export const addressText = (it: Address): string =>
  `${it.user}@${it.address.includes(':') ? `[${it.address}]` : it.address}${it.port === 22 ? '' : `:${it.port}`}`;

function withoutSshWords(text: string): { rest: string; port?: string; user?: string } {
  const words = text
    .replace(/^ssh:\/\//, '')
    .replace(/\/$/, '')
    .split(/\s+/);
  if (words[0] === 'ssh') words.shift();
  const found: { rest: string; port?: string; user?: string } = { rest: '' };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const next = words[i + 1];
    if ((word === '-p' || word === '-l') && next !== undefined) {
      if (word === '-p') found.port = next;
      else found.user = next;
      i++;
    } else if (found.rest === '') found.rest = word;
    else throw bad(text, `'${word}' is more than an address.`);
  }
  return found;
}

function hostAndPort(text: string, typed: string): { address: string; port?: string } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const colons = text.split(':').length - 1;
  const [address = '', port] = bracketed ? [bracketed[1], bracketed[2]] : colons === 1 ? text.split(':') : [text];
  if (address === '') throw bad(typed, 'The name or address of the host is missing.');
  const fits = address.includes(':') ? isIPv6(address) : NAME.test(address);
  if (!fits) throw bad(typed, `'${address}' is neither a host name nor an IP address.`);
  return port === undefined ? { address } : { address, port };
}

function portNumber(text: string, typed: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 1 && port <= 65535)) throw bad(typed, `'${text}' is not a port: 1 to 65535.`);
  return port;
}

const bad = (typed: string, why: string) =>
  new ParleyError({
    code: 'bad-address',
    what: typed.trim() === '' ? 'No host was given.' : `'${typed.trim()}' is not the address of a host.`,
    why,
    todo: 'Write it as user@host or user@host:port, such as root@192.0.2.7 or admin@chat.example.org:2222.',
  });
