import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostAuth, HostKey, Host as HostView } from '../../shared/console-api/hosts.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { FleetStore, HostRow } from '../fleet/fleet-store.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import { addressText, parseAddress } from '../ssh/address.ts';
import type { Host } from '../ssh/host.ts';
import { type OfferedKey, type TrustedKey, verdictOn } from '../ssh/host-keys.ts';
import { knownHostsSay } from '../ssh/known-hosts.ts';
import { localHost } from '../ssh/local-host.ts';
import { createPool } from '../ssh/pool.ts';
import { randomart } from '../ssh/randomart.ts';
import { connectSsh, readHostKey } from '../ssh/ssh2-host.ts';
import type { Prompts } from './prompts.ts';
import { type SshHome, waysFor } from './ways.ts';

/** The id of the host that is no other than the computer Parley runs on. */
export const THIS_COMPUTER = 'this-computer';

export interface HostsDeps {
  readonly store: FleetStore;
  readonly prompts: Prompts;
  readonly secrets: () => SecretStore;
  readonly home: SshHome;
  readonly changed: () => void;
}

export type Hosts = ReturnType<typeof createHosts>;

/** The hosts of the fleet, and the one connection to each. */
export function createHosts({ store, prompts, secrets, home, changed }: HostsDeps) {
  const pool = createPool((hostId, signal) => connect(rowOf(hostId), signal));
  const seen = new Map<string, OfferedKey>();

  const rowOf = (hostId: string): HostRow => store.host(hostId) ?? unknown(hostId);
  const trustedKey = (hostId: string): TrustedKey | null => {
    const row = store.key(hostId);
    return row ? { algorithm: row.algorithm, fingerprint: row.fingerprint, since: row.trusted_at } : null;
  };

  async function connect(row: HostRow, signal: AbortSignal): Promise<Host> {
    if (row.kind === 'local') return localHost();
    const ask = prompts.askFor(row.id, secrets());
    const trusted = trustedKey(row.id);
    // A host whose key nobody has confirmed is not worth the passphrase of a key.
    if (trusted === null) await connectSsh({ ...row, ways: [], trusted }, ask, signal);
    const ways = await waysFor(row.auth, home, ask, signal);
    const host = await connectSsh({ ...row, ways, trusted }, ask, signal);
    store.hostSeen(row.id, Date.now());
    changed();
    return host;
  }

  const view = (row: HostRow): HostView => ({
    ...{ id: row.id, kind: row.kind, user: row.user, address: row.address, port: row.port, auth: row.auth },
    ...{ addedAt: row.added_at, lastSeenAt: row.last_seen_at, system: row.system },
    trustedFingerprint: store.key(row.id)?.fingerprint ?? null,
  });

  return {
    get: (hostId: string, signal?: AbortSignal): Promise<Host> => pool.get(hostId, signal),
    list: (): HostView[] => store.hosts().map(view),
    nameOf: (hostId: string): string => {
      const row = store.host(hostId);
      return row === undefined ? hostId : row.kind === 'local' ? 'this computer' : addressText(row);
    },

    /** A host that is there already is found, and takes the new way to log in. @throws ParleyError `bad-address` */
    add(text: string, auth: HostAuth): { host: HostView; added: boolean } {
      const address = parseAddress(text);
      const id = hostId(addressText(address));
      const before = store.host(id);
      if (before === undefined) store.addHost({ id, kind: 'ssh', ...address, auth, added_at: Date.now() });
      else if (auth.kind !== 'auto') {
        store.setAuth(id, auth);
        pool.drop(id);
      }
      changed();
      return { host: view(rowOf(id)), added: before === undefined };
    },

    /** This computer, in the fleet from the first time it is used. */
    addThisComputer(user: string): HostView {
      if (store.host(THIS_COMPUTER) === undefined)
        store.addHost({
          ...{ id: THIS_COMPUTER, kind: 'local', user, address: 'localhost', port: 1 },
          ...{ auth: { kind: 'auto' }, added_at: Date.now() },
        });
      changed();
      return view(rowOf(THIS_COMPUTER));
    },

    async key(id: string, signal?: AbortSignal): Promise<HostKey> {
      const row = rowOf(id);
      if (row.kind === 'local') throw noKey();
      const trusted = trustedKey(id);
      const offered = await readHostKey(row, trusted, signal);
      seen.set(id, offered);
      const known = await readFile(join(home.folder, 'known_hosts'), 'utf8').catch(() => '');
      return {
        ...{ hostId: id, algorithm: offered.algorithm, fingerprint: offered.fingerprint },
        randomart: randomart(offered.blob, offered.algorithm),
        verdict: verdictOn(offered, trusted),
        trusted: trusted && { fingerprint: trusted.fingerprint, since: trusted.since },
        knownHosts: knownHostsSay(known, row, offered),
      };
    },

    /** @throws ParleyError `other-fingerprint` when the host shows another key than the one that was compared */
    async trust(id: string, fingerprint: string, signal?: AbortSignal): Promise<HostView> {
      const row = rowOf(id);
      const last = seen.get(id);
      const offered = last?.fingerprint === fingerprint ? last : await readHostKey(row, null, signal);
      if (offered.fingerprint !== fingerprint) throw otherFingerprint(fingerprint, offered.fingerprint);
      pool.drop(id);
      store.setKey(id, { algorithm: offered.algorithm, fingerprint, trusted_at: Date.now() });
      changed();
      return view(rowOf(id));
    },

    /** @throws ParleyError `host-in-use` */
    remove(id: string): void {
      rowOf(id);
      const domain =
        store.domains().find((it) => it.host_id === id)?.name ??
        store.allNodes().find((it) => it.host_id === id)?.domain;
      if (domain !== undefined) throw inUse(domain);
      pool.drop(id);
      store.removeHost(id);
      changed();
    },

    drop: (id: string): void => pool.drop(id),
    close: (): void => pool.close(),
  };
}

/** The same address has the same id on every console, so that scripts can name it. */
const hostId = (text: string): string => `h${createHash('sha256').update(text).digest('hex').slice(0, 10)}`;

const unknown = (id: string): never => {
  throw new ParleyError({
    code: 'no-host',
    what: `There is no host '${id}'.`,
    why: 'The fleet does not know it.',
    todo: 'Add it first: parley host add user@host.',
  });
};

const noKey = () =>
  new ParleyError({
    code: 'no-host-key',
    what: 'This computer shows no SSH key.',
    why: 'Parley reaches it without SSH.',
    todo: 'Nothing needs to be confirmed.',
  });

const otherFingerprint = (wanted: string, shown: string) =>
  new ParleyError({
    code: 'other-fingerprint',
    what: 'The host shows another key than the one you compared.',
    why: `You compared ${wanted}; it shows ${shown}.`,
    todo: "Compare it once more with the host's own. Nothing was trusted.",
  });

const inUse = (domain: string) =>
  new ParleyError({
    code: 'host-in-use',
    what: 'This host can not be forgotten yet.',
    why: `${domain} runs there.`,
    todo: `Remove ${domain} first, or forget it.`,
  });
