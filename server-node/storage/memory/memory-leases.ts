import { KEEP_ENDED_MS, type Leases, type NodeRow } from '../leases.ts';

/** What nodes of one process share: for tests of a cluster. */
export class LeaseTable {
  readonly rows = new Map<string, NodeRow & { readonly endedAt: number | undefined }>();
  readonly estates = new Set<string>();
}

export class MemoryLeases implements Leases {
  readonly #rows: LeaseTable['rows'];
  readonly #estates: LeaseTable['estates'];
  readonly #now: () => number;

  constructor(table: LeaseTable, now: () => number = Date.now) {
    this.#rows = table.rows;
    this.#estates = table.estates;
    this.#now = now;
  }

  async join(node: string, run: string, info: unknown): Promise<NodeRow | undefined> {
    const former = (await this.rows()).find((row) => row.node === node);
    this.#rows.set(node, { node, run, renewals: 0, state: 'live', info, endedAt: undefined });
    if (former !== undefined) this.#estates.add(former.run);
    return former?.state === 'live' ? former : undefined;
  }

  async renew(run: string, vouched: readonly string[]): Promise<readonly NodeRow[]> {
    for (const one of new Set([run, ...vouched])) this.#change(one, (row) => ({ ...row, renewals: row.renewals + 1 }));
    return this.rows();
  }

  async fence(run: string, renewals: number): Promise<boolean> {
    let fenced = false;
    this.#change(run, (row) => {
      fenced = row.renewals === renewals;
      if (fenced) this.#estates.add(run);
      return fenced ? { ...row, state: 'fenced', endedAt: this.#now() } : row;
    });
    return fenced;
  }

  async leave(run: string): Promise<void> {
    this.#change(run, (row) => {
      this.#estates.add(run);
      return { ...row, state: 'left', endedAt: this.#now() };
    });
  }

  async estates(): Promise<readonly string[]> {
    return [...this.#estates];
  }

  async settled(run: string): Promise<void> {
    this.#estates.delete(run);
  }

  async rows(): Promise<readonly NodeRow[]> {
    const long = this.#now() - KEEP_ENDED_MS;
    for (const [node, { endedAt }] of this.#rows) if (endedAt !== undefined && endedAt < long) this.#rows.delete(node);
    return [...this.#rows.values()].map(({ endedAt, ...row }) => row).sort((a, b) => (a.node < b.node ? -1 : 1));
  }

  async close(): Promise<void> {}

  /** Changes the row of a run that is live. */
  #change(run: string, next: (row: NodeRow) => NodeRow & { readonly endedAt?: number | undefined }): void {
    for (const [node, row] of this.#rows) {
      if (row.run === run && row.state === 'live') this.#rows.set(node, { endedAt: undefined, ...next(row) });
    }
  }
}
