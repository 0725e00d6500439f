import type { ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { el } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { type AdminCommand, badPayload, oneForm } from './forms.ts';

interface Motd {
  /** tells one message of the day from the next: who has seen it is noted by it */
  readonly id: string;
  readonly text: string;
}

const META = 'message-of-the-day';
const SEEN = 'seen';

/** §4.24 to §4.26: a message that everybody gets once, when they come, for as long as it stands. */
export function messageOfTheDay(ctx: ModuleContext): readonly AdminCommand[] {
  const seen = ctx.stores.keyed<string>('message-of-the-day');
  const shown = new WeakSet<Session>();
  let current: Promise<Motd | undefined> | undefined;

  const load = async (): Promise<Motd | undefined> => {
    const kept = await ctx.stores.meta.get(META);
    return kept === undefined || kept === '' ? undefined : (JSON.parse(kept) as Motd);
  };
  const now = (): Promise<Motd | undefined> => {
    current ??= load().catch((error: unknown) => {
      current = undefined; // it is looked for again
      throw error;
    });
    return current;
  };
  const store = async (motd: Motd | undefined): Promise<void> => {
    await ctx.stores.meta.set(META, motd === undefined ? '' : JSON.stringify(motd));
    current = Promise.resolve(motd);
  };

  ctx.on('presence-sent', 'observe', async ({ session }) => {
    if (!session.available || session.priority < 0 || shown.has(session)) return;
    shown.add(session);
    const motd = await now();
    const { local } = session.jid;
    if (motd === undefined || (await seen.get(local, SEEN)) === motd.id) return;
    await seen.set(local, SEEN, motd.id);
    const body = el('body', NS.client, {}, motd.text);
    await ctx.route(Stanza.made('message', ctx.domain, session.jid, { id: `motd-${ctx.freshId()}` }, [body]));
  });

  /** An edited message keeps its name: who has seen it is not shown it again. */
  const form = async (title: string, edit: boolean) => {
    const before = await now();
    const values = edit ? (before?.text.split('\n') ?? []) : [];
    const field = { var: 'motd', type: 'text-multi', label: 'The message', required: true, values } as const;
    return oneForm(title, [field], async (submission) => {
      const text = submission.all('motd').join('\n');
      if (text === '') throw badPayload('there is no message');
      await store({ id: (edit ? before?.id : undefined) ?? `${ctx.now().toString(36)}-${ctx.freshId()}`, text });
      return { kind: 'done', note: 'whoever comes is told' };
    });
  };

  return [
    { node: 'set-motd', name: 'Set a message of the day', execute: () => form('Set a message of the day', false) },
    { node: 'edit-motd', name: 'Change the message of the day', execute: () => form('Change it', true) },
    {
      node: 'delete-motd',
      name: 'Take the message of the day away',
      execute: async () => {
        await store(undefined);
        return { kind: 'done', note: 'there is no message of the day' };
      },
    },
  ];
}
