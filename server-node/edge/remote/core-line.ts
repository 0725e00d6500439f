import { TO_CORE, TO_EDGE } from '../../link/edge-frames.ts';
import { CoreHello, Hearing, sayHello, VERSIONS } from '../../link/hello.ts';
import { Link, type Pipe } from '../../link/link.ts';
import type { UnpackError, Unpacker } from '../../link/pack.ts';
import type { Log } from '../../observe/log.ts';
import type { CoreFacts } from '../../stream/asks.ts';
import type { FormerCore } from './former-core.ts';

/** How to reach one core. */
export interface CoreAddress {
  /** as people write it */
  readonly name: string;
  dial(): Promise<Pipe>;
}

export interface LineOwner {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
  readonly log: Log;
  readonly now: () => number;
  /** how long a core may say nothing before it is held for dead, milliseconds */
  readonly deadMs: number;
  /** what clients say within that time goes to a core together, milliseconds */
  readonly gatherMs: number;
  /** A core says what it offers; `first`: it has nothing of ours yet. */
  learnt(line: CoreLine, first: boolean): void;
  /** the core process is gone or given up, and another is there in its place, or none; `former`: how far it was heard */
  died(line: CoreLine, former: FormerCore): void;
  /** the same core goes on, or its pipe is gone for now */
  changed(line: CoreLine): void;
  frame(line: CoreLine, type: number, batch: Unpacker): void;
}

interface Ask {
  readonly id: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const FIRST_RETRY_MS = 20;
const LONGEST_RETRY_MS = 250;
/** and while it may be on its way back: it is tried again so often, for so long, milliseconds */
const SOON_RETRY_MS = 50;
const SOON_MS = 5000;
/** a core that refuses us is not asked more often, milliseconds */
const REFUSED_RETRY_MS = 5000;
/** how long a hello may take, milliseconds */
const HELLO_MS = 5000;

/** How long to wait the next time, after that wait, for a core that is away for so long. */
export const retryAfter = (ms: number, away: number): number =>
  Math.min(away < SOON_MS ? SOON_RETRY_MS : LONGEST_RETRY_MS, Math.max(ms, FIRST_RETRY_MS) * 1.5);

/** The edge's end of the link to one core: finds it again and again, and knows whether it is still the same process. */
export class CoreLine {
  readonly address: CoreAddress;
  readonly #owner: LineOwner;
  #link: Link;
  /** the core process that the link is to; '' when there is none */
  #core = '';
  #asks = new Map<number, Ask>();
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #connecting = false;
  facts: CoreFacts | undefined;
  readonly #before = { bytes: 0, batches: 0 };
  /** the core says that it is about to stop */
  leaving = false;
  /** since when there is no core at the other end, milliseconds since the epoch; undefined: there is one */
  awaySince: number | undefined;

  constructor(address: CoreAddress, owner: LineOwner) {
    this.address = address;
    this.#owner = owner;
    this.#link = this.#newLink();
    this.awaySince = owner.now();
    void this.#connect();
  }

  /** there is a core, and it can be spoken to */
  get ready(): boolean {
    return this.#core !== '' && this.#link.connected && this.facts !== undefined;
  }

  get link(): Link {
    return this.#link;
  }

  /** written to it, and to those that were there before */
  get traffic(): { readonly bytes: number; readonly batches: number } {
    const { bytes, batches } = this.#link.traffic;
    return { bytes: this.#before.bytes + bytes, batches: this.#before.batches + batches };
  }

  #newLink(): Link {
    const { now, deadMs, gatherMs } = this.#owner;
    const link: Link = new Link({
      act: (batch) => this.#act(batch),
      closed: () => {
        if (link === this.#link) this.#down();
      },
      now,
      deadMs,
      gatherMs,
    });
    return link;
  }

  #act(batch: Unpacker): void {
    try {
      while (!batch.done) {
        const type = batch.byte();
        if (type === TO_EDGE.answer) this.#answered(batch.count(), batch.text());
        else if (type === TO_EDGE.facts) this.#learn(JSON.parse(batch.text()) as CoreFacts);
        else if (type === TO_EDGE.leaving) this.leaving = true;
        else this.#owner.frame(this, type, batch);
      }
    } catch (error) {
      this.#owner.log.error(`what the core ${this.address.name} says can't be understood`, error as UnpackError);
      this.forget();
    }
  }

