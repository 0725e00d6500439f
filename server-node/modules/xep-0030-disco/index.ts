import type { DiscoScope, IqRequest, Module, ModuleContext } from '../../router/module.ts';
import { type Child, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** What the domain, its accounts and their nodes say of themselves; modules say what (router/disco.ts). */
export const disco: Module = {
  name: 'Service discovery',
  specification: 'XEP-0030',
  version: '2.5.0',
  features: [NS.discoInfo, NS.discoItems],
  accountFeatures: [NS.discoInfo, NS.discoItems],
  setup(ctx) {
    for (const scope of ['server', 'account'] as const) {
      ctx.iq({ type: 'get', ns: NS.discoInfo, scope, handle: (request) => info(ctx, scope, request) });
      ctx.iq({
        type: 'get',
        ns: NS.discoItems,
        scope,
        forNobody: true,
        handle: (request) => items(ctx, scope, request),
      });
    }
  },
};

/** The node that is asked about as an attribute of the answer (§3.2). */
const named = (node: string | undefined) => (node === undefined ? {} : { node });

async function info(ctx: ModuleContext, scope: DiscoScope, request: IqRequest): Promise<readonly Child[]> {
  const { node } = request.payload.attributes;
  // §8: an account is there only for those who may see it
  if (scope === 'account' && !(await ctx.maySee(request.self.local, request.stanza.from)))
    throw new StanzaError('service-unavailable');
  if (node === undefined || node === '') return [el('query', NS.discoInfo, named(node), ...ctx.disco.info(scope))];
  const found = ctx.disco.node(scope, node);
  if (found?.info === undefined) throw new StanzaError('item-not-found'); // §3.2
  return [el('query', NS.discoInfo, { node }, ...(await found.info(request, node)))];
}

async function items(ctx: ModuleContext, scope: DiscoScope, request: IqRequest): Promise<readonly Child[]> {
  const { node } = request.payload.attributes;
  if (node === undefined || node === '')
    return [el('query', NS.discoItems, named(node), ...(await ctx.disco.items(scope, request)))];
  const found = ctx.disco.node(scope, node);
  // §8: an account that does not exist, or that one may not see, is an empty one
  if (found === undefined && (scope === 'server' || (await ctx.maySee(request.self.local, request.stanza.from))))
    throw new StanzaError('item-not-found');
  return [el('query', NS.discoItems, { node }, ...((await found?.items?.(request, node)) ?? []))]; // §4.2
}
