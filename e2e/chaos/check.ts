import type { Event } from './history.ts';

/** Something that must not be. */
export interface Finding {
  readonly rule: 'lost' | 'twice in a session' | 'twice' | 'wrong person' | 'order' | 'state';
  readonly text: string;
}

interface Session {
  readonly number: number;
  readonly account: string;
  readonly jid: string;
  readonly managed: boolean;
  readonly boundAt: number;
  enabled: boolean;
  overAt: number;
  resumptions: number;
  refused: boolean;
}

interface Got {
  readonly session: Session;
  readonly at: number;
  /** which event it was */
  readonly place: number;
  readonly as: string;
  readonly delayed: boolean;
}

interface Message {
  readonly number: number;
  readonly to: string;
  readonly from: string[];
  /** of its sender, by number */
  readonly sessions: number[];
  /** how often its sender's session had been resumed */
  readonly moves: number;
  readonly sentAt: number[];
  ackedAt: number | undefined;
  error: string | undefined;
  readonly got: Got[];
}

const bare = (jid: string): string => jid.split('/')[0] ?? jid;
const localOf = (jid: string): string => jid.split('@')[0] ?? jid;

/** What was sent and seen, by message and session. */
export class Ledger {
  readonly sessions = new Map<number, Session>();
  readonly messages = new Map<number, Message>();
  readonly strays: string[] = [];
  readonly #outages: { readonly at: number; readonly begins: boolean }[] = [];
  #place = 0;

  constructor(events: readonly Event[]) {
    for (const event of events) {
      this.#place++;
      this.#take(event);
    }
  }

  #take(event: Event): void {
    switch (event.kind) {
      case 'bound': {
        const { session: number, account, jid, managed, at } = event;
        this.sessions.set(number, {
          ...{ number, account, jid, managed, boundAt: at, enabled: false },
          ...{ overAt: Number.POSITIVE_INFINITY, resumptions: 0, refused: false },
        });
        return;
      }
      case 'enabled':
        this.#session(event.session).enabled = true;
        return;
      case 'resumed':
        this.#session(event.session).resumptions++;
        this.#session(event.session).overAt = Number.POSITIVE_INFINITY;
        return;
      case 'refused':
        this.#session(event.session).refused = true;
        return;
      case 'fault':
      case 'healed':
        if (AWAY.test(event.what)) this.#outages.push({ at: event.at, begins: event.kind === 'fault' });
        return;
      case 'lost':
        this.#session(event.session).overAt = event.at;
        return;
      case 'sent': {
        const { jid } = this.#session(event.session);
        const known = this.messages.get(event.message);
        if (known === undefined)
          this.messages.set(event.message, {
            ...{
              number: event.message,
              to: event.to,
              from: [jid],
              sessions: [event.session],
              sentAt: [event.at],
              moves: this.#session(event.session).resumptions,
            },
            ...{ ackedAt: undefined, error: undefined, got: [] },
          });
        else {
          known.from.push(jid);
          known.sessions.push(event.session);
          known.sentAt.push(event.at);
        }
        return;
      }
      case 'acked':
        for (const number of event.messages) this.#message(number).ackedAt ??= event.at;
        return;
      case 'error':
        this.#message(event.message).error = event.condition;
        return;
      case 'got': {
        const session = this.#session(event.session);
        const message = this.messages.get(event.message);
        if (message === undefined || !message.from.includes(event.from)) {
          this.strays.push(`${session.jid} got ${event.message} from ${event.from}, who never sent it`);
          return;
        }
        message.got.push({ session, at: event.at, place: this.#place, as: event.as, delayed: event.delayed });
        return;
      }
      default:
    }
  }

  #session(number: number): Session {
    const found = this.sessions.get(number);
    if (found === undefined) throw new Error(`the history has no session ${number}`);
    return found;
  }

