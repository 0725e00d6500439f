import type { ModuleContext } from '../../router/module.ts';
import { el } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { Stanza } from '../../xmpp/stanza.ts';
import { type AdminCommand, badPayload, oneForm } from './forms.ts';

/** §4.23: something is said to everybody who is here. */
export function announcements(ctx: ModuleContext): readonly AdminCommand[] {
  const announcement = {
    var: 'announcement',
    type: 'text-multi',
    label: 'What everybody who is here should know',
    required: true,
  } as const;
  return [
    {
      node: 'announce',
      name: 'Announce something',
      execute: () =>
        oneForm('Announce something', [announcement], async (submission) => {
          const text = submission.all('announcement').join('\n');
          if (text === '') throw badPayload('there is nothing to announce');
          let told = 0;
          for (const session of ctx.sessions.all()) {
            if (!session.available) continue;
            told++;
            const body = el('body', NS.client, {}, text);
            await ctx.route(
              Stanza.made('message', ctx.domain, session.jid, { id: `announce-${ctx.freshId()}` }, [body]),
            );
          }
          return { kind: 'done', note: `clients told: ${told}` };
        }),
    },
  ];
}
