import { type Element, el } from '../xml/element.ts';
import { StanzaError } from '../xmpp/errors.ts';
import type { Jid } from '../xmpp/jid.ts';
import { NS } from '../xmpp/namespaces.ts';
import { prepareResource } from '../xmpp/precis.ts';
import type { Agent, StreamCore } from './ports.ts';

/** The resource that a request of RFC 6120 §7.6 or §7.7 is for. @throws StanzaError (§7.7.2.3) */
export function wantedResource(request: Element, fresh: () => string): string {
  const wanted = request.child('resource')?.text ?? '';
  const resource = wanted === '' ? fresh() : prepareResource(wanted);
  if (resource === undefined) throw new StanzaError('bad-request', 'this can be no resource');
  return resource;
}

/** XEP-0386 §4.1: the client's tag, then what keeps installations apart, the same each time when we know which it is. */
export async function taggedResource<S extends { readonly jid: Jid }>(
  bind: Element,
  name: string,
  agent: Agent | undefined,
  core: StreamCore<S>,
): Promise<string> {
  const own = agent === undefined ? core.freshId() : await core.stableId(name, agent.id);
  const tag = bind.child('tag')?.text ?? '';
  return (tag === '' ? undefined : prepareResource(`${tag}/${own}`)) ?? own;
}

/** XEP-0198 §3, §5: why stream management can't be had. */
export const failed = (
  condition: 'unexpected-request' | 'item-not-found' | 'bad-request' | 'resource-constraint',
  h?: number,
): Element => el('failed', NS.management, h === undefined ? {} : { h: String(h) }, el(condition, NS.stanzaErrors));

/** An `h`, or undefined when it is none (XEP-0198 §4: an unsigned 32-bit integer). */
export function readCount(text: string | undefined): number | undefined {
  const count = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return count <= 0xffff_ffff ? count : undefined;
}
