import type { ModuleContext } from '../../router/module.ts';
import type { Element } from '../../xml/element.ts';
import type { Field } from '../../xmpp/data-form.ts';
import { ACCOUNT, ACCOUNTS, type AdminCommand, accountIn, accountsIn, mustExist, oneForm, result } from './forms.ts';

/** §4.5, §4.8 to §4.10: what somebody's clients do here, and what they keep. */
export function sessions(ctx: ModuleContext): readonly AdminCommand[] {
  return [
    {
      node: 'end-user-session',
      name: 'End sessions',
      execute: ({ from }) =>
        oneForm('End sessions', [ACCOUNTS], async (submission) => {
          const jids = await accountsIn(ctx, submission);
          const all = new Set(
            jids.flatMap((jid) =>
              ctx.sessions.of(jid.local).filter(({ jid: own }) => jid.resource === '' || own.resource === jid.resource),
            ),
          );
          for (const session of all) {
            // not the one that asks: it would be gone before the answer
            if (session.jid.equals(from)) all.delete(session);
            else await ctx.end(session, 'policy-violation', 'ended by an administrator');
          }
          return { kind: 'done', note: `sessions ended: ${all.size}` };
        }),
    },
    {
      node: 'get-user-roster',
      name: 'Contacts of people',
      execute: () =>
        oneForm('Contacts of people', [ACCOUNTS], async (submission) => {
          const jids = await accountsIn(ctx, submission);
          const rosters: Element[] = [];
          for (const { local } of jids)
            await ctx.run('roster-asked', { name: local, add: (query) => void rosters.push(query) });
          const values = jids.map((jid) => jid.bare.toString());
          return result([{ var: 'accountjids', type: 'jid-multi', values }], rosters);
        }),
    },
    {
      node: 'get-user-lastlogin',
      name: 'When people were here last',
      execute: () =>
        oneForm('When people were here last', [ACCOUNTS], async (submission) => {
          const jids = await accountsIn(ctx, submission);
          const times = await Promise.all(jids.map((jid) => lastLogin(ctx, jid.local)));
          return result([
            { var: 'accountjids', type: 'jid-multi', values: jids.map((jid) => jid.bare.toString()) },
            { var: 'lastlogin', type: 'text-multi', values: times },
          ]);
        }),
    },
    {
      node: 'user-stats',
      name: 'What is known of a person',
      execute: () =>
        oneForm('What is known of a person', [ACCOUNT], async (submission) => {
          const jid = accountIn(ctx, submission);
          await mustExist(ctx, jid);
          const here = ctx.sessions.of(jid.local);
          const fields: Field[] = [
            { var: 'accountjid', type: 'jid-single', values: [jid.bare.toString()] },
            { var: 'ipaddresses', type: 'text-multi', values: here.map((session) => session.peer.address) },
            { var: 'onlineresources', type: 'text-multi', values: here.map((session) => session.jid.resource) },
          ];
          await ctx.run('statistics-asked', { name: jid.local, add: (field) => void fields.push(field) });
          return result(fields);
        }),
    },
  ];
}

/** XEP-0082; empty for who was never here. */
async function lastLogin(ctx: ModuleContext, name: string): Promise<string> {
  const here = ctx.sessions.of(name).map((session) => session.connectedAt);
  const at = here.length > 0 ? Math.max(...here) : (await ctx.stores.accounts.get(name))?.lastSeenAt;
  return typeof at === 'number' ? new Date(at).toISOString() : '';
}
