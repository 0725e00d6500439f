import { installationId } from '../../sasl/installation.ts';
import type { Credentials, LoginGuard } from '../../sasl/mechanism.ts';
import type { CoreAsks, CoreFacts } from '../../stream/asks.ts';
import type { Clients, Upgrades } from '../../stream/ports.ts';
import { prepareLocal } from '../../xmpp/precis.ts';

/** Asks whichever core is there. @throws CoreAway when none came in time */
export type Ask = <K extends keyof CoreAsks>(
  method: K,
  ...args: Parameters<CoreAsks[K]>
) => Promise<Awaited<ReturnType<CoreAsks[K]>>>;

/** What logins at this edge are checked against: accounts, guesses and tokens lie at the cores. */
export interface RemoteLogins {
  readonly credentials: Credentials;
  readonly guard: LoginGuard;
  readonly clients: Clients;
  readonly upgrades: Upgrades;
}

export function remoteLogins(ask: Ask, facts: () => CoreFacts): RemoteLogins {
  return {
    credentials: {
      prepare: prepareLocal,
      keys: (mechanism, name) => ask('keys', mechanism, name),
      state: (name) => ask('state', name),
      check: async (name, password) => (await ask('check', name, password)) ?? undefined,
      proof: async (name) => (await ask('proof', name)) ?? undefined,
    },
    guard: {
      async begin(name, network, by) {
        const guess = await ask('guess', name, network ?? null, by);
        if (guess === null) return undefined;
        return {
          undecided: () => void ask('guessed', guess, null).catch(() => {}),
          right: () => void ask('guessed', guess, true).catch(() => {}),
          wrong: async () => void (await ask('guessed', guess, false)),
        };
      },
    },
    clients: {
      idOf: installationId,
      tokens: (name, agent) => ask('tokens', name, agent),
      loggedIn: async (login, agent, wish) => (await ask('loggedIn', login, agent ?? null, wish)) ?? undefined,
    },
    upgrades: {
      get offered() {
        return facts().offered;
      },
      get missing() {
        return facts().missing;
      },
      get iterations() {
        return facts().iterations;
      },
      lacks: async (name) => (facts().missing.length === 0 ? [] : ask('lacks', name)),
      store: async (name, mechanism, keys) => void (await ask('store', name, mechanism, keys)),
    },
  };
}
