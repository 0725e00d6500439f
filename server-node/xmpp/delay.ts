import type { Bytes } from '../xml/chars.ts';
import { el } from '../xml/element.ts';
import { NS } from './namespaces.ts';

/** A stanza that goes out late, with the time it came (XEP-0203 §4). `at`: milliseconds since the epoch. */
export function delayed(wire: Bytes, at: number, domain: string, why?: string): Bytes {
  const delay = el('delay', NS.delay, { from: domain, stamp: new Date(at).toISOString() }, ...(why ? [why] : []));
  const end = wire.endsWith('/>') ? -1 : wire.lastIndexOf('</');
  if (end < 0) return `${wire.slice(0, -2)}>${delay.serialize(NS.client)}</${/^<([^ >/]+)/.exec(wire)?.[1]}>`;
  return `${wire.slice(0, end)}${delay.serialize(NS.client)}${wire.slice(end)}`;
}
