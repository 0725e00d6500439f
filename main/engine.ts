import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ConsoleEvent, ConsoleEvents, ConsoleMethod, ConsoleMethods } from '../shared/console-api/contract.ts';
import { consoleMethods } from '../shared/console-api/contract.ts';
import { check, type EventData, type Handlers, type Params, type Result } from '../shared/rpc.ts';
import { createDemo } from './demo/service.ts';
import { createEvents } from './engine/events.ts';
import { createHandlers } from './engine/handlers.ts';
import { openSecrets } from './engine/secrets.ts';
import { openFleetStore } from './fleet/fleet-store.ts';
import { createPrompts } from './hosts/prompts.ts';
import { createHosts } from './hosts/service.ts';
import type { SshHome } from './hosts/ways.ts';
import { createMonitor } from './monitor/service.ts';
import { reachOf } from './provisioning/reach.ts';
import { createReleases } from './provisioning/releases.ts';
import { createProvisioning } from './provisioning/service.ts';
import type { Lockbox } from './secrets/keychain.ts';

export interface EngineOptions {
  /** all that Parley keeps on this computer */
  readonly dataDir: string;
  /** holds parleyd-linux-x64 and parleyd-linux-arm64 */
  readonly releasesDir: string;
  readonly version: string;
  readonly ssh: SshHome;
  /** the operating system's keychain; undefined: secrets go to a vault file with a passphrase */
  readonly lockbox?: Lockbox;
  /** true: a link is kept to every domain, as the window wants it; false: only when something is asked */
  readonly watch: boolean;
}

export interface Engine {
  /** @throws ParleyError: every failure that a person may read */
  call<K extends ConsoleMethod>(method: K, params: unknown): Promise<Result<ConsoleMethods, K>>;
  on<K extends ConsoleEvent>(event: K, listener: (data: EventData<ConsoleEvents, K>) => void): () => void;
  /** every event, for a door that passes them on */
  onAny(listener: (event: ConsoleEvent, data: unknown) => void): () => void;
  /** Stops runs, ends connections; resolves when everything is written. */
  close(): Promise<void>;
}

/** Wires the engine together. @throws ParleyError `fleet-newer` */
export function createEngine(options: EngineOptions): Engine {
  const { dataDir, version, ssh } = options;
  const events = createEvents();
  const store = openFleetStore(join(dataDir, 'fleet.db'));
  const secrets = openSecrets(dataDir, options.lockbox);
  const prompts = createPrompts(
    {
      asked: (prompt) => events.emit('prompts.asked', prompt),
      settled: (promptId) => events.emit('prompts.settled', { promptId }),
    },
    secrets.door,
  );
  const hosts = createHosts({
    ...{ store, prompts, secrets: () => secrets.store, home: ssh },
    changed: () => events.emit('hosts.changed', { hosts: hosts.list() }),
  });
  const releases = createReleases(options.releasesDir, join(dataDir, 'cache'), version);
  const provisioning = createProvisioning({
    ...{ store, releases, localRoot: dataDir, connect: hosts.get, longLived: options.watch },
    cluster: { secrets: () => secrets.store, open: (signal) => prompts.needVault(signal) },
    events: {
      step: (event) => events.emit('provisioning.step', event),
      run: (run) => {
        events.emit('provisioning.run', run);
        if (store.domain(run.domain) === undefined) monitor.forget(run.domain);
        else if (run.kind === 'remove-node' && run.endedAt !== null) monitor.forgetNode(run.domain);
        else monitor.announce(run.domain);
        if (run.connection !== null && options.watch) monitor.watch(run.domain);
      },
    },
  });
  const monitor = createMonitor({
    ...{ store, connect: hosts.get, hostName: hosts.nameOf },
    reach: (domain, hostId) => reachOf(provisioning.layoutOf(domain, hostId)),
    events: {
      domain: (domain) => events.emit('domains.changed', domain),
      removed: (domain) => events.emit('domains.removed', { domain }),
      opened: (domain, session) => events.emit('sessions.opened', { domain, session }),
      changed: (domain, session) => events.emit('sessions.changed', { domain, session }),
      closed: (domain, jid) => events.emit('sessions.closed', { domain, jid }),
      reset: (domain) => events.emit('sessions.reset', { domain }),
      line: (domain, line) => events.emit('log.line', { domain, line }),
    },
  });
  const demo = createDemo({ hosts, provisioning, monitor, user: userInfo().username });
  const handlers = createHandlers({
    dataDir,
    version,
    store,
    secrets,
    prompts,
    hosts,
    releases,
    provisioning,
    monitor,
    demo,
    events,
  });
  if (options.watch) monitor.watchAll();

  return {
    call: (method, params) => answer(handlers, method, params),
    on: events.on,
    onAny: events.onAny,
    async close() {
      await provisioning.close();
      monitor.close();
      hosts.close();
      store.close();
    },
  };
}

/** What goes in and what comes out is what the contract says, or it is a fault. */
async function answer<K extends ConsoleMethod>(
  handlers: Handlers<ConsoleMethods>,
  method: K,
  params: unknown,
): Promise<Result<ConsoleMethods, K>> {
  const { params: accepts, result: gives } = consoleMethods[method];
  const input = check(accepts, params, method) as Params<ConsoleMethods, K>;
  const handle: (params: Params<ConsoleMethods, K>) => unknown = handlers[method];
  return check(gives, await handle(input), `${method}, as its answer,`) as Result<ConsoleMethods, K>;
}
