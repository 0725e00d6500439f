import { call } from '../../api.ts';
import { change, loadPeople } from './domain.ts';
import { newPassword } from './password.ts';

const makePassword = () => newPassword((bytes) => crypto.getRandomValues(bytes));

function showOnce(domain: string, jid: string, password: string): void {
  change(domain, ({ passwords }) => ({ passwords: [...passwords.filter((it) => it.jid !== jid), { jid, password }] }));
}

/** Adds a person with a new password, which is shown once. @throws ParleyError of the node */
export async function addPerson(domain: string, name: string): Promise<void> {
  const password = makePassword();
  const { jid } = await call('people.add', { domain, name, password });
  showOnce(domain, jid, password);
  await loadPeople(domain);
}

export async function resetPassword(domain: string, name: string): Promise<number> {
  const password = makePassword();
  const { sessionsEnded } = await call('people.password', { domain, name, password });
  showOnce(domain, `${name}@${domain}`, password);
  await loadPeople(domain);
  return sessionsEnded;
}

export async function suspend(domain: string, name: string): Promise<number> {
  const { sessionsEnded } = await call('people.suspend', { domain, name });
  await loadPeople(domain);
  return sessionsEnded;
}

export async function activate(domain: string, name: string): Promise<void> {
  await call('people.activate', { domain, name });
  await loadPeople(domain);
}

export async function removePerson(domain: string, name: string): Promise<number> {
  const { sessionsEnded } = await call('people.remove', { domain, name });
  change(domain, ({ passwords }) => ({ passwords: passwords.filter((it) => it.jid !== `${name}@${domain}`) }));
  await loadPeople(domain);
  return sessionsEnded;
}

export const dismissPasswords = (domain: string): void => change(domain, () => ({ passwords: [] }));

export const endSession = (domain: string, jid: string) => call('sessions.end', { domain, jid });

/** Answers with the run that takes it off its host. */
export const removeDomain = async (domain: string, typed: string): Promise<string> =>
  (await call('domains.remove', { domain, typed })).runId;

export const forgetDomain = (domain: string, typed: string) => call('domains.forget', { domain, typed });
