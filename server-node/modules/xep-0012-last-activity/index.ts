import type { IqRequest, Module } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import type { Account } from '../../storage/stores.ts';
import { type Child, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** When an account's last session ended, milliseconds since the epoch, and what its client said then. */
interface Last {
  readonly at: number;
  readonly status: string;
}

const KEY = 'last';
/** how far apart the two notes of one visit's end may be, milliseconds */
const SAME_VISIT = 1000;
/** of a farewell that is kept, characters */
const LONGEST_STATUS = 1000;

/** How long the server runs, and since when somebody is away. */
export const lastActivity: Module = {
  name: 'Last activity',
  specification: 'XEP-0012',
  version: '2.0',
  features: [NS.last],
  accountFeatures: [NS.last],
  setup(ctx) {
    const store = ctx.stores.keyed<Last>('last-activity');
    const farewells = new WeakMap<Session, string>();
    const since = (at: number) => String(Math.max(0, Math.floor((ctx.now() - at) / 1000)));
    // §5
    const uptime = () => [el('query', NS.last, { seconds: since(ctx.startedAt) })];
    ctx.iq({ type: 'get', ns: NS.last, scope: 'server', handle: uptime });

    ctx.iq({
      type: 'get',
      ns: NS.last,
      scope: 'account',
      handle: async ({ stanza, self }: IqRequest): Promise<readonly Child[]> => {
        if (!(await ctx.maySee(self.local, stanza.from))) throw new StanzaError('forbidden'); // §3, §8
        if (ctx.sessions.of(self.local).some((session) => session.available))
          return [el('query', NS.last, { seconds: '0' })];
        const last = newer(await store.get(self.local, KEY), await ctx.stores.accounts.get(self.local), ctx.now());
        return [el('query', NS.last, { seconds: since(last.at) }, ...(last.status === '' ? [] : [last.status]))];
      },
    });
    // §4: a request to a resource does not get there from who may not know that it is there
    ctx.guardIq(NS.last, (to, from) => ctx.maySee(to.local, from));

    // one that was never shown to anybody was no visit
    const shown = new WeakSet<Session>();
    ctx.on('presence-sent', 'observe', ({ session, stanza }) => {
      shown.add(session);
      if (stanza.type !== 'unavailable') farewells.delete(session);
      else farewells.set(session, (stanza.element.child('status')?.text ?? '').slice(0, LONGEST_STATUS));
    });
    ctx.on('session-closed', 'observe', async ({ session, moved }) => {
      const { local } = session.jid;
      if (moved === true || !shown.has(session) || ctx.sessions.of(local).length > 0) return;
      await store.set(local, KEY, { at: ctx.now(), status: farewells.get(session) ?? '' });
    });
  },
};

/** The account may have been here since a farewell was kept: before a crash, or before farewells were kept at all. */
function newer(last: Last | undefined, account: Account | undefined, now: number): Last {
  const seen = account?.lastSeenAt ?? account?.createdAt ?? now;
  return last !== undefined && last.at >= seen - SAME_VISIT ? last : { at: seen, status: '' };
}
