import type { Duplex } from 'node:stream';
import type { Secret } from '../../secrets/secret.ts';
import { Reader, Refused, secured, within } from './talk.ts';

export interface NatsAt {
  readonly host: string;
  readonly port: number;
  /** null: it lets everybody in */
  readonly user: string | null;
  readonly password: Secret | null;
  /** `tls://`, or an authority was given */
  readonly tls: boolean;
  readonly ca: string | null;
}

export interface NatsSeen {
  readonly version: string;
  readonly mostBytes: number;
}

/**
 * Logs in to a NATS server as parleyd will, and says something to itself over a subject of the domain. Nothing stays there.
 * @throws Refused
 */
export const seeNats = (at: NatsAt, domain: string, open: () => Promise<Duplex>): Promise<NatsSeen> =>
  within(open, async (stream) => {
    const plain = new Reader(stream);
    const info = infoOf(await plain.line());
    const wants = at.tls || info.tls_required === true;
    if (wants && info.tls_required !== true && info.tls_available !== true)
      throw new Refused('no-tls', 'it offers no TLS');
    if (wants) plain.release();
    const wire = wants ? await secured(stream, at.host, at.ca) : stream;
    await converse(wire, wants ? new Reader(wire) : plain, at, domain);
    return { version: info.version ?? '', mostBytes: info.max_payload ?? 0 };
  });

interface Info {
  readonly version?: string;
  readonly tls_required?: boolean;
  readonly tls_available?: boolean;
  readonly max_payload?: number;
}

function infoOf(line: string): Info {
  if (!line.startsWith('INFO ')) throw new Refused('other', `what answers there is no NATS: '${line.slice(0, 60)}'`);
  try {
    return JSON.parse(line.slice(5)) as Info;
  } catch {
    throw new Refused('other', 'what answers there is no NATS');
  }
}

async function converse(wire: Duplex, reader: Reader, { user, password }: NatsAt, domain: string): Promise<void> {
  // a user without a password would be sent the empty one, as parleyd does
  const login = user === null ? {} : { user, pass: (password?.reveal() ?? '').replace(/\r?\n$/, '') };
  const words = {
    verbose: false,
    pedantic: false,
    lang: 'parley',
    version: '1',
    protocol: 1,
    name: 'parley',
    ...login,
  };
  const subject = `parley.${domain.replaceAll('.', '_')}.preflight`;
  wire.write(`CONNECT ${JSON.stringify(words)}\r\nPING\r\n`);
  await until(reader, 'PONG');
  wire.write(`SUB ${subject} 1\r\nPUB ${subject} 0\r\n\r\nPING\r\n`);
  await until(reader, 'PONG');
}

async function until(reader: Reader, wanted: string): Promise<void> {
  for (;;) {
    const line = await reader.line();
    if (line === wanted) return;
    const [, words] = /^-ERR '?(.*?)'?$/.exec(line) ?? [];
    if (words === undefined) continue;
    if (/authorization|authentication/i.test(words)) throw new Refused('login', words);
    if (/permissions/i.test(words)) throw new Refused('not-let-in', words);
    throw new Refused('other', words);
  }
}
