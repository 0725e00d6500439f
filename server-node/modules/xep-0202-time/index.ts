import type { Module } from '../../router/module.ts';
import { el } from '../../xml/element.ts';
import { NS } from '../../xmpp/namespaces.ts';

export const time: Module = {
  name: 'Entity time',
  specification: 'XEP-0202',
  version: '2.0',
  features: [NS.time],
  setup(ctx) {
    ctx.iq({
      type: 'get',
      ns: NS.time,
      scope: 'server',
      handle: () => [
        el(
          'time',
          NS.time,
          {},
          el('tzo', NS.time, {}, '+00:00'),
          el('utc', NS.time, {}, `${new Date(ctx.now()).toISOString().slice(0, 19)}Z`),
        ),
      ],
    });
  },
};
