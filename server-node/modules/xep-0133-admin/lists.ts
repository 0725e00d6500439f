import type { CommandStep } from '../../router/commands.ts';
import type { ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import type { Account } from '../../storage/stores.ts';
import type { Field } from '../../xmpp/data-form.ts';
import { type AdminCommand, oneForm, result } from './forms.ts';

/** A list is never longer than this, whatever is asked for: it must fit into a stanza. */
const MOST = 1000;
const PAGE = 500;

const MAX_ITEMS: Field = {
  var: 'max_items',
  type: 'list-single',
  label: 'How many at most',
  values: ['100'],
  options: [...['25', '50', '100', '200', '500', '1000'].map((n) => [n, n] as const), ['All', 'none']],
};

/** All accounts, in the order of their names. */
async function* everybody(ctx: ModuleContext): AsyncIterable<Account> {
  let after = '';
  for (;;) {
    const page = await ctx.stores.accounts.page({ after, search: '', limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.name;
  }
}

async function take(
  accounts: AsyncIterable<Account>,
  wanted: (account: Account) => boolean,
  most: number,
): Promise<string[]> {
  const names: string[] = [];
  for await (const account of accounts) {
    if (names.length >= most) break;
    if (wanted(account)) names.push(account.name);
  }
  return names;
}

/** At their device as far as they say so: there, and not away. */
const active = ({ presence }: Session): boolean =>
  presence !== undefined && !['away', 'xa'].includes(presence.element.child('show')?.text ?? '');

/** Names of those who have a session, of whom `wanted` is true. */
function online(ctx: ModuleContext, wanted: (sessions: readonly Session[]) => boolean): string[] {
  const names = new Set<string>();
  for (const session of ctx.sessions.all()) names.add(session.jid.local);
  return [...names].filter((name) => wanted(ctx.sessions.of(name))).sort();
}

/** §4.13 to §4.22: who and how many. */
export function lists(ctx: ModuleContext): readonly AdminCommand[] {
  const suspended = (account: Account) => account.state === 'suspended';
  const count = (node: string, name: string, field: string, ask: () => Promise<number>): AdminCommand => ({
    node,
    name,
    execute: async (): Promise<CommandStep> =>
      result([{ var: field, type: 'text-single', label: name, values: [String(await ask())] }]),
  });
  const list = (node: string, name: string, field: string, ask: (most: number) => Promise<string[]>): AdminCommand => ({
    node,
    name,
    execute: () =>
      oneForm(name, [MAX_ITEMS], async (submission) => {
        const given = Number.parseInt(submission.one('max_items'), 10);
        const names = await ask(Math.min(MOST, given > 0 ? given : MOST));
        const values = names.map((local) => ctx.jidOf(local).toString());
        return result([{ var: field, type: 'jid-multi', label: name, values }]);
      }),
  });
  const idle = (sessions: readonly Session[]) => !sessions.some(active);
  const busy = (sessions: readonly Session[]) => sessions.some(active);
  const any = () => true;
  return [
    count('get-registered-users-num', 'How many people there are', 'registeredusersnum', () =>
      ctx.stores.accounts.count(),
    ),
    count(
      'get-disabled-users-num',
      'How many are barred',
      'disabledusersnum',
      async () => (await take(everybody(ctx), suspended, Number.POSITIVE_INFINITY)).length,
    ),
    count('get-online-users-num', 'How many are here', 'onlineusersnum', async () => online(ctx, any).length),
    count(
      'get-active-users-num',
      'How many are here and not away',
      'activeusersnum',
      async () => online(ctx, busy).length,
    ),
    count('get-idle-users-num', 'How many are here but away', 'idleusersnum', async () => online(ctx, idle).length),
    list('get-registered-users-list', 'Who there is', 'registereduserjids', (most) => take(everybody(ctx), any, most)),
    list('get-disabled-users-list', 'Who is barred', 'disableduserjids', (most) =>
      take(everybody(ctx), suspended, most),
    ),
    list('get-online-users-list', 'Who is here', 'onlineuserjids', async (most) => online(ctx, any).slice(0, most)),
    list('get-active-users', 'Who is here and not away', 'activeuserjids', async (most) =>
      online(ctx, busy).slice(0, most),
    ),
    list('get-idle-users', 'Who is here but away', 'activeuserjids', async (most) => online(ctx, idle).slice(0, most)),
  ];
}
