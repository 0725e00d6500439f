import { type Element, el } from '../xml/element.ts';
import { NS } from '../xmpp/namespaces.ts';
import type { DiscoItems, DiscoNode, DiscoScope, IqRequest, Module, ModuleContext, ServiceInfo } from './module.ts';

const OWN_IDENTITY = {
  server: el('identity', NS.discoInfo, { category: 'server', type: 'im', name: 'parleyd' }),
  account: el('identity', NS.discoInfo, { category: 'account', type: 'registered' }),
};

/** What the domain and its accounts say of themselves, put together from what modules say. */
export class Disco implements ServiceInfo {
  readonly #modules: readonly Module[];
  readonly #context: () => ModuleContext;
  readonly #nodes: DiscoNode[] = [];
  readonly #items: { readonly scope: DiscoScope; readonly items: DiscoItems }[] = [];

  constructor(modules: readonly Module[], context: () => ModuleContext) {
    this.#modules = modules;
    this.#context = context;
  }

  info(scope: DiscoScope): readonly Element[] {
    const own = (module: Module) =>
      scope === 'server'
        ? { features: module.features, identities: module.identities }
        : { features: module.accountFeatures, identities: module.accountIdentities };
    const features = new Set(this.#modules.flatMap((module) => own(module).features ?? []));
    return [
      OWN_IDENTITY[scope],
      ...this.#modules
        .flatMap((module) => own(module).identities ?? [])
        .map((attributes) => el('identity', NS.discoInfo, attributes)),
      ...[...features].sort().map((feature) => el('feature', NS.discoInfo, { var: feature })),
      ...(scope === 'server' ? this.#modules.flatMap((module) => module.infoForms?.(this.#context()) ?? []) : []),
    ];
  }

  addNode(node: DiscoNode): void {
    this.#nodes.push(node);
  }

  addItems(scope: DiscoScope, items: DiscoItems): void {
    this.#items.push({ scope, items });
  }

  node(scope: DiscoScope, name: string): DiscoNode | undefined {
    return this.#nodes.find((node) => node.scope === scope && node.owns(name));
  }

  async items(scope: DiscoScope, request: IqRequest): Promise<readonly Element[]> {
    const parts = this.#items.filter((part) => part.scope === scope).map(({ items }) => items(request));
    return (await Promise.all(parts)).flat();
  }
}
