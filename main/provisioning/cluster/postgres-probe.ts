import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Secret } from '../../secrets/secret.ts';
import { startScram } from '../scram.ts';
import { Reader, Refused, secured, within } from './talk.ts';

export interface PostgresAt {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: Secret | null;
  /** who may sign its certificate, PEM; null: the authorities that browsers know */
  readonly ca: string | null;
}

export interface PostgresSeen {
  /** `15.6 (Debian …)`, and 150006 */
  readonly version: string;
  readonly number: number;
  /** the user may make the domain's schema, or has it */
  readonly mayCreate: boolean;
  /** it only follows another, and takes no writes */
  readonly standby: boolean;
  /** connections that it takes, and that it has now */
  readonly most: number;
  readonly now: number;
}

/**
 * Logs in to a PostgreSQL as parleyd will (protocol 3.0: TLS, then a password), and asks what it is. Nothing is changed there.
 * @throws Refused
 */
export const seePostgres = (at: PostgresAt, domain: string, open: () => Promise<Duplex>): Promise<PostgresSeen> =>
  within(open, async (stream) => {
    const plain = new Reader(stream);
    stream.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])); // SSLRequest
    const answer = (await plain.take(1)).toString();
    if (answer !== 'S') throw new Refused('no-tls', 'it offers no TLS');
    plain.release();
    const talk = new Talk(await secured(stream, at.host, at.ca));
    await talk.login(at);
    return seen(await talk.query(questionFor(domain)));
  });

// The schema's name as parleyd makes it, but for the mark at its end.
const questionFor = (domain: string): string => {
  const schema = `parley_${domain.replace(/[^a-z0-9]/g, '_').slice(0, 40)}_`;
  return `SELECT current_setting('server_version'), current_setting('server_version_num'),
    has_database_privilege(current_database(), 'CREATE') OR EXISTS (SELECT FROM pg_namespace
      WHERE left(nspname, ${schema.length}) = '${schema}' AND pg_has_role(nspowner, 'USAGE')),
    pg_is_in_recovery(), current_setting('max_connections'), (SELECT count(*) FROM pg_stat_activity)`;
};

function seen([version = '', number = '', create = '', standby = '', most = '', now = '']: readonly string[]) {
  return {
    ...{ version, number: Number(number), mayCreate: create === 't', standby: standby === 't' },
    ...{ most: Number(most), now: Number(now) },
  };
}

const cString = (text: string) => Buffer.from(`${text}\0`);

class Talk {
  readonly #stream: Duplex;
  readonly #reader: Reader;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#reader = new Reader(stream);
  }

  async login({ user, database, password }: PostgresAt): Promise<void> {
    const words = ['user', user, 'database', database, 'application_name', 'parley', ''];
    this.#say('', Buffer.concat([Buffer.from([0, 3, 0, 0]), ...words.map(cString)]));
    const secret = () => {
      if (password === null) throw new Refused('login', 'it asks for a password, and none was given');
      return password;
    };
    const scram = startScram('*'); // PostgreSQL takes the name from what was said before
    for (;;) {
      const { type, body } = await this.#hear();
      if (type === 'Z') return;
      if (type !== 'R') continue;
      const kind = body.readUInt32BE(0);
      const rest = body.subarray(4);
      if (kind === 0) continue;
      if (kind === 3) this.#say('p', cString(secret().reveal()));
      else if (kind === 5) this.#say('p', cString(md5Of(user, secret(), rest)));
      else if (kind === 10) {
        secret();
        if (!rest.toString().split('\0').includes('SCRAM-SHA-256'))
          throw new Refused('other', 'it wants a login that parleyd does not know');
        const first = Buffer.from(scram.first);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(first.length);
        this.#say('p', Buffer.concat([cString('SCRAM-SHA-256'), length, first]));
      } else if (kind === 11) this.#say('p', Buffer.from(await scram.answer(rest.toString(), secret())));
      else if (kind !== 12) throw new Refused('other', `it wants a login that parleyd does not know (${kind})`);
      else if (!scram.proves(rest.toString()))
        throw new Refused('login', 'it could not prove that it knows the password');
    }
  }

  /** The one row that it answers with. */
  async query(text: string): Promise<string[]> {
    this.#say('Q', cString(text));
    const row: string[] = [];
    for (;;) {
      const { type, body } = await this.#hear();
      if (type === 'Z') return row;
      if (type !== 'D') continue;
      for (let at = 2; at < body.length; ) {
        const length = body.readInt32BE(at);
        at += 4;
        row.push(length < 0 ? '' : body.subarray(at, at + length).toString());
        at += Math.max(0, length);
      }
    }
  }

  #say(type: string, body: Buffer): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    this.#stream.write(Buffer.concat([Buffer.from(type), length, body]));
  }

  async #hear(): Promise<{ readonly type: string; readonly body: Buffer }> {
    const head = await this.#reader.take(5);
    const body = await this.#reader.take(head.readUInt32BE(1) - 4);
    const type = head.toString('latin1', 0, 1);
    if (type === 'E') throw refusal(body);
    return { type, body };
  }
}

const md5 = (...parts: (string | Buffer)[]) => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};
const md5Of = (user: string, password: Secret, salt: Buffer) => `md5${md5(md5(password.reveal(), user), salt)}`;

/** What PostgreSQL says no to, by its SQLSTATE (PostgreSQL, appendix A). */
function refusal(body: Buffer): Refused {
  const fields = new Map(
    body
      .toString()
      .split('\0')
      .filter((it) => it !== '')
      .map((it) => [it[0], it.slice(1)]),
  );
  const state = fields.get('C') ?? '';
  const words = fields.get('M') ?? 'it gave no reason';
  if (state === '28P01') return new Refused('login', words);
  if (state === '28000' || state === '42501') return new Refused('not-let-in', words);
  return new Refused('other', words);
}
