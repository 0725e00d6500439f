import type { Module } from '../../router/module.ts';
import { formElement } from '../../xmpp/data-form.ts';

const SERVER_INFO = 'http://jabber.org/network/serverinfo';

/** Whom to write to about the service, as far as its operator says so in the configuration. */
export const contacts: Module = {
  name: 'Contact addresses',
  specification: 'XEP-0157',
  version: '1.1.1',
  infoForms: ({ contacts: given }) => {
    const fields = Object.entries(given)
      .filter(([, addresses]) => addresses.length > 0)
      .map(([role, addresses]) => ({ var: `${role}-addresses`, type: 'list-multi', values: addresses }) as const);
    return fields.length === 0 ? [] : [formElement('result', SERVER_INFO, { fields })];
  },
  setup() {},
};
