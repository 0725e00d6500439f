import type { Command, CommandStep } from '../../router/commands.ts';
import type { ModuleContext } from '../../router/module.ts';
import { type Element, el } from '../../xml/element.ts';
import { type Field, formElement, type Submission } from '../../xmpp/data-form.ts';
import { StanzaError } from '../../xmpp/errors.ts';
import { type Jid, parseJid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';

/** A command of this specification: its node is what stands behind `admin#`. */
export type AdminCommand = Pick<Command, 'node' | 'name' | 'execute'>;

/** One form that is filled in, and then it is done. */
export const oneForm = (
  title: string,
  fields: readonly Field[],
  submit: (submission: Submission) => CommandStep | Promise<CommandStep>,
): CommandStep => ({ kind: 'form', last: true, form: formElement('form', NS.admin, { title, fields }), submit });

/** A result, with what stands in its form beside the fields. */
export function result(fields: readonly Field[], more: readonly Element[] = []): CommandStep {
  const { name, ns, attributes, children } = formElement('result', NS.admin, { fields });
  return { kind: 'done', form: el(name, ns, attributes, ...children, ...more) };
}

/** XEP-0050 §4.4 */
export const badPayload = (text: string): StanzaError =>
  new StanzaError('bad-request', text, { condition: el('bad-payload', NS.commands) });

export const ACCOUNT: Field = { var: 'accountjid', type: 'jid-single', label: 'Address', required: true };
export const ACCOUNTS: Field = { var: 'accountjids', type: 'jid-multi', label: 'Addresses', required: true };

/** An address of this domain that somebody wrote into a form. */
function ownJid(ctx: ModuleContext, text: string): Jid {
  const jid = parseJid(text.trim());
  if (jid === undefined || jid.local === '') throw badPayload(`'${text}' is no address of a person`);
  if (jid.domain !== ctx.domain.domain) throw new StanzaError('item-not-found', `${jid} is not of this domain`);
  return jid;
}

/** The address in `accountjid`. */
export const accountIn = (ctx: ModuleContext, submission: Submission): Jid => ownJid(ctx, submission.one('accountjid'));

/** The addresses in `accountjids`: of accounts that exist, all of them, before anything is done to one. */
export async function accountsIn(ctx: ModuleContext, submission: Submission): Promise<readonly Jid[]> {
  const jids = submission.all('accountjids').map((text) => ownJid(ctx, text));
  if (jids.length === 0) throw badPayload('no address was given');
  for (const { bare } of jids) await mustExist(ctx, bare);
  return jids;
}

export async function mustExist(ctx: ModuleContext, jid: Jid): Promise<void> {
  if ((await ctx.stores.accounts.get(jid.local)) === undefined)
    throw new StanzaError('item-not-found', `${jid.bare} does not exist`);
}
