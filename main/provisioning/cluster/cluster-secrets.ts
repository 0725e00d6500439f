import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { ParleyError } from '../../../shared/errors.ts';
import { certify, covers, newAuthority, type Pair, selfSigned } from '../../secrets/authority.ts';
import { Secret } from '../../secrets/secret.ts';
import type { SecretStore } from '../../secrets/secret-store.ts';

const PairSchema = v.object({ certificate: v.string(), key: v.string() });
const Kept = v.object({
  authority: PairSchema,
  /** what clients of the domain see, unless the operator gave one */
  xmpp: PairSchema,
  /** of PostgreSQL and NATS, by host */
  servers: v.record(v.string(), PairSchema),
  database: v.string(),
  databaseSalt: v.string(),
  nats: v.string(),
  routes: v.string(),
});
type Kept = v.InferOutput<typeof Kept>;

const subjectOf = (domain: string): string => `cluster ${domain}`;

/** What holds the servers of one domain together: its authority and its passwords. Printed, nothing of it is seen. */
export class ClusterSecrets {
  readonly domain: string;
  readonly #kept: Kept;

  private constructor(domain: string, kept: Kept) {
    this.domain = domain;
    this.#kept = kept;
  }

  /** Those that are kept, or new ones that nobody has seen yet. @throws ParleyError `vault-locked` */
  static async of(domain: string, store: SecretStore): Promise<ClusterSecrets> {
    if (store.kind === 'vault' && store.locked()) throw locked(domain);
    const saved = await store.get(subjectOf(domain));
    if (saved !== undefined) return new ClusterSecrets(domain, v.parse(Kept, JSON.parse(saved.reveal())));
    const password = () => randomBytes(24).toString('base64url');
    return new ClusterSecrets(domain, {
      authority: await newAuthority(`Parley, servers of ${domain}`),
      xmpp: await selfSigned(domain),
      servers: {},
      ...{ database: password(), databaseSalt: randomBytes(16).toString('base64') },
      ...{ nats: password(), routes: password() },
    });
  }

  /** Keeps them: from now on hosts have them. @throws ParleyError `vault-locked`, `keychain-failed` */
  save = (store: SecretStore): Promise<void> =>
    store.set(subjectOf(this.domain), new Secret(JSON.stringify(this.#kept)));

  static forget = (domain: string, store: SecretStore): Promise<void> => store.remove(subjectOf(domain));

  get authority(): string {
    return this.#kept.authority.certificate;
  }

  get xmpp(): { readonly pem: string; readonly sha256: string; readonly key: Secret } {
    const { certificate, key } = this.#kept.xmpp;
    return { pem: certificate, sha256: createHash('sha256').update(certificate).digest('hex'), key: new Secret(key) };
  }

  get database(): Secret {
    return new Secret(this.#kept.database);
  }

  get nats(): Secret {
    return new Secret(this.#kept.nats);
  }

  get routes(): Secret {
    return new Secret(this.#kept.routes);
  }

  /** A host's certificate for PostgreSQL and NATS, made anew when its addresses are others. */
  async server(hostId: string, name: string, addresses: readonly string[]): Promise<Pair> {
    const before = this.#kept.servers[hostId];
    if (before !== undefined && covers(before.certificate, addresses)) return before;
    const pair = await certify(this.#kept.authority, name, addresses);
    this.#kept.servers[hostId] = pair;
    return pair;
  }

  /** What PostgreSQL keeps of the password (RFC 5803): with it nobody can log in. */
  get verifier(): Secret {
    const salt = Buffer.from(this.#kept.databaseSalt, 'base64');
    const salted = pbkdf2Sync(this.#kept.database, salt, 4096, 32, 'sha256');
    const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
    const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
    return new Secret(
      `SCRAM-SHA-256$4096:${this.#kept.databaseSalt}$${stored}:${hmac('Server Key').toString('base64')}`,
    );
  }

  /**
   * A mark of what was put on a host, by which it is recognised later: of who does not have the authority's key, it tells
   * nothing about the secrets in it, so it may stand in a command.
   */
  mark(...texts: readonly (string | Secret)[]): string {
    const hmac = createHmac('sha256', this.#kept.authority.key);
    for (const text of texts) {
      const bytes = text instanceof Secret ? text.reveal() : text;
      hmac.update(`${Buffer.byteLength(bytes)}:`).update(bytes);
    }
    return hmac.digest('hex');
  }
}

const locked = (domain: string) =>
  new ParleyError({
    code: 'vault-locked',
    what: `There is no open vault for what holds the hosts of ${domain} together.`,
    why: 'An authority and passwords are made for them, and Parley keeps those nowhere but in its vault.',
    todo: 'Make one (parley vault create), or open it with its passphrase (--vault-passphrase-file FILE); then look again.',
  });