  #learn(facts: CoreFacts): void {
    const first = this.facts === undefined;
    this.facts = facts;
    this.#owner.learnt(this, first);
  }

  #answered(id: number, text: string): void {
    const ask = this.#asks.get(id);
    this.#asks.delete(id);
    ask?.resolve(JSON.parse(text));
  }

  /** A number for a question; its answer, undefined when the core dies over it. */
  expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#asks.set(id, { id, resolve, reject }));
  }

  ask(id: number, method: string, args: readonly unknown[]): Promise<unknown> {
    this.#link.out.byte(TO_CORE.ask).count(id).text(method).text(JSON.stringify(args));
    return this.expect(id);
  }

  async #connect(): Promise<void> {
    if (this.#stopped || this.#connecting) return;
    this.#connecting = true;
    let pipe: Pipe;
    try {
      pipe = await this.address.dial();
    } catch {
      this.#connecting = false;
      this.#later(this.#retryMs);
      return;
    }
    const hearing = new Hearing(CoreHello);
    let heard = false;
    let link: Link | undefined;
    const timer = setTimeout(() => pipe.close(), HELLO_MS);
    pipe.listen(
      (data) => {
        if (link !== undefined) link.received(pipe, data);
        if (heard) return;
        const first = hearing.take(data);
        if (first === undefined) return;
        heard = true;
        clearTimeout(timer);
        if (typeof first === 'string' || first.hello.parley === 'refused') {
          const why = typeof first === 'string' ? first : first.hello.parley === 'refused' ? first.hello.why : '';
          this.#owner.log.error(`the core ${this.address.name} can't be used: ${why}`);
          this.#retryMs = REFUSED_RETRY_MS;
          pipe.close();
          return;
        }
        this.#connecting = false;
        link = this.#welcome(pipe, first.hello, first.rest);
      },
      () => {
        clearTimeout(timer);
        if (link !== undefined) {
          link.drop(pipe);
          return;
        }
        this.#connecting = false;
        this.#later(this.#retryMs);
      },
    );
    const { id, name, domain } = this.#owner;
    sayHello(pipe, {
      parley: 'edge',
      ...VERSIONS,
      id,
      name,
      domain,
      knows: this.#core,
      acted: this.#core === '' ? 0 : this.#link.acted,
    });
  }

  #welcome(pipe: Pipe, hello: Extract<CoreHello, { parley: 'core' }>, rest: Buffer): Link {
    this.#retryMs = FIRST_RETRY_MS;
    if (!hello.goesOn || hello.id !== this.#core) {
      this.#forget();
      this.#core = hello.id;
      this.#link = this.#newLink();
    }
    this.awaySince = undefined;
    this.leaving = false;
    const link = this.#link;
    link.attach(pipe, hello.goesOn ? hello.acted : 0, rest);
    this.#owner.changed(this);
    return link;
  }

  #down(): void {
    this.awaySince = this.#owner.now();
    this.#owner.changed(this);
    this.#later(FIRST_RETRY_MS);
  }

  #later(ms: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), ms);
    this.#retryMs = retryAfter(ms, this.#owner.now() - (this.awaySince ?? this.#owner.now()));
  }

  /** The core process is given up: what it was asked is for the next one. */
  forget(): void {
    const had = this.#core !== '';
    this.#forget();
    if (had) this.#later(FIRST_RETRY_MS);
  }

  #forget(): void {
    const link = this.#link;
    const asks = this.#asks;
    const former = { core: this.#core, acted: link.acted };
    this.#core = '';
    this.facts = undefined;
    this.#asks = new Map();
    this.#link = this.#newLink(); // first: dropping the old one must not look like losing this
    link.abandon();
    this.#before.bytes += link.traffic.bytes;
    this.#before.batches += link.traffic.batches;
    for (const { resolve } of asks.values()) resolve(undefined);
    if (former.core === '') return;
    this.awaySince ??= this.#owner.now();
    this.#owner.died(this, former);
  }

  tick(): void {
    this.#link.tick();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#link.flush();
    this.#link.drop();
  }
}
