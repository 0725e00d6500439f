import type { Claims, Estates } from './estates.ts';
import type { Membership } from './membership.ts';
import type { OtherNode } from './other-node.ts';
import type { ClusterParts } from './parts.ts';
import type { Transit } from './transit.ts';

const MOST_FETCHED = 10_000;

export interface ConversationParts {
  readonly cluster: ClusterParts;
  readonly members: Membership;
  readonly estates: Estates;
  readonly transit: Transit;
}

/** What nodes ask and tell each other beside sessions and stanzas. */
export class Conversation {
  readonly #parts: ConversationParts;
  /** sessions that other nodes gave to this one, for the case that they ask */
  readonly #fetched = new Set<string>();

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Another node has given this session away, and it has come. */
  took(id: string): void {
    this.#fetched.add(id);
    const [oldest] = this.#fetched;
    if (this.#fetched.size > MOST_FETCHED && oldest !== undefined) this.#fetched.delete(oldest);
  }

  /** Answers what another node asks. */
  async answer(from: OtherNode, what: string, body: unknown): Promise<unknown> {
    const { cluster, members, estates } = this.#parts;
    switch (what) {
      case 'room':
        return cluster.router().makeRoom(String(body));
      case 'line': {
        const { id, account } = body as { id: string; account: string };
        await estates.adoptions();
        const line = await cluster.continuity().release(id, account);
        if (line !== undefined) from.given.set(id, line);
        return line;
      }
      case 'let-go':
        return cluster.continuity().letGo(body);
      case 'took':
        return (body as string[]).filter((id) => this.#fetched.has(id));
      case 'withdraw': {
        const run = String(body);
        members.succeeded(run, from.name, 'restarted', cluster.node);
        await members.bury(run, false);
        return estates.withdraw(run);
      }
      case 'holds':
        return from.held.knows(body as number[]);
      case 'claims':
        return estates.claims(body as Claims);
      default:
        throw new Error(`this node does not know '${what}'`);
    }
  }

  /** Takes what another node tells; what a newer one tells that is not known here is passed over. */
  told(from: OtherNode, what: string, body: unknown): void {
    const { cluster, members, estates, transit } = this.#parts;
    const { hooks } = cluster.router();
    switch (what) {
      case 'changed':
        this.aside('what has changed', () =>
          hooks.run('account-changed', body as { name: string; what: string; now?: string[] }),
        );
        return;
      case 'waiting':
        this.aside('messages that wait', () => hooks.run('messages-waiting', { name: String(body) }));
        return;
      case 'kept':
        from.held.kept(Number(body));
        return;
      case 'moved':
        transit.moved(Number(body), from.run);
        return;
      case 'went': {
        const { jid, upTo } = body as { jid: string; upTo: number };
        transit.tooLate(from.run, jid, upTo);
        return;
      }
      case 'fetched':
        from.given.delete(String(body));
        return;
      case 'adopted':
        members.successions.taken(String(body), from.name);
        estates.handedOn(String(body));
        return;
      case 'fenced': {
        const run = String(body);
        members.succeeded(run, members.others.get(run)?.name ?? nodeOf(run), 'silent', from.name);
        void members.bury(run, false);
        return;
      }
      case 'left':
        this.#left(from, (body as { heir: string | null }).heir);
    }
  }

  #left(from: OtherNode, heir: string | null): void {
    const { cluster, members, estates } = this.#parts;
    const { node, run } = cluster;
    const by = heir === run ? node : (members.others.get(heir ?? '')?.name ?? null);
    members.succeeded(from.run, from.name, 'left', by);
    if (heir === null) estates.handedOn(from.run); // there was nobody to take it over
    void members.bury(from.run, heir === run);
  }

  /** Does something that nothing waits for. */
  aside(what: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => this.#parts.cluster.log.error(`${what} failed`, error));
  }
}

/** The name within a run's. */
const nodeOf = (run: string): string => run.slice(0, run.lastIndexOf('.'));