  #message(number: number): Message {
    const found = this.messages.get(number);
    if (found === undefined) throw new Error(`the history has no message ${number}`);
    return found;
  }

  /** Messages that were acknowledged to their sender and came to nobody. */
  missing(): Message[] {
    return this.#nowhere().filter((one) => !this.#refusalMayBeLost(one));
  }

  /**
   * Those of which their sender may have been told that they can't be stored, in a session that went before it heard that: while the
   * database was away, and the session could not be resumed. That error is in the memory of one node alone.
   */
  get inDoubt(): number {
    return this.#nowhere().filter((one) => this.#refusalMayBeLost(one)).length;
  }

  #nowhere(): Message[] {
    return [...this.messages.values()].filter(
      (one) =>
        one.ackedAt !== undefined && one.error === undefined && this.#arrived(one).length === 0 && !this.#excused(one),
    );
  }

  #refusalMayBeLost({ sessions, sentAt }: Message): boolean {
    const at = sentAt[0] ?? 0;
    let open = 0;
    for (const outage of this.#outages) {
      if (outage.at > at) break;
      open += outage.begins ? 1 : -1;
    }
    return open > 0 && sessions.some((number) => this.#session(number).refused);
  }

  #arrived({ got, to }: Message) {
    return got.filter(({ session }) => session.account === localOf(to));
  }

  /**
   * ADR 0006: what was written to a client that acknowledges nothing may be lost with its connection: without stream management,
   * and until a new session has asked for it.
   */
  #excused(message: Message): boolean {
    return [...this.sessions.values()].some(
      ({ account, enabled, boundAt, overAt }) =>
        account === localOf(message.to) &&
        !enabled &&
        boundAt <= (message.ackedAt ?? 0) &&
        overAt + UNKNOWN_MS >= (message.sentAt[0] ?? 0),
    );
  }

  twice(): Finding[] {
    const findings: Finding[] = [];
    for (const { number, got, from, to } of this.messages.values()) {
      const mine = got.filter(({ session }) => session.account === localOf(to));
      const counts = new Map<string, number>();
      for (const { session, as } of got) {
        const key = `${session.number} ${as}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
        if ((counts.get(key) ?? 0) === from.length + 1)
          findings.push({
            rule: 'twice in a session',
            text: `message ${number} to ${to}, sent ${from.length} times, came ${from.length + 1} times to session ${session.number} (${session.jid}, resumed ${session.resumptions} times)`,
          });
      }
      if (from.length > 1) continue;
      // once a client has it in a session that goes on, it must not be in any store: a later session of that device gets it no more
      for (const early of mine)
        for (const late of mine)
          if (late.session.number > early.session.number && late.session.jid === early.session.jid && this.#sure(early))
            findings.push({
              rule: 'twice',
              text: `message ${number} to ${to} came to session ${early.session.number} at ${early.at}, long before that ended at ${early.session.overAt}, and to session ${late.session.number} at ${late.at}`,
            });
    }
    return findings;
  }

  /** its node and its sender's had time to learn that it had arrived */
  #sure({ session, at }: { readonly session: Session; readonly at: number }): boolean {
    return session.enabled && session.overAt - at > SURE_MS;
  }

  /** Whoever got it is an account that it was for, or whose it was. */
  wrong(): Finding[] {
    const findings = this.strays.map((text): Finding => ({ rule: 'wrong person', text }));
    for (const { number, got, from, to } of this.messages.values())
      for (const { session } of got) {
        const own = from.some((jid) => bare(jid) === bare(session.jid));
        if (session.account !== localOf(to) && !own)
          findings.push({ rule: 'wrong person', text: `${session.jid} got ${number}, which was for ${to}` });
      }
    return findings;
  }

  /**
   * RFC 6120 §10.1: what one session sends to one address is handled in its order. So of what comes live, to one session from one
   * session, later ones come later. What waited says so (XEP-0203), and may come behind what was sent after it. A session that was
   * resumed has sent by two connections, maybe of two nodes: what the first still had on its way is not waited for.
   */
  order(): Finding[] {
    return this.#outOfOrder().flatMap(({ moved, text }): Finding[] => (moved ? [] : [{ rule: 'order', text }]));
  }

  /** how often a message came behind one that its session sent after it was resumed */
  get overtaken(): number {
    return this.#outOfOrder().filter(({ moved }) => moved).length;
  }

  #outOfOrder(): { readonly moved: boolean; readonly text: string }[] {
    const found: { moved: boolean; text: string }[] = [];
    const last = new Map<string, Message>();
    const all = [...this.messages.values()].flatMap((message) =>
      message.from.length > 1 ? [] : message.got.map((got) => ({ message, got })),
    );
    all.sort((a, b) => a.got.place - b.got.place);
    for (const { message, got } of all) {
      if (got.delayed || got.as === 'copy') continue;
      const key = `${message.from[0]} (${message.sessions[0]}) > ${message.to} > ${got.session.number}`;
      const before = last.get(key);
      if (before !== undefined && before.number > message.number)
        found.push({
          moved: before.moves !== message.moves,
          text: `${key}: ${message.number} came after ${before.number}`,
        });
      else last.set(key, message);
    }
    return found;
  }
}

/** faults that keep nodes from storing anything */
const AWAY = /postgres|disk|alone|^all/;

/** so long the sender's node may not know that such a client is gone: a node stands still, or is cut off, for a lease and more */
const UNKNOWN_MS = 5000;

/** An acknowledgement that was sent so long ago has reached all nodes, if a fault did not keep it */
export const SURE_MS = 15_000;

export function check(events: readonly Event[]): Finding[] {
  const ledger = new Ledger(events);
  const lost = ledger.missing().map(
    ({ number, from, to, sentAt, ackedAt }): Finding => ({
      rule: 'lost',
      text: `message ${number} of ${from.join(', ')} to ${to}, sent at ${sentAt.join(', ')}, acknowledged at ${ackedAt}, never came`,
    }),
  );
  return [...lost, ...ledger.twice(), ...ledger.wrong(), ...ledger.order()];
}
