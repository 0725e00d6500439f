import type { Module, ModuleContext } from '../../router/module.ts';
import { type Element, el } from '../../xml/element.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { NS } from '../../xmpp/namespaces.ts';

const info = (category: string, type: string, features: readonly string[], name?: string): Element =>
  el(
    'query',
    NS.discoInfo,
    {},
    el('identity', NS.discoInfo, { category, type, ...(name === undefined ? {} : { name }) }),
    ...[...new Set(features)].sort().map((feature) => el('feature', NS.discoInfo, { var: feature })),
  );

/** XEP-0030 §3.2: we have no nodes, so that a question about one finds nothing. */
function refuseNode(payload: Element): void {
  if (payload.attributes['node'] !== undefined) throw new StanzaError('item-not-found');
}

function answerFor(ctx: ModuleContext, scope: 'server' | 'account', query: () => Element): void {
  ctx.iq({
    type: 'get',
    ns: NS.discoInfo,
    scope,
    handle: ({ payload }) => {
      refuseNode(payload);
      return [query()];
    },
  });
  ctx.iq({
    type: 'get',
    ns: NS.discoItems,
    scope,
    handle: ({ payload }) => {
      refuseNode(payload);
      return [el('query', NS.discoItems)];
    },
  });
}

export const disco: Module = {
  name: 'Service discovery',
  specification: 'XEP-0030',
  version: '2.5.0',
  features: [NS.discoInfo, NS.discoItems],
  accountFeatures: [NS.discoInfo, NS.discoItems],
  setup(ctx) {
    const features = (of: (module: Module) => readonly string[] | undefined) =>
      ctx.modules().flatMap((module) => of(module) ?? []);
    answerFor(ctx, 'server', () =>
      info(
        'server',
        'im',
        features((module) => module.features),
        'parleyd',
      ),
    );
    answerFor(ctx, 'account', () =>
      info(
        'account',
        'registered',
        features((module) => module.accountFeatures),
      ),
    );
  },
};
