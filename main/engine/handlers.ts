import type { ConsoleHandlers } from '../../shared/console-api/contract.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Demo } from '../demo/service.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import type { Prompts } from '../hosts/prompts.ts';
import type { Hosts } from '../hosts/service.ts';
import type { Monitor } from '../monitor/service.ts';
import type { Releases } from '../provisioning/releases.ts';
import type { Provisioning } from '../provisioning/service.ts';
import { Secret } from '../secrets/secret.ts';
import { parseAddress } from '../ssh/address.ts';
import type { EngineEvents } from './events.ts';
import type { Secrets } from './secrets.ts';

export interface Parts {
  readonly dataDir: string;
  readonly version: string;
  readonly store: FleetStore;
  readonly secrets: Secrets;
  readonly prompts: Prompts;
  readonly hosts: Hosts;
  readonly releases: Releases;
  readonly provisioning: Provisioning;
  readonly monitor: Monitor;
  readonly demo: Demo;
  readonly events: EngineEvents;
}

/** Each method of the contract, handed to the room that does it. No logic lives here. */
export function createHandlers(parts: Parts): ConsoleHandlers {
  return {
    ...app(parts),
    ...hosts(parts),
    ...provisioning(parts),
    ...domains(parts),
    ...nodes(parts),
    ...people(parts),
    ...live(parts),
    ...secrets(parts),
  };
}

type Some<Prefix extends string> = Pick<ConsoleHandlers, Extract<keyof ConsoleHandlers, `${Prefix}.${string}`>>;

const app = ({ dataDir, version, secrets, releases, demo }: Parts): Some<'app' | 'demo'> => ({
  'app.info': () => ({
    ...{ version, dataDir, secrets: secrets.state().store },
    release: releases.architectures().length === 0 ? null : { version, architectures: releases.architectures() },
    defaults: { c2sPort: 5222, c2sTlsPort: 5223, sshPort: 22 },
    canDemo: process.platform === 'linux' && releases.architectures().includes(process.arch),
  }),
  'demo.start': () => demo.start(),
  'demo.people': () => demo.people(),
});

const hosts = ({ hosts, provisioning }: Parts): Some<'hosts'> => ({
  'hosts.parse': ({ text }) => parseAddress(text),
  'hosts.add': ({ text, auth }) => hosts.add(text, auth),
  'hosts.list': () => ({ hosts: hosts.list() }),
  'hosts.key': ({ hostId }) => hosts.key(hostId),
  'hosts.trust': async ({ hostId, fingerprint }) => ({ host: await hosts.trust(hostId, fingerprint) }),
  'hosts.facts': async ({ hostId }) => ({ facts: await provisioning.facts(hostId) }),
  'hosts.remove': ({ hostId }) => {
    hosts.remove(hostId);
    return {};
  },
});

const provisioning = ({ provisioning }: Parts): Some<'provisioning'> => ({
  'provisioning.plan': (spec) => provisioning.plan(spec),
  'provisioning.run': async ({ planId }) => ({ runId: await provisioning.run(planId) }),
  'provisioning.cancel': ({ runId }) => {
    provisioning.cancel(runId);
    return {};
  },
  'provisioning.undo': ({ runId }) => ({ runId: provisioning.undo(runId) }),
  'provisioning.runs': ({ domain }) => ({ runs: provisioning.runs(domain) }),
  'provisioning.get': ({ runId }) => provisioning.get(runId),
});

const domains = ({ store, monitor, provisioning }: Parts): Some<'domains'> => ({
  'domains.list': () => ({ domains: monitor.list() }),
  'domains.get': ({ domain }) => monitor.get(domain),
  'domains.remove': ({ domain, typed }) => {
    requireTyped(domain, typed);
    return { runId: provisioning.remove(domain) };
  },
  'domains.forget': ({ domain, typed }) => {
    requireTyped(domain, typed);
    monitor.get(domain);
    store.removeDomain(domain);
    monitor.forget(domain);
    return {};
  },
  'domains.certificate': async ({ domain }) => {
    const client = await monitor.client(domain);
    return (await client.call('status', {})).certificate;
  },
});

const nodes = ({ provisioning, monitor }: Parts): Some<'nodes'> => ({
  'nodes.ask': async ({ domain }) => {
    await monitor.askAll(domain);
    return {};
  },
  'nodes.plan': ({ domain, hostId }) => provisioning.planNode(domain, hostId),
  'nodes.drain': async ({ domain, hostId }) => ({ runId: await provisioning.leave(domain, hostId, { kind: 'drain' }) }),
  'nodes.undrain': async ({ domain, hostId }) => ({
    runId: await provisioning.leave(domain, hostId, { kind: 'undrain' }),
  }),
  'nodes.remove': async ({ domain, hostId, keepData }) => ({
    runId: await provisioning.leave(domain, hostId, { kind: 'remove', keepData }),
  }),
  'nodes.forget': ({ domain, hostId }) => {
    provisioning.forgetNode(domain, hostId);
    monitor.forgetNode(domain);
    return {};
  },
});

const people = ({ monitor }: Parts): Some<'people'> => ({
  'people.list': async ({ domain, search, after }) => {
    const { users, total } = await (await monitor.client(domain)).call('users.list', { limit: 200, search, after });
    return { people: users, total, asOf: Date.now() };
  },
  'people.add': async ({ domain, ...person }) => (await monitor.client(domain)).call('users.add', person),
  'people.password': async ({ domain, ...person }) => (await monitor.client(domain)).call('users.password', person),
  'people.suspend': async ({ domain, name }) => (await monitor.client(domain)).call('users.suspend', { name }),
  'people.activate': async ({ domain, name }) => (await monitor.client(domain)).call('users.activate', { name }),
  'people.remove': async ({ domain, name }) => (await monitor.client(domain)).call('users.remove', { name }),
  'people.clients': async ({ domain, name }) => (await monitor.client(domain)).call('users.clients', { name }),
  'people.revoke': async ({ domain, ...client }) => (await monitor.client(domain)).call('users.revoke', client),
});

const live = ({ monitor }: Parts): Some<'sessions' | 'log'> => ({
  'sessions.list': ({ domain }) => {
    const now = monitor.sessions(domain);
    return { ...now, total: now.sessions.length };
  },
  'sessions.end': ({ domain, jid }) => monitor.endSession(domain, jid),
  'log.tail': ({ domain, lines }) => monitor.log(domain, lines),
});

const secrets = ({ secrets, prompts, events }: Parts): Some<'secrets' | 'prompts'> => {
  const changed = () => {
    const state = secrets.state();
    events.emit('secrets.changed', state);
    return state;
  };
  return {
    'secrets.state': () => secrets.state(),
    'secrets.create': async ({ passphrase }) => {
      await secrets.vault().create(new Secret(passphrase));
      return changed();
    },
    'secrets.unlock': async ({ passphrase }) => {
      await secrets.vault().unlock(new Secret(passphrase));
      return changed();
    },
    'secrets.lock': () => {
      secrets.vault().lock();
      return changed();
    },
    'prompts.list': () => ({ prompts: prompts.list() }),
    'prompts.answer': ({ promptId, answers, remember }) => {
      prompts.answer(promptId, answers, remember);
      return {};
    },
  };
};

function requireTyped(domain: string, typed: string): void {
  if (domain === typed) return;
  throw new ParleyError({
    code: 'not-confirmed',
    what: `${domain} was not removed.`,
    why: `Its name has to be typed to confirm, and '${typed}' is another.`,
    todo: `Type ${domain}.`,
  });
}
