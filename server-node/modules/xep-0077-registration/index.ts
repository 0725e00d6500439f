import type { IqRequest, Module, ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { type Child, type Element, el } from '../../xml/element.ts';
import { Submission } from '../../xmpp/data-form.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { prepareLocal } from '../../xmpp/precis.ts';

/**
 * A new password and the end of an account, for who is logged in. Accounts are made by operators alone, so that the
 * stream does not offer registration (§8).
 */
export const registration: Module = {
  name: 'Password change and account removal',
  specification: 'XEP-0077',
  version: '2.4',
  status: 'partial',
  features: [NS.register],
  setup(ctx) {
    for (const scope of ['server', 'own'] as const) {
      ctx.iq({ type: 'get', ns: NS.register, scope, handle: (request) => registered(asker(request)) });
      // §3.3: what was sent is not sent back: there is a password in it
      ctx.iq({ type: 'set', ns: NS.register, scope, secret: true, handle: (request) => change(ctx, request) });
    }
  },
};

/** Only an account of ours, by one of its sessions. */
function asker({ session, stanza, self }: IqRequest): Session {
  if (!session?.jid.equals(stanza.from)) throw new StanzaError('not-allowed');
  if (self.local !== '' && self.local !== session.jid.local) throw new StanzaError('not-allowed');
  return session;
}

/** §3.1: who asks is registered already; a password is never shown. */
function registered(session: Session): readonly Child[] {
  const part = (name: string, ...content: string[]) => el(name, NS.register, {}, ...content);
  return [el('query', NS.register, {}, part('registered'), part('username', session.jid.local), part('password'))];
}

async function change(ctx: ModuleContext, request: IqRequest): Promise<readonly Child[]> {
  const session = asker(request);
  const { payload } = request;
  if (payload.child('remove') !== undefined) {
    if (payload.elements.length > 1) throw new StanzaError('bad-request'); // §3.2
    await remove(ctx, session, request);
  } else await changePassword(ctx, session, payload);
  return [];
}

/** §3.2: the account is gone when the answer leaves, and then the streams end. */
async function remove(ctx: ModuleContext, session: Session, { after }: IqRequest): Promise<void> {
  await ctx.accounts.remove(session.jid.local, 'not-authorized', session);
  after(() => session.outlet.end('not-authorized', 'the account was removed'));
}

/** §3.3 */
async function changePassword(ctx: ModuleContext, session: Session, payload: Element): Promise<void> {
  const form = Submission.in(payload);
  const field = (name: string) => (form?.has(name) ? form.one(name) : payload.child(name)?.text);
  const [username, password] = [field('username'), field('password')];
  if (username === undefined || password === undefined) throw new StanzaError('bad-request');
  const suffix = `@${ctx.domain.domain}`; // in forms the whole address may stand
  const local = prepareLocal(username.endsWith(suffix) ? username.slice(0, -suffix.length) : username);
  // anything else would be the registration of somebody else
  if (local !== session.jid.local) throw new StanzaError('not-allowed', 'accounts are made by the operator alone');
  await ctx.accounts.changePassword(local, password);
}
