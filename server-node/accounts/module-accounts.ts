import { ParleyError } from '../../shared/errors.ts';
import type { Accounts } from '../router/accounts.ts';
import { type Condition, StanzaError } from '../xmpp/errors.ts';
import type { Users } from './users.ts';

const CONDITIONS: Readonly<Record<string, Condition>> = {
  'bad-name': 'not-acceptable',
  'bad-password': 'not-acceptable',
  'user-exists': 'conflict',
  'no-such-user': 'item-not-found',
  'no-such-client': 'item-not-found',
};

/** A refusal as it is told in the protocol. */
async function inStanzas(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const condition = error instanceof ParleyError ? CONDITIONS[error.code] : undefined;
    if (condition === undefined || !(error instanceof ParleyError)) throw error;
    throw new StanzaError(condition, `${error.what} ${error.why}`);
  }
}

/** What operators may do with people, for modules. */
export const moduleAccounts = (users: Users): Accounts => ({
  clients: (name) => users.clients(name),
  revoke: (name, client) => inStanzas(users.revoke(name, client)),
  add: (name, password) => inStanzas(users.add(name, password)),
  changePassword: (name, password) => inStanzas(users.ownPassword(name, password)),
  resetPassword: (name, password) => inStanzas(users.password(name, password)),
  suspend: (name) => inStanzas(users.suspend(name)),
  activate: (name) => inStanzas(users.activate(name)),
  remove: (name, condition, spare) => inStanzas(users.remove(name, condition, spare)),
});
