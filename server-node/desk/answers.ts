import type { Guess } from '../sasl/mechanism.ts';
import type { CoreAsks } from '../stream/asks.ts';
import type { DeskCore } from './desk-core.ts';

/** guesses that an edge may have open; the oldest are forgotten: they count as wrong */
const MOST_GUESSES = 20_000;

/** What a core answers to the questions of one edge. */
export function answers(core: DeskCore, guesses: Map<number, Guess>): CoreAsks {
  const { credentials, clients, upgrades, guard } = core;
  let number = 0;
  return {
    keys: (mechanism, name) => credentials.keys(mechanism, name),
    state: (name) => credentials.state(name),
    check: async (name, password) => (await credentials.check(name, password)) ?? null,
    proof: async (name) => (await credentials.proof(name)) ?? null,
    tokens: (name, agent) => clients.tokens(name, agent),
    loggedIn: async (login, agent, wish) => (await clients.loggedIn(login, agent ?? undefined, wish)) ?? null,
    lacks: (name) => upgrades.lacks(name),
    async store(name, mechanism, keys) {
      await upgrades.store(name, mechanism, keys);
      return null;
    },
    stableId: async (name, agent) => core.stableId(name, agent),
    stands: (login) => core.stands(login),
    async guess(name, network, by) {
      const guess = await guard.begin(name, network ?? undefined, by);
      if (guess === undefined) return null;
      guesses.set(++number, guess);
      const [oldest] = guesses.keys();
      if (guesses.size > MOST_GUESSES && oldest !== undefined) guesses.delete(oldest);
      return number;
    },
    async guessed(id, right) {
      const guess = guesses.get(id);
      guesses.delete(id);
      if (right === null) guess?.undecided();
      else if (right) guess?.right();
      else await guess?.wrong();
      return null;
    },
  };
}
