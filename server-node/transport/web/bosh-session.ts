import { createHash } from 'node:crypto';
import type { Connection, Transport } from '../../edge/connection.ts';
import type { Bytes } from '../../xml/chars.ts';
import { escapeValue } from '../../xml/entities.ts';
import type { Jid } from '../../xmpp/jid.ts';
import { NS } from '../../xmpp/namespaces.ts';
import { type Body, body, wholeNumber } from './body.ts';

/** Where an answer goes; called once. */
export type Reply = (bytes: Bytes) => void;

const LONGEST_WAIT_S = 60;
const MOST_HELD = 2;
const INACTIVITY_S = 60;
/** how long the last stanzas of a session that its client ends may take, milliseconds */
const CLOSING_MS = 5000;
const MAX_PAUSE_S = 120;

interface Held {
  readonly rid: number;
  readonly reply: Reply;
  readonly timer: ReturnType<typeof setTimeout>;
}

type Request = { readonly body: Body; readonly reply: Reply };

/** One client's session over requests that come and go (XEP-0124), as the edge sees it: what it writes are payloads. */
export class BoshSession<S extends { readonly jid: Jid }> implements Transport {
  readonly sid: string;
  readonly #domain: string;
  readonly #wait: number;
  readonly #hold: number;
  readonly #acknowledges: boolean;
  readonly #language: Bytes;
  readonly #from: Bytes;
  readonly #to: Bytes;
  readonly #onGone: () => void;
  connection!: Connection<S>;
  /** the last request that was handled, and those that came before their turn */
  #rid: number;
  readonly #early = new Map<number, Request>();
  #held: Held[] = [];
  /** answers that may have been lost on their way (§14.3) */
  readonly #answered = new Map<number, Bytes>();
  #out: Bytes = '';
  #key: string | undefined;
  #created = false;
  #paused = false;
  #over = false;
  #inactivity = INACTIVITY_S;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(sid: string, domain: string, first: Body, onGone: () => void) {
    this.sid = sid;
    this.#domain = domain;
    this.#wait = Math.min(wholeNumber(first.attribute('wait')) ?? LONGEST_WAIT_S, LONGEST_WAIT_S);
    this.#hold = Math.min(wholeNumber(first.attribute('hold')) ?? 1, MOST_HELD);
    this.#acknowledges = first.attribute('ack') === '1';
    const carried = (name: string, value: string | undefined) =>
      value === undefined ? '' : ` ${name}='${escapeValue(value)}'`;
    this.#language = carried('xml:lang', first.attribute('xml:lang'));
    this.#from = carried('from', first.attribute('from'));
    this.#to = carried('to', first.attribute('to'));
    this.#rid = first.rid - 1;
    this.#onGone = onGone;
  }

  /** as many as may be under way at a time (§7.2) */
  get #requests(): number {
    return this.#hold + 1;
  }

  /** A request of this session. */
  take(request: Body, reply: Reply): void {
    clearTimeout(this.#idle);
    const again = this.#answered.get(request.rid);
    const held = this.#held.findIndex(({ rid }) => rid === request.rid);
    if (this.#over) reply(body({ type: 'terminate', condition: 'item-not-found' }));
    else if (again !== undefined) {
      reply(again);
      this.#watch();
    } else if (held >= 0) this.#replace(held, reply);
    else if (request.rid <= this.#rid || request.rid > this.#rid + this.#requests + 1)
      this.#break('item-not-found', reply); // §14.2
    else {
      this.#early.get(request.rid)?.reply(body({ type: 'error' })); // §14.3
      this.#early.set(request.rid, { body: request, reply });
      this.#inTurn();
    }
  }

  /** Handles what has come and is next, unless the client has sent too much already: then it waits, and so does the client. */
  #inTurn(): void {
    for (
      let next = this.#early.get(this.#rid + 1);
      next !== undefined && !this.#over && (!this.#paused || this.#speechless);
      next = this.#early.get(this.#rid + 1)
    ) {
      this.#early.delete(next.body.rid);
      this.#rid = next.body.rid;
      this.#handle(next.body, next.reply);
    }
    if (!this.#paused) this.#watch();
  }

  /** Something is to be said and no request is here to say it with: the next is taken for that, whatever it brings. */
  get #speechless(): boolean {
    return this.#out !== '' && this.#held.length === 0;
  }

  /** §14.3: the client asks again before it was answered; what it waits at now is the newer one. */
  #replace(at: number, reply: Reply): void {
    const before = this.#held[at];
    if (before === undefined) return;
    this.#held[at] = { ...before, reply };
    before.reply(body({ type: 'error' }));
  }

  #handle(request: Body, reply: Reply): void {
    if (!this.#keyFits(request)) {
      this.#break('item-not-found', reply); // §15.3
      return;
    }
    const timer = setTimeout(() => this.#answer(''), this.#wait * 1000);
    this.#held.push({ rid: request.rid, reply, timer });
    if (!this.#created || request.restart)
      this.connection.message(`<open xmlns='${NS.framing}'${this.#to}${this.#from} version='1.0'${this.#language}/>`);
    for (const payload of request.payloads) this.connection.message(payload);
    if (this.#over) return;
    if (request.terminate) this.#terminated();
    else if (request.pause !== undefined) this.#pause(request.pause);
    else this.#flush();
  }

  /** §15: each request shows the one before the last in a chain of hashes, when the first began one. */
  #keyFits(request: Body): boolean {
    const expected = this.#key;
    const fits =
      expected === undefined ||
      createHash('sha1')
        .update(request.key ?? '')
        .digest('hex') === expected;
    if (request.newKey !== undefined) this.#key = request.newKey.toLowerCase();
    else if (expected !== undefined) this.#key = request.key?.toLowerCase();
    return fits;
  }

  /** §10: the client goes for a while; all that it waits at is answered now. */
  #pause(seconds: number): void {
    if (seconds > MAX_PAUSE_S) {
      this.#break('policy-violation');
      return;
    }
    while (this.#held.length > 0) this.#answer('');
    this.#inactivity = Math.max(seconds, 1);
  }

  /** §13: the client ends the session: a farewell, unlike a connection that is lost. */
  #terminated(): void {
    this.connection.message(`<close xmlns='${NS.framing}'/>`);
    // what came before it may still be handled: the stream ends the session when it gets there
    if (!this.#over) setTimeout(() => this.#finish(undefined), CLOSING_MS).unref();
  }

  /** Gives what there is to the oldest request; no more than `hold` are kept waiting (§8). */
  #flush(): void {
    if (this.#over) return;
    if (this.#out !== '' && this.#held.length > 0) {
      const out = this.#out;
      this.#out = '';
      this.#answer(out);
    }
    while (this.#held.length > this.#hold) this.#answer('');
  }

  #answer(payloads: Bytes): void {
    const held = this.#held.shift();
    if (held === undefined) return;
    clearTimeout(held.timer);
    const ack = this.#acknowledges && this.#rid !== held.rid ? this.#rid : undefined; // §9
    const bytes = this.#created ? body({ ack }, payloads) : this.#creation(held.rid, payloads);
    this.#answered.set(held.rid, bytes);
    const [oldest] = this.#answered.keys();
    if (this.#answered.size > this.#requests && oldest !== undefined) this.#answered.delete(oldest);
    held.reply(bytes);
    this.#watch();
  }

  /** §7.2 and XEP-0206 §3 */
  #creation(rid: number, payloads: Bytes): Bytes {
    this.#created = true;
    const ours = {
      sid: this.sid,
      wait: this.#wait,
      requests: this.#requests,
      hold: this.#hold,
      inactivity: INACTIVITY_S,
      maxpause: MAX_PAUSE_S,
      ver: '1.11',
      from: this.#domain,
      charsets: 'UTF-8',
      ack: this.#acknowledges ? rid : undefined,
      'xmlns:xmpp': NS.xbosh,
      'xmpp:version': '1.0',
      'xmpp:restartlogic': 'true',
    };
    return body(ours, payloads);
  }

  /** A client that has no request with us is waited for, but not for ever (§10). */
  #watch(): void {
    clearTimeout(this.#idle);
    if (this.#over || this.#held.length > 0) return;
    this.#idle = setTimeout(() => this.#lose(), this.#inactivity * 1000);
    this.#inactivity = INACTIVITY_S;
  }

  get queued(): number {
    return this.#out.length;
  }

  write(bytes: Bytes): void {
    this.#out += bytes;
    queueMicrotask(() => {
      this.#flush(); // a farewell that follows at once belongs into the same answer
      if (this.#speechless) this.#inTurn();
    });
  }

  /** No more can come than `requests` at a time (§7.2): they are not answered before their turn. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#inTurn();
  }

  startTls(): void {}

  /** The stream is over: the last answer says so (§17.2). */
  end(): void {
    const hostUnknown = !this.#created && this.#out.includes('<host-unknown ');
    const condition = hostUnknown
      ? 'host-unknown'
      : this.#out.includes('<stream:error')
        ? 'remote-stream-error'
        : undefined;
    this.#finish(condition);
  }

  destroy(): void {
    this.#finish('other-request');
  }

  /** A rule was broken: the session is over (§17.2). */
  #break(condition: string, reply?: Reply): void {
    reply?.(body({ type: 'terminate', condition }));
    this.#finish(condition);
  }

  #finish(condition: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#idle);
    const last = body(
      { type: 'terminate', condition, 'xmlns:stream': this.#out === '' ? undefined : NS.streams },
      this.#out,
    );
    this.#out = '';
    const waiting = [...this.#held, ...this.#early.values()];
    for (const { timer } of this.#held) clearTimeout(timer);
    this.#held = [];
    this.#early.clear();
    for (const [i, { reply }] of waiting.entries()) reply(i === 0 ? last : body({}));
    this.#onGone();
  }

  /** Nobody asks any more: the connection is lost, and the session may wait for its client (XEP-0198). */
  #lose(): void {
    this.#finish(undefined);
  }
}
