import { commonVersion, EdgeHello, Hearing, sayHello } from '../link/hello.ts';
import type { Pipe } from '../link/link.ts';
import { type EdgeView, RemoteEdge, type RemoteEdgeOptions } from './remote-edge.ts';

export type DeskOptions = RemoteEdgeOptions;

/** how long an edge's first words may take, milliseconds */
const HELLO_MS = 5000;
const TICK_MS = 250;

/** Where edges of other processes arrive, and what the core knows of each. */
export class EdgeDesk {
  readonly #options: DeskOptions;
  readonly #edges = new Map<string, RemoteEdge>();
  /** what edges left here that live and have forgotten us: they hand it over anew, here or elsewhere */
  readonly #former = new Set<RemoteEdge>();
  readonly #timer: ReturnType<typeof setInterval>;
  #stopped = false;
  /** for metrics: edges that came, and that did not come back in time */
  readonly counts = { came: 0, lost: 0 };

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
  }

  get edges(): Iterable<RemoteEdge> {
    return this.#edges.values();
  }

  /** As people see them, in the order of their names. */
  links(): (EdgeView & { readonly id: string })[] {
    const links = [...this.#edges].map(([id, edge]) => ({ id, ...edge.view() }));
    return links.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** connected now */
  get size(): number {
    return [...this.#edges.values()].filter(({ connected }) => connected).length;
  }

  get sessions(): number {
    return [...this.#edges.values(), ...this.#former].reduce((sum, { size }) => sum + size, 0);
  }

  /** written to the edges that are there */
  get traffic(): { readonly bytes: number; readonly batches: number } {
    const all = [...this.#edges.values()].map(({ traffic }) => traffic);
    return {
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      batches: all.reduce((sum, { batches }) => sum + batches, 0),
    };
  }

  /** An edge has connected; whether it may was decided before. */
  accept(pipe: Pipe): void {
    const hearing = new Hearing(EdgeHello);
    const timer = setTimeout(() => pipe.close(), HELLO_MS);
    let edge: RemoteEdge | undefined;
    let heard = false;
    pipe.listen(
      (data) => {
        edge?.received(pipe, data);
        if (heard) return;
        const first = hearing.take(data);
        if (first === undefined) return;
        heard = true;
        clearTimeout(timer);
        edge = typeof first === 'string' ? this.#refuse(pipe, first) : this.#welcome(pipe, first.hello, first.rest);
      },
      () => {
        clearTimeout(timer);
        edge?.cut(pipe);
      },
    );
  }

  #refuse(pipe: Pipe, why: string): undefined {
    this.#options.log.warn(`an edge was refused: ${why}`);
    sayHello(pipe, { parley: 'refused', why });
    pipe.close();
    return undefined;
  }

  #welcome(pipe: Pipe, hello: EdgeHello, rest: Buffer): RemoteEdge | undefined {
    const { core, log } = this.#options;
    const { id } = core;
    const version = commonVersion(hello);
    if (this.#stopped) return this.#refuse(pipe, 'the core is about to stop');
    if (version === undefined)
      return this.#refuse(
        pipe,
        `it speaks versions ${hello.from} to ${hello.to} of the link, and this core none of them`,
      );
    if (hello.domain !== core.domain)
      return this.#refuse(pipe, `it serves ${hello.domain}, and this core serves ${core.domain}`);
    let edge = this.#edges.get(hello.id);
    const goesOn = edge !== undefined && hello.knows === id && !edge.faulty;
    if (edge !== undefined && !goesOn) {
      edge.retire();
      this.#former.add(edge);
      this.#edges.delete(hello.id);
    }
    if (edge === undefined || !goesOn) {
      edge = new RemoteEdge(hello.name, this.#options);
      this.#edges.set(hello.id, edge);
      this.counts.came++;
    }
    log.info(`the edge ${hello.name} ${goesOn ? 'is connected again' : 'has come'}`);
    sayHello(pipe, { parley: 'core', version, id, goesOn, acted: goesOn ? edge.acted : 0 });
    edge.attach(pipe, goesOn ? hello.acted : 0, rest);
    return edge;
  }

  /** Edges that did not come back in time are gone, with their sessions; while one can't take what is sent, none may send more. */
  tick(): void {
    let full = false;
    for (const [id, edge] of this.#edges) {
      edge.tick();
      if (edge.overdue) {
        this.#options.log.warn(`the edge ${edge.name} did not come back: its ${edge.size} sessions end`);
        this.counts.lost++;
        this.#edges.delete(id);
        edge.lost();
      } else full ||= edge.full;
    }
    for (const edge of this.#edges.values()) edge.withhold(full);
    for (const edge of this.#former) {
      if (edge.size > 0 && !edge.overdue) continue;
      this.#former.delete(edge);
      edge.lost();
    }
  }

  /** In order: edges keep their clients, and what those have not acknowledged is on disk when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#edges.values(), ...this.#former].map((edge) => edge.leave()));
  }
}
