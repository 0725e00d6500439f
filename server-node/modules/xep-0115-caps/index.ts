import type { Module, ModuleContext } from '../../router/module.ts';
import type { Session } from '../../router/session.ts';
import { encode } from '../../xml/chars.ts';
import { escapeValue } from '../../xml/entities.ts';
import { capsText } from '../../xmpp/caps.ts';
import { NS } from '../../xmpp/namespaces.ts';
import type { Stanza } from '../../xmpp/stanza.ts';

/** The server's own claim (§6.3): which software, and what it says of itself. */
function claim(ctx: ModuleContext): { readonly node: string; readonly ver: string } {
  return {
    node: `https://${ctx.domain.domain}/`,
    ver: ctx.digest('sha-1', capsText(ctx.disco.info('server')) ?? ''),
  };
}

/** The server says what it can do, and learns what clients can. */
export const caps: Module = {
  name: 'Entity capabilities',
  specification: 'XEP-0115',
  version: '1.6.0',
  features: [NS.caps],
  streamFeatures: (ctx) => {
    const { node, ver } = claim(ctx);
    return `<c xmlns='${NS.caps}' hash='sha-1' node='${escapeValue(encode(node))}' ver='${ver}'/>`;
  },
  setup(ctx) {
    ctx.disco.addNode({
      scope: 'server',
      owns: (name) => {
        const { node, ver } = claim(ctx);
        return name === `${node}#${ver}`;
      },
      info: () => ctx.disco.info('server'), // §6.2
    });
    // not waited for: the client's answer comes behind this very presence
    const look = (session: Session, stanza: Stanza) =>
      ctx.aside('what a client can do', async () => {
        const features = await ctx.caps.seen(session, stanza);
        if (features !== undefined) await ctx.run('caps-known', { session, features });
      });
    ctx.on('presence-sent', 'observe', ({ session, stanza }) => {
      if (stanza.type === '') look(session, stanza);
    });
    // a session that outlived a restart has sent its presence already
    ctx.on('session-opened', 'observe', ({ session }) => {
      if (session.presence !== undefined) look(session, session.presence);
    });
  },
};
