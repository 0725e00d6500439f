import type { CommandRequest } from '../../router/commands.ts';
import type { ModuleContext } from '../../router/module.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { ACCOUNT, ACCOUNTS, type AdminCommand, accountIn, accountsIn, badPayload, oneForm } from './forms.ts';

const secret = (name: string, label: string) => ({ var: name, type: 'text-private', label, required: true }) as const;

/** §4.1 to §4.4 and §4.7: accounts come, go, and are barred. */
export function people(ctx: ModuleContext): readonly AdminCommand[] {
  /** Does something to each account that is named, but never to who asks: they would be out before the answer. */
  const toEach =
    (title: string, act: (name: string) => Promise<void>, toOneself = false) =>
    ({ from }: CommandRequest) =>
      oneForm(title, [ACCOUNTS], async (submission) => {
        const jids = await accountsIn(ctx, submission);
        if (!toOneself && jids.some((jid) => jid.bare.equals(from.bare)))
          throw new StanzaError('not-allowed', 'that would be yourself');
        for (const name of new Set(jids.map((jid) => jid.local))) await act(name);
        return { kind: 'done', note: jids.map((jid) => jid.bare.toString()).join(', ') };
      });

  const setPassword = (own: Jid, jid: Jid, password: string) =>
    jid.bare.equals(own.bare)
      ? ctx.accounts.changePassword(jid.local, password)
      : ctx.accounts.resetPassword(jid.local, password);

  return [
    {
      node: 'add-user',
      name: 'Add a person',
      execute: () => {
        const fields = [ACCOUNT, secret('password', 'Password'), secret('password-verify', 'The same again')];
        return oneForm('Add a person', fields, async (submission) => {
          const jid = accountIn(ctx, submission);
          const password = submission.one('password');
          if (submission.has('password-verify') && submission.one('password-verify') !== password)
            throw badPayload('the two passwords differ');
          await ctx.accounts.add(jid.local, password);
          return { kind: 'done', note: `${jid.bare} was added` };
        });
      },
    },
    {
      node: 'delete-user',
      name: 'Remove people',
      execute: toEach('Remove people', (name) => ctx.accounts.remove(name, 'policy-violation')),
    },
    { node: 'disable-user', name: 'Bar people', execute: toEach('Bar people', (name) => ctx.accounts.suspend(name)) },
    {
      node: 'reenable-user',
      name: 'Let people in again',
      execute: toEach('Let people in again', (name) => ctx.accounts.activate(name), true),
    },
    {
      node: 'change-user-password',
      name: 'Give a new password',
      execute: ({ from }) =>
        oneForm('Give a new password', [ACCOUNT, secret('password', 'Password')], async (submission) => {
          const jid = accountIn(ctx, submission);
          await setPassword(from, jid, submission.one('password'));
          return { kind: 'done', note: `${jid.bare} has a new password` };
        }),
    },
  ];
}
