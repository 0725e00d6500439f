import { randomBytes } from 'node:crypto';
import type { Unpacker } from '../../link/pack.ts';
import type { Log } from '../../observe/log.ts';
import type { CoreAsks, CoreFacts } from '../../stream/asks.ts';
import { CoreAway } from '../../stream/ports.ts';
import { type CoreAddress, CoreLine, type LineOwner } from './core-line.ts';
import type { FormerCore } from './former-core.ts';

export interface CoreSetOptions {
  /** one that only goes forward and that nobody sets, milliseconds; without it the time of day is taken */
  readonly clock?: () => number;
  readonly domain: string;
  /** what the edge is called, for whoever looks at the core */
  readonly name: string;
  readonly cores: readonly CoreAddress[];
  readonly log: Log;
  readonly now: () => number;
  /** how long a core may say nothing before it is held for dead, milliseconds */
  readonly deadMs: number;
  /** what clients say within that time goes to a core together, milliseconds; none: what they say in one turn */
  readonly gatherMs?: number;
  /** how long a core is waited for while another could take its sessions, milliseconds */
  readonly failoverMs: number;
  /** how long a login waits for a core, milliseconds */
  readonly loginMs: number;
  /** how long clients are kept while there is no core at all, milliseconds */
  readonly patienceMs: number;
  /** nobody has come back in that time */
  readonly impatient: () => void;
}

/** Whose sessions the cores have. */
export interface Holder {
  /** Hands the core the sessions that none has; answers how many. */
  adopt(line: CoreLine): number;
  /** The core is gone: its sessions go to the other, or wait. Answers how many. */
  bereave(line: CoreLine, former: FormerCore, other: CoreLine | undefined): number;
  /** Clients that were waiting for this core may go on. */
  wake(line: CoreLine): void;
  frame(line: CoreLine, type: number, batch: Unpacker): void;
}

const TICK_MS = 250;

/** The cores of one domain: which are there, who is asked, and who takes over. */
export class CoreSet implements LineOwner {
  readonly id = randomBytes(12).toString('base64url');
  readonly #options: CoreSetOptions;
  readonly #holder: Holder;
  readonly lines: readonly CoreLine[];
  readonly #timer: ReturnType<typeof setInterval>;
  #facts: CoreFacts | undefined;
  #turn = 0;
  #ask = 0;
  #waiters: { readonly wake: (line: CoreLine | undefined) => void; readonly until: number }[] = [];
  #noneSince: number | undefined;
  #gaveUp = false;
  /** for metrics: cores that died, milliseconds without any core */
  readonly counts = { losses: 0, awayMs: 0 };

  constructor(options: CoreSetOptions, holder: Holder) {
    this.#options = options;
    this.#holder = holder;
    this.#noneSince = options.now();
    this.lines = options.cores.map((address) => new CoreLine(address, this));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get domain(): string {
    return this.#options.domain;
  }

  get name(): string {
    return this.#options.name;
  }

  get log(): Log {
    return this.#options.log;
  }

  get now(): () => number {
    return this.#options.now;
  }

  get deadMs(): number {
    return this.#options.deadMs;
  }

  get gatherMs(): number {
    return this.#options.gatherMs ?? 0;
  }

  get ready(): boolean {
    return this.#facts !== undefined;
  }

  /** What the cores offer, as the last of them said. @throws CoreAway before any was there */
  get facts(): CoreFacts {
    if (this.#facts === undefined) throw new CoreAway('no core was there yet');
    return this.#facts;
  }

  /** written to cores */
  get traffic(): { readonly bytes: number; readonly batches: number } {
    const all = this.lines.map(({ traffic }) => traffic);
    return {
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      batches: all.reduce((sum, { batches }) => sum + batches, 0),
    };
  }

  /** A number for the next question. */
  nextAsk(): number {
    return ++this.#ask;
  }

  /** Asks a core; when it dies over it, another, while it is not too late. @throws CoreAway */
  async ask<K extends keyof CoreAsks>(
    method: K,
    ...args: Parameters<CoreAsks[K]>
  ): Promise<Awaited<ReturnType<CoreAsks[K]>>> {
    const until = this.deadline();
    for (;;) {
      const line = await this.some(until);
      const answer = await line.ask(this.nextAsk(), method, args);
      if (answer !== null && typeof answer === 'object' && 'failed' in answer)
        throw new CoreAway('the server can not do this now: come later');
      if (answer !== undefined) return answer as Awaited<ReturnType<CoreAsks[K]>>;
    }
  }

  /** until when a login that begins now waits for a core */
  deadline(): number {
    return this.#options.now() + this.#options.loginMs;
  }

  /** One that is there, in turns; waits for one. @throws CoreAway when it gets too late */
  async some(until: number): Promise<CoreLine> {
    const line =
      this.#next() ?? (await new Promise<CoreLine | undefined>((wake) => this.#waiters.push({ wake, until })));
    if (line === undefined) throw new CoreAway('the server is away: come later');
    return line;
  }

  #next(): CoreLine | undefined {
    const ready = this.lines.filter((line) => line.ready);
    const staying = ready.filter((line) => !line.leaving);
    const among = staying.length > 0 ? staying : ready;
    return among[this.#turn++ % among.length];
  }

  frame(line: CoreLine, type: number, batch: Unpacker): void {
    this.#holder.frame(line, type, batch);
  }

  learnt(line: CoreLine, first: boolean): void {
    this.#facts = line.facts;
    if (!first) return;
    const handed = this.#holder.adopt(line);
    const also = handed === 0 ? '' : `, and is handed ${handed} sessions`;
    this.log.info(`the core ${line.address.name} of ${this.domain} is there${also}`);
    this.changed(line);
  }

  changed(line: CoreLine): void {
    if (!line.ready) {
      if (line.facts !== undefined) this.log.warn(`the link to the core ${line.address.name} of ${this.domain} is cut`);
      if (!this.lines.some(({ ready }) => ready)) this.#noneSince ??= this.now();
      return;
    }
    if (this.#noneSince !== undefined) this.counts.awayMs += this.now() - this.#noneSince;
    this.#noneSince = undefined;
    this.#gaveUp = false;
    this.#holder.wake(line);
    for (const { wake } of this.#waiters.splice(0)) wake(line);
  }

  died(line: CoreLine, former: FormerCore): void {
    this.counts.losses++;
    const other = this.#next();
    if (other === undefined) this.#noneSince ??= this.now();
    const count = this.#holder.bereave(line, former, other);
    const where = other === undefined ? 'wait for another' : `go to ${other.address.name}`;
    this.log.warn(`the core ${line.address.name} of ${this.domain} is gone; ${count} sessions ${where}`);
  }

  #tick(): void {
    const now = this.now();
    for (const line of this.lines) {
      line.tick();
      const away = line.awaySince === undefined ? 0 : now - line.awaySince;
      const others = this.lines.some((other) => other !== line && other.ready);
      if (line.facts !== undefined && !line.ready && others && away > this.#options.failoverMs) line.forget();
    }
    const late = this.#waiters.filter(({ until }) => until <= now);
    this.#waiters = this.#waiters.filter(({ until }) => until > now);
    for (const { wake } of late) wake(undefined);
    if (this.#noneSince === undefined || this.#gaveUp || now - this.#noneSince < this.#options.patienceMs) return;
    this.#gaveUp = true;
    const seconds = Math.round((now - this.#noneSince) / 1000);
    this.log.error(`no core of ${this.domain} has come back for ${seconds} s: clients are let go`);
    this.#options.impatient();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const line of this.lines) line.stop();
  }
}
