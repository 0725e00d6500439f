import { ChaosClient } from './chaos-client.ts';
import type { People } from './people.ts';
import { DOMAIN, type Site } from './site.ts';
import { attributeOf } from './stanzas.ts';

/** What clients, or nodes, do not agree on: each line one thing. Empty when all is as it should be. */
export function disagreements(people: People): string[] {
  const { clients } = people;
  const lines: string[] = [];
  for (const one of clients) {
    if (!one.connected) {
      lines.push(`${one.account} is not connected`);
      continue;
    }
    for (const other of clients) {
      const mine = other.account === one.account;
      if (!mine && !one.parts.contacts.includes(other.account)) continue;
      if (other === one || !other.connected) continue;
      const seen = one.seen.get(other.jid);
      if (seen !== other.status)
        lines.push(`${one.jid} sees ${other.jid} as ${seen ?? 'not there'}, and it is ${other.status}`);
    }
    for (const jid of one.seen.keys())
      if (!clients.some((other) => other.jid === jid && other.connected))
        lines.push(`${one.jid} sees ${jid}, who is not there`);
    for (const contact of one.parts.contacts) {
      const item = one.roster.get(`${contact}@${DOMAIN}`);
      if (item === undefined || attributeOf(item, 'subscription') !== 'both')
        lines.push(`${one.jid} has ${contact} as ${item ?? 'no contact'}`);
    }
    lines.push(...names(one, people));
  }
  return lines;
}

/** What somebody's devices say that contacts are called, by what one of them has set. */
function names(one: ChaosClient, { clients }: People): string[] {
  const author = clients.find(({ account }) => account === one.account);
  return [...(author?.named ?? [])].flatMap(([contact, { sure, maybe }]) => {
    const name = attributeOf(one.roster.get(`${contact}@${DOMAIN}`) ?? '', 'name') ?? '';
    return name === sure || maybe.includes(name)
      ? []
      : [`${one.jid} knows ${contact} as '${name}', and '${sure}' was set (or ${maybe.join(', ')})`];
  });
}

/** What the nodes say: each session on one, and the same roster at all. */
export async function nodesDisagree(site: Site, people: People): Promise<string[]> {
  const lines: string[] = [];
  const holders = new Map<string, string[]>();
  for (const node of site.nodes) {
    const { sessions } = await node.call<{ sessions: { jid: string }[] }>('sessions.list', { limit: 1000, after: '' });
    for (const { jid } of sessions) holders.set(jid, [...(holders.get(jid) ?? []), node.name]);
    const { cluster } = await node.call<{ cluster: { nodes: { node: string; sessions: number }[] } }>('status', {});
    const told = cluster.nodes.reduce((sum, one) => sum + one.sessions, 0);
    if (told !== people.clients.length)
      lines.push(
        `${node.name} counts ${told} sessions: ${cluster.nodes.map((one) => `${one.node} ${one.sessions}`).join(', ')}`,
      );
  }
  for (const { jid } of people.clients) {
    const at = holders.get(jid) ?? [];
    if (at.length !== 1) lines.push(`${jid} is at ${at.length === 0 ? 'no node' : at.join(' and ')}`);
  }
  for (const jid of holders.keys())
    if (!people.clients.some((client) => client.jid === jid))
      lines.push(`${jid} is at ${holders.get(jid)}, and nobody's`);
  return lines;
}

export async function rostersDisagree(site: Site, people: People): Promise<string[]> {
  const lines: string[] = [];
  for (const account of new Set(people.clients.map((client) => client.account))) {
    const rosters = await Promise.all(site.doors.map((door) => ChaosClient.rosterAt(door, DOMAIN, account)));
    const [first, ...others] = rosters.map((items) => items.join('\n'));
    if (others.some((other) => other !== first))
      lines.push(`the roster of ${account} is another at each node: ${rosters.join(' | ')}`);
    const known = people.clients.find((client) => client.account === account)?.roster.values();
    if ([...(known ?? [])].sort().join('\n') !== first)
      lines.push(`${account} was told another roster than is stored: ${first}`);
  }
  return lines;
}
